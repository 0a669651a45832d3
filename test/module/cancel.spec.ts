import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended } from './support.js';

class Handlers {
  /** Ends when it is told to alone. */
  @TaskHandler('work')
  work(_params: object, { signal }: TaskContext): Promise<never> {
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }
}

describe('A task that is cancelled', () => {
  it('is aborted also where that is stored together with its claim', async () => {
    const tasks = dispatcherOf(await bootApp({ providers: [Handlers], tasks: { workers: { default: 20 } } }));
    for (let turn = 0; turn < 10; turn += 1) {
      const { id } = await tasks.queue('default', 'work', {});
      // Each time a turn of the event loop later: in one of them its worker claims it.
      for (let later = 0; later < turn; later += 1) await new Promise(setImmediate);
      await tasks.cancel(id);
      expect((await ended(tasks, id)).state).toBe('cancelled');
    }
  });
});
