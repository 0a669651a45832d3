import { expect } from 'vitest';
import type { CaseTest } from './engine-case.js';
import { CONSUME, Deliveries, completed, newTask } from './harness.js';

/** Opening and closing. */
export function describeLifecycle(it: CaseTest): void {
  it('keeps everything over a restart', async ({ engine: first, clock, unit, start, open, advance }) => {
    const task = newTask(clock);
    const later = newTask(clock, { runAt: start + unit });
    await first.enqueueing.enqueue([task, later]);
    await first.close();
    const engine = await open();
    expect(await engine.inspecting.get(task.id)).toMatchObject({ state: 'available' });
    const deliveries = new Deliveries();
    await engine.delivering.consume('default', CONSUME, deliveries.run);
    (await deliveries.next()).end(completed);
    await advance(unit);
    expect((await deliveries.next()).id).toBe(later.id);
  });

  it('refuses to work when it is closed', async ({ engine, clock }) => {
    await engine.close();
    await expect(engine.enqueueing.enqueue([newTask(clock)])).rejects.toThrow('not open');
    await expect(engine.inspecting.get('x')).rejects.toThrow('not open');
    await engine.close();
  });
}
