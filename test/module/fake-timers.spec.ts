import 'reflect-metadata';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { until } from '../support/until.js';
import { bootApp, dispatcherOf, ended, signal, tempDirectory, when } from './support.js';

@TaskHandler('greet')
class GreetHandler {
  readonly greeted: unknown[] = [];
  async handle(params: object, task: TaskContext): Promise<void> {
    this.greeted.push(params);
    if (task.attempt === 1) throw new Error('not yet');
  }
}

describe('An app whose tests have fake timers', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      now: Date.UTC(2000, 0, 1),
      toFake: [
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'setImmediate',
        'clearImmediate',
        'queueMicrotask',
        'performance',
        'hrtime',
        'Date',
      ],
    });
  });
  afterEach(() => void vi.useRealTimers());

  it('has its tasks run, and run again after a delay', async () => {
    const app = await bootApp({
      tasks: { database: join(tempDirectory(), 'tasks.db'), retryDelay: 20 },
      providers: [GreetHandler],
    });
    const tasks = dispatcherOf(app);
    const { id } = await tasks.queue('default', 'greet', { to: 'Ada' });
    expect(await ended(tasks, id)).toMatchObject({ state: 'completed', attempt: 2 });
    await tasks.queueMany(
      'default',
      'greet',
      Array.from({ length: 500 }, () => ({})),
    );
    const { greeted } = app.get(GreetHandler);
    await until('all to be greeted', () => greeted.length === 2 + 1_000, { changes: tasks });
    await app.close();
  });

  it('is closed within the grace, whatever its handlers do', async () => {
    const begun = signal();
    @TaskHandler('hang')
    class HangingHandler {
      async handle(): Promise<void> {
        begun.resolve();
        await new Promise(() => undefined);
      }
    }
    const app = await bootApp({ tasks: { shutdownGrace: 10 }, providers: [HangingHandler] });
    await dispatcherOf(app).queue('default', 'hang', {});
    await begun.promise;
    await app.close();
  });

  it('has time pass on a clock of its own', async () => {
    const clock = new ManualClock(Date.now());
    const app = await bootApp({ tasks: { clock }, providers: [GreetHandler] });
    const tasks = dispatcherOf(app);
    const { id } = await tasks.queueIn('default', '3d', 'greet', {});
    expect(await tasks.get(id)).toMatchObject({ state: 'scheduled', runAt: Date.UTC(2000, 0, 4) });
    clock.advance(3 * 24 * 3_600_000);
    expect(await when(tasks, id, ({ state }) => state === 'retryable')).toMatchObject({ attempt: 1 });
  });
});
