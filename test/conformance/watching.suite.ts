import type { CaseTest } from './engine-case.js';
import { newTask } from './harness.js';

/** Word of what changes in the store. */
export function describeWatching(it: CaseTest): void {
  it('tells of changes made here and by another process', async ({ engine, clock, open }) => {
    const other = await open();
    for (const by of [engine, other]) {
      const told = new Promise<void>((resolve) => {
        const stop = engine.watching.watch(() => {
          stop();
          resolve();
        });
      });
      await by.enqueueing.enqueue([newTask(clock)]);
      await told;
    }
  });
}
