import 'reflect-metadata';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import {
  InvalidArgumentError,
  NoResultError,
  ResultDeadlockError,
  ResultTimeoutError,
  StoreError,
  TaskCancelledError,
  TaskFailedError,
  TaskNotFoundError,
  UnrecoverableError,
} from '../../lib/contract/index.js';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { TASK_ENGINE } from '../../lib/nest/tasks.constants.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, signal, tempDirectory, when } from './support.js';

const QUEUES = { default: 2, single: 1, pair: 2, idle: 0, other: 1 };

class Handlers {
  @TaskHandler('double', { result: true })
  double({ of }: { of: number }): { twice: number } {
    return { twice: of * 2 };
  }
  @TaskHandler('plain')
  plain(): string {
    return 'not kept';
  }
  @TaskHandler('fails', { result: true })
  fails(): void {
    throw new UnrecoverableError('as asked');
  }
  @TaskHandler('asks', { result: true, maxRetries: 0 })
  async asks(params: { queue: string; of: number }, task: TaskContext): Promise<unknown> {
    return task.dispatcher.run(params.queue, 'double', { of: params.of });
  }
}

async function start(
  tasks: TasksModuleRootOptions = {},
  providers: unknown[] = [Handlers],
): Promise<{ tasks: TaskDispatcher; engine: TaskEngine; close: () => Promise<void> }> {
  const app = await bootApp({ tasks: { workers: QUEUES, ...tasks }, providers: providers as [] });
  return { tasks: dispatcherOf(app), engine: app.get(TASK_ENGINE), close: () => app.close() };
}

const inFile = (): TasksModuleRootOptions => ({ database: join(tempDirectory(), 'tasks.db') });

describe('run and result', () => {
  it('give what the handler returned, before, while and after it ends', async () => {
    const { tasks } = await start();
    expect(await tasks.run('default', 'double', { of: 4 })).toEqual({ twice: 8 });
    const { id } = await tasks.queue('default', 'double', { of: 5 });
    const waiting = tasks.result<{ twice: number }>(id);
    expect((await waiting).twice).toBe(10);
    await ended(tasks, id);
    expect(await tasks.result(id)).toEqual({ twice: 10 });
    // Whoever changes what he was given changes nobody else's.
    const [one, other] = await Promise.all([tasks.result(id), tasks.result(id)]);
    expect(one).not.toBe(other);
    expect(await tasks.run('default', 'double', { of: 1 }, { priority: 3, delay: 1, timeout: '1m' })).toEqual({
      twice: 2,
    });
  });

  it('give what a handler in another process returned', async () => {
    const store = inFile();
    const caller = await start({ ...store, workers: false }, []);
    await start(store);
    for (const of of [1, 2, 3]) expect(await caller.tasks.run('default', 'double', { of })).toEqual({ twice: of * 2 });
    const { id } = await caller.tasks.queue('default', 'fails', {});
    await expect(caller.tasks.result(id)).rejects.toThrow(TaskFailedError);
    const without = caller.tasks.run('default', 'plain', {});
    await expect(without).rejects.toThrow(/"plain" \(.*\) has completed, and there is no result of it/);
    await expect(without).rejects.toBeInstanceOf(NoResultError);
  });

  it('throw what became of a task that did not complete', async () => {
    const { tasks } = await start();
    const failed = await tasks.run('default', 'fails', {}).catch((error: unknown) => error as TaskFailedError);
    expect(failed).toBeInstanceOf(TaskFailedError);
    expect(failed).toMatchObject({ code: 'task_failed', taskName: 'fails' });
    const cause = (failed as TaskFailedError).cause as Error;
    expect(cause).toBeInstanceOf(Error);
    expect(cause).toMatchObject({ name: 'UnrecoverableError', message: 'as asked' });
    expect(cause.stack).toContain('waiting.spec.ts');
    const waits = await tasks.queue('idle', 'double', { of: 1 });
    const cancelled = expect(tasks.result(waits.id)).rejects.toBeInstanceOf(TaskCancelledError);
    await tasks.cancel(waits.id);
    await cancelled;
    const goes = await tasks.queue('idle', 'double', { of: 1 });
    const deleted = expect(tasks.result(goes.id)).rejects.toBeInstanceOf(TaskNotFoundError);
    await tasks.delete(goes.id);
    await deleted;
    await expect(tasks.result('no-such-task')).rejects.toBeInstanceOf(TaskNotFoundError);
  });

  it('end when their time is over, and leave the task alone unless it is to be cancelled', async () => {
    const clock = new ManualClock();
    const { tasks } = await start({ clock });
    const ids = await Promise.all([1, 2, 3].map(async (of) => (await tasks.queue('idle', 'double', { of })).id));
    const [late, cancelling, inTime] = [
      tasks.result(ids[0]!, { timeout: '20s' }),
      tasks.result(ids[1]!, { timeout: 20_000, cancel: true }),
      expect(tasks.result(ids[2]!, { timeout: '20001ms' })).rejects.toBeInstanceOf(TaskCancelledError),
    ];
    const expected = Promise.all([
      expect(late).rejects.toThrow(/has not ended within 20000 ms\. It goes on/),
      expect(late).rejects.toBeInstanceOf(ResultTimeoutError),
      expect(cancelling).rejects.toThrow(/It was cancelled/),
    ]);
    clock.advance(20_000);
    await expected;
    expect(await tasks.get(ids[0]!)).toMatchObject({ state: 'available' });
    expect(await tasks.get(ids[1]!)).toMatchObject({ state: 'cancelled' });
    await tasks.cancel(ids[2]!);
    await inTime;
  });

  it('end with the reason of their signal', async () => {
    const { tasks } = await start();
    const aborter = new AbortController();
    const { id } = await tasks.queue('idle', 'double', { of: 1 });
    const waiting = Promise.all([
      expect(tasks.result(id, { signal: aborter.signal })).rejects.toThrow('enough'),
      expect(tasks.result(id, { signal: aborter.signal, cancel: true })).rejects.toThrow('enough'),
    ]);
    aborter.abort(new Error('enough'));
    await waiting;
    expect(await when(tasks, id, ({ state }) => state === 'cancelled')).toBeTruthy();
    await expect(tasks.run('idle', 'double', { of: 1 }, { signal: aborter.signal })).rejects.toThrow('enough');
    expect((await tasks.list({ state: 'available' })).items).toEqual([]);
  });

  it('refuse what cannot be, and store nothing', async () => {
    const { tasks } = await start();
    await expect(tasks.run('default', 'plain', {})).rejects.toThrow(
      /Task "plain" has no result to wait for: Handlers\.plain does not keep .* @TaskHandler\('plain', \{ result: true \}\)/,
    );
    for (const [options, field] of [
      [{ timeout: 'soon' }, 'timeout'],
      [{ signal: {} }, 'signal'],
      [{ cancel: 1 }, 'cancel'],
      [{ manager: { query: () => undefined } }, 'manager'],
      [{ retries: 1 }, 'retries'],
    ] as const) {
      const refused = tasks.run('default', 'double', { of: 1 }, options as never);
      await expect(refused).rejects.toMatchObject({ name: 'InvalidArgumentError', field });
    }
    expect((await tasks.list()).items).toEqual([]);
    const { id } = await tasks.queue('idle', 'plain', {});
    await expect(tasks.result(id)).rejects.toBeInstanceOf(NoResultError);
    await expect(tasks.result(id, { timout: 1 } as never)).rejects.toBeInstanceOf(InvalidArgumentError);
  });
});

describe('a handler that waits for a task of its own queue', () => {
  it('is refused where all workers would wait, naming the queue, and the task is not stored', async () => {
    const { tasks } = await start();
    const outer = await tasks.run('single', 'asks', { queue: 'single', of: 1 }).catch((error: unknown) => error);
    expect((outer as TaskFailedError).cause).toMatchObject({
      name: 'ResultDeadlockError',
      message: expect.stringContaining('queue "single" would never end: its only worker is running') as string,
    });
    expect((await tasks.list({ name: 'double' })).items).toEqual([]);
    expect(await tasks.run('single', 'asks', { queue: 'other', of: 2 })).toEqual({ twice: 4 });
  });

  it('is served by the other worker, until that waits as well', async () => {
    const { tasks } = await start();
    expect(await tasks.run('pair', 'asks', { queue: 'pair', of: 3 })).toEqual({ twice: 6 });
    const [first, second] = [signal(), signal()];
    class Both {
      @TaskHandler('both', { result: true, maxRetries: 0 })
      async both({ at }: { at: number }, task: TaskContext): Promise<unknown> {
        (at === 0 ? first : second).resolve();
        await Promise.all([first.promise, second.promise]);
        return task.dispatcher.run('pair', 'double', { of: 4 });
      }
    }
    const both = await start({}, [Handlers, Both]);
    const ends = await Promise.allSettled([0, 1].map((at) => both.tasks.run('pair', 'both', { at })));
    const causes = ends.map((end) =>
      end.status === 'rejected' ? ((end.reason as Error).cause as Error).name : end.value,
    );
    expect(causes).toContainEqual({ twice: 8 });
    expect(causes).toContain(ResultDeadlockError.name);
  });

  it('is not refused where another process works on the queue', async () => {
    const store = inFile();
    const { tasks } = await start(store);
    await start({ ...store, workers: QUEUES });
    expect(await tasks.run('single', 'asks', { queue: 'single', of: 3 })).toEqual({ twice: 6 });
  });
});

describe('whoever waits', () => {
  it('is told when the process shuts down, and that the task goes on', async () => {
    const store = inFile();
    const { tasks, close } = await start({ ...store, shutdownGrace: 0 });
    const { id } = await tasks.queue('idle', 'double', { of: 1 });
    const waiting = tasks.result(id).catch((error: unknown) => error as Error);
    await close();
    expect(await waiting).toBeInstanceOf(StoreError);
    expect(((await waiting) as Error).message).toContain(
      `"${id}" is no longer waited for: this process is shutting down`,
    );
    await expect(tasks.result(id)).rejects.toThrow('shutting down');
  });

  it('waits with ten thousand others by one watch and few reads', async () => {
    const { tasks, engine } = await start();
    const watches = vi.spyOn(engine.watching, 'watch');
    const reads = vi.spyOn(engine.inspecting, 'awaited');
    await tasks.pauseQueue('default');
    const rows = Array.from({ length: 10_000 }, (_, of) => ({ of }));
    const stored = await tasks.queueMany('default', 'double', rows);
    const results = stored.map(({ id }) => tasks.result<{ twice: number }>(id, { timeout: '10m' }));
    await tasks.resumeQueue('default');
    const given = await Promise.all(results);
    expect(given.map(({ twice }) => twice)).toEqual(rows.map(({ of }) => of * 2));
    expect(watches).toHaveBeenCalledTimes(1);
    expect(reads.mock.calls.length).toBeLessThan(2_000);
  });
});
