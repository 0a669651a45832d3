import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { DeadlineError, InvalidArgumentError, RetryLater } from '../../lib/contract/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, signal, when } from './support.js';

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;

describe('A task with an expiry or a deadline', () => {
  async function boot(handle: (task: TaskContext, clock: ManualClock) => unknown, workers: number | false) {
    const clock = new ManualClock(START);
    @TaskHandler('work', { maxRetries: 3, retryDelay: '1m', backoff: 'fixed' })
    class Work {
      async handle(_: object, task: TaskContext): Promise<void> {
        await handle(task, clock);
      }
    }
    const app = await bootApp({ tasks: { clock, workers }, providers: [Work] });
    return { clock, tasks: dispatcherOf(app) };
  }

  it('is cancelled where no process has a worker, and comes back when it is retried', async () => {
    const { clock, tasks } = await boot(() => undefined, false);
    const task = await tasks.queueIn('default', '1m', 'work', {}, { expires: '2m' });
    expect(task).toMatchObject({ state: 'scheduled', startBy: START + 2 * MINUTE });
    clock.advance(MINUTE);
    expect((await tasks.get(task.id)).startBy).toBe(START + 2 * MINUTE);
    clock.advance(MINUTE);
    expect(await ended(tasks, task.id)).toMatchObject({ state: 'cancelled', reason: 'expired', attempt: 0 });
    const again = await tasks.retry(task.id);
    expect(again.state).toBe('available');
    expect(again).not.toHaveProperty('startBy');
  });

  it('never starts when its time has come, were it claimed long before', async () => {
    let calls = 0;
    const { clock, tasks } = await boot((_, { set }) => {
      calls += 1;
      set.call(clock, START + MINUTE);
    }, 1);
    const rows = Array.from({ length: 50 }, () => ({}));
    const queued = await tasks.queueMany('default', 'work', rows, { expires: '1m' });
    const all = await Promise.all(queued.map(({ id }) => ended(tasks, id)));
    expect(all.filter(({ state }) => state === 'completed')).toHaveLength(1);
    for (const { state, reason, attempts } of all) {
      if (state !== 'completed')
        expect({ state, reason, attempts }).toEqual({ state: 'cancelled', reason: 'expired', attempts: [] });
    }
    expect(calls).toBe(1);
  });

  it('fails at its deadline while it runs, by its signal, and whatever it asks for', async () => {
    const running = signal();
    const reasons: unknown[] = [];
    const { clock, tasks } = await boot(async (task) => {
      running.resolve();
      await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
      reasons.push(task.signal.reason);
      throw new RetryLater('1s');
    }, 1);
    const task = await tasks.queue('default', 'work', {}, { deadline: '5m' });
    await running.promise;
    clock.advance(5 * MINUTE);
    expect(await ended(tasks, task.id)).toMatchObject({
      state: 'failed',
      attempt: 1,
      error: { name: 'DeadlineError', message: 'The task had not ended by its deadline, 2027-01-01T00:05:00.000Z' },
    });
    expect(reasons).toEqual([new DeadlineError(START + 5 * MINUTE)]);
  });

  it('fails at its deadline between two attempts, and not before', async () => {
    const { clock, tasks } = await boot(() => Promise.reject(new Error('not yet')), 1);
    const task = await tasks.queue('default', 'work', {}, { deadline: '90s' });
    await when(tasks, task.id, ({ state, attempt }) => state === 'retryable' && attempt === 1);
    clock.advance(MINUTE);
    await when(tasks, task.id, ({ state, attempt }) => state === 'retryable' && attempt === 2);
    clock.set(START + 90_000);
    const failed = await ended(tasks, task.id);
    expect(failed).toMatchObject({ state: 'failed', reason: 'deadline', error: { name: 'DeadlineError' } });
    expect(failed.attempts.map(({ error }) => error?.message)).toEqual(['not yet', 'not yet']);
    const [group] = (await tasks.metrics({ window: '1h' })).points.slice(-1);
    expect(group).toMatchObject({ failed: 1 });
  });

  it('is where the clock says, however that is set', async () => {
    const { clock, tasks } = await boot(() => undefined, false);
    const task = await tasks.queue('default', 'work', {}, { expires: '10m' });
    clock.set(START - 60 * MINUTE);
    const other = await tasks.queue('default', 'work', {}, { expires: '10m' });
    clock.set(START);
    expect(await ended(tasks, other.id)).toMatchObject({ state: 'cancelled', startBy: START - 50 * MINUTE });
    expect(await tasks.get(task.id)).toMatchObject({ state: 'available' });
    clock.set(START + 60 * MINUTE);
    expect(await ended(tasks, task.id)).toMatchObject({ state: 'cancelled', finishedAt: START + 10 * MINUTE });
  });

  it('is also a run of a schedule: each is cancelled that has not started in time', async () => {
    class Jobs {
      @Cron('0 0 1 1 *', { name: 'nightly', expires: '2m', tags: { report: 'nightly' } })
      nightly(): void {}
    }
    @TaskHandler('work')
    class Work {
      handle(): void {}
    }
    const clock = new ManualClock(START);
    const app = await bootApp({ tasks: { clock, workers: false }, providers: [Jobs, Work] });
    const [tasks, schedules] = [dispatcherOf(app), app.get(CronSchedules)];
    const daily = { name: 'daily', expression: '@daily', queue: 'default', task: 'work', deadline: '5m' } as const;
    expect(await schedules.add(daily)).toMatchObject({ traits: { deadline: 5 * MINUTE } });
    const run = await schedules.trigger('nightly', { id: 'nightly:1' });
    const tags = { report: 'nightly' };
    expect(run).toMatchObject({ id: 'nightly:1', enqueued: true, startBy: START + 2 * MINUTE, tags });
    expect(await schedules.trigger('nightly', { id: 'nightly:1' })).toMatchObject({ id: run.id, enqueued: false });
    await expect(schedules.trigger('nightly', { id: '' })).rejects.toThrow(InvalidArgumentError);
    const other = await schedules.trigger('daily');
    expect(other).toMatchObject({ deadlineAt: START + 5 * MINUTE });
    clock.advance(5 * MINUTE);
    expect(await ended(tasks, run.id)).toMatchObject({ state: 'cancelled', reason: 'expired' });
    expect(await ended(tasks, other.id)).toMatchObject({ state: 'failed', reason: 'deadline' });
    expect((await tasks.list()).items).toHaveLength(2);

    class Wrong {
      @Cron('@daily', { expires: 'soon' as '1s' })
      daily(): void {}
    }
    await expect(bootApp({ tasks: { clock, workers: false }, providers: [Wrong] })).rejects.toThrow(
      /@Cron on Wrong.daily: expires must be a duration/,
    );
  });

  it('is refused with a time that has passed, with nothing stored', async () => {
    const { clock, tasks } = await boot(() => undefined, false);
    const wrong = [
      tasks.queue('default', 'work', {}, { expires: new Date(clock.now()) }),
      tasks.queue('default', 'work', {}, { deadline: 'soon' as '1s' }),
      tasks.queueIn('default', '1h', 'work', {}, { expires: '30m' }),
      tasks.queueMany('default', [
        { name: 'work', params: {} },
        { name: 'work', params: {}, options: { expires: 0 } },
      ]),
    ];
    const errors = await Promise.all(wrong.map((call) => call.then(String, (error: unknown) => error)));
    for (const error of errors) expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(errors.map((error) => (error as InvalidArgumentError).field)).toEqual([
      'expires',
      'deadline',
      'expires',
      '[1].expires',
    ]);
    expect((await tasks.list()).items).toEqual([]);
  });
});
