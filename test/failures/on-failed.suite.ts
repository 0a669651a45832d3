import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { type TaskEvent, UnrecoverableError } from '../../lib/contract/index.js';
import { Cron, OnTaskEvent, TaskHandler } from '../../lib/nest/index.js';
import { TaskFailureParams } from '../../lib/params/index.js';
import { bootApp, dispatcherOf, ended, IN_MEMORY } from '../module/support.js';
import { until } from '../support/until.js';

const DEAD = 'UnrecoverableError';

@Injectable()
class Failing {
  @TaskHandler('used_up', { maxRetries: 1, retryDelay: 0 })
  usedUp(_params: object, task: TaskContext): never {
    throw new Error(`attempt ${task.attempt}`);
  }

  @TaskHandler('for_good', { onFailed: 'notify_mine' })
  forGood(): never {
    throw new UnrecoverableError('no');
  }

  @TaskHandler('quiet', { onFailed: false })
  quiet(): never {
    throw new UnrecoverableError('no');
  }

  @TaskHandler('succeeds')
  succeeds(): void {}

  @Cron('0 0 1 1 *', { name: 'cron_fails', maxRetries: 0 })
  cron(): never {
    throw new Error('of the cron');
  }
}

@Injectable()
class Notifying {
  readonly told: TaskFailureParams[] = [];

  @TaskHandler('notify_ops', { params: TaskFailureParams, queue: 'alerts', maxRetries: 0 })
  ops(failure: TaskFailureParams): void {
    this.told.push(failure);
    throw new Error('which tells nobody further');
  }

  @TaskHandler('notify_mine', { params: TaskFailureParams, queue: 'alerts' })
  mine(failure: TaskFailureParams): void {
    this.told.push(failure);
  }
}

/** Is told by the process what it did. */
@Injectable()
class Listening {
  readonly told: TaskEvent[] = [];
  readonly ofAlerts: string[] = [];
  readonly named: string[] = [];

  @OnTaskEvent('completed')
  @OnTaskEvent('failed')
  @OnTaskEvent('retried')
  @OnTaskEvent('cancelled')
  async all(event: TaskEvent): Promise<void> {
    this.told.push(event);
    await Promise.resolve();
    throw new Error('a listener that rejects');
  }

  @OnTaskEvent('failed', { queue: 'alerts' })
  alerts({ task }: TaskEvent): void {
    this.ofAlerts.push(task.name);
  }

  @OnTaskEvent('completed', { name: 'succeeds' })
  succeeded({ task }: TaskEvent): never {
    this.named.push(task.id);
    throw new Error('a listener that throws');
  }
}

/** What follows a task that fails for good, on any engine. */
export function describeOnFailed(name: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`onFailed, ${name}`, { timeout: 120_000 }, () => {
    it('enqueues a task for each final failure, whatever it failed by, and for nothing else', async () => {
      const tasks = {
        ...IN_MEMORY,
        ...(await siteOf()),
        onFailed: 'notify_ops',
        context: { carry: () => ({ of: 'r' }) },
      };
      const app = await bootApp({ tasks, providers: [Failing, Notifying] });
      const dispatcher = dispatcherOf(app);
      const usedUp = await dispatcher.queue('default', 'used_up', {});
      const forGood = await dispatcher.queue('default', 'for_good', {});
      const quiet = await dispatcher.queue('default', 'quiet', {});
      const done = await dispatcher.queue('default', 'succeeds', {});
      const cron = await app.get(CronSchedules).trigger('cron_fails');
      const ids = [usedUp.id, forGood.id, cron.id, quiet.id, done.id];
      const all = await Promise.all(ids.map((id) => ended(dispatcher, id)));
      expect(all.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed', 'failed', 'completed']);

      for (const [id, follower, context] of [
        [`${usedUp.id}/failed/2`, 'notify_ops', { of: 'r' }],
        [`${forGood.id}/failed/1`, 'notify_mine', { of: 'r' }],
        [`${cron.id}/failed/1`, 'notify_ops', undefined],
      ] as const) {
        const task = await ended(dispatcher, id);
        expect(task).toMatchObject({ name: follower, queue: 'alerts', parentId: id.split('/')[0] });
        expect(task.context).toEqual(context);
      }
      const { told } = app.get(Notifying);
      expect(told.every((failure) => failure instanceof TaskFailureParams)).toBe(true);
      const byId = new Map(told.map((failure) => [failure.task.id, failure]));
      expect(byId.size).toBe(told.length);
      expect(byId.get(usedUp.id)).toMatchObject({
        task: { name: 'used_up', queue: 'default', attempt: 2 },
        error: { name: 'Error', message: 'attempt 2' },
      });
      expect(byId.get(forGood.id)).toMatchObject({ task: { attempt: 1 }, error: { name: DEAD, message: 'no' } });
      expect(byId.get(cron.id)).toMatchObject({ error: { message: 'of the cron' } });
      expect(told).toHaveLength(3);

      // Another failure of the same task is told again.
      await dispatcher.retry(forGood.id);
      await ended(dispatcher, forGood.id);
      expect(await ended(dispatcher, `${forGood.id}/failed/2`)).toMatchObject({ state: 'completed' });
      const { items } = await dispatcher.list({ queue: 'alerts' });
      const parents = items.map(({ id }) => id.split('/')[0]!);
      expect(new Set(parents)).toEqual(new Set([usedUp.id, forGood.id, cron.id]));
      expect(parents).toHaveLength(4);
    });

    it('tells listeners what this process did, once it is stored, and lets no listener harm a task', async () => {
      const queues = { idle: { concurrency: 0 } };
      const tasks = { ...IN_MEMORY, ...(await siteOf()), onFailed: 'notify_ops', queues };
      const app = await bootApp({ tasks, providers: [Failing, Notifying, Listening] });
      const dispatcher = dispatcherOf(app);
      const { told, ofAlerts, named } = app.get(Listening);
      const [usedUp, done, waiting, late] = await Promise.all([
        dispatcher.queue('default', 'used_up', {}),
        dispatcher.queue('default', 'succeeds', {}),
        dispatcher.queue('default', 'succeeds', {}, { delay: '1h' }),
        dispatcher.queue('idle', 'succeeds', {}, { deadline: 200 }),
      ]);
      await dispatcher.cancel(waiting.id);
      await ended(dispatcher, usedUp.id);
      await ended(dispatcher, `${usedUp.id}/failed/2`);
      const of = (id: string): TaskEvent[] => told.filter(({ task }) => task.id === id);
      await until(
        'all that was to be told',
        () => [late, waiting].every(({ id }) => of(id).length > 0) && ofAlerts.length > 0 && named.length > 0,
      );
      expect(of(usedUp.id)).toEqual([
        {
          event: 'retried',
          task: { id: usedUp.id, queue: 'default', name: 'used_up', attempt: 1 },
          error: expect.objectContaining({ name: 'Error', message: 'attempt 1' }),
        },
        {
          event: 'failed',
          task: { id: usedUp.id, queue: 'default', name: 'used_up', attempt: 2 },
          error: expect.objectContaining({ message: 'attempt 2' }),
        },
      ]);
      const succeeded = { queue: 'default', name: 'succeeds' };
      expect(of(done.id)).toEqual([{ event: 'completed', task: { id: done.id, ...succeeded, attempt: 1 } }]);
      expect(of(waiting.id)).toEqual([{ event: 'cancelled', task: { id: waiting.id, ...succeeded, attempt: 0 } }]);
      expect(of(late.id)).toEqual([
        {
          event: 'failed',
          task: { id: late.id, queue: 'idle', name: 'succeeds', attempt: 0 },
          error: expect.objectContaining({ name: 'DeadlineError' }),
        },
      ]);
      expect(named).toEqual([done.id]);
      expect(new Set(ofAlerts)).toEqual(new Set(['notify_ops']));
      const ends = await Promise.all([usedUp, done, late].map(({ id }) => dispatcher.get(id)));
      expect(ends.map(({ state }) => state)).toEqual(['failed', 'completed', 'failed']);
    });

    it('refuses a listener to a queue that there is not', async () => {
      class Mistaken {
        @OnTaskEvent('failed', { queue: 'defalt' })
        tell(): void {}
      }
      const tasks = { ...IN_MEMORY, ...(await siteOf()) };
      await expect(bootApp({ tasks, providers: [Mistaken] })).rejects.toThrow(
        /^@OnTaskEvent\('failed'\) on Mistaken\.tell: .*"defalt"/,
      );
    });

    it('enqueues one where a deadline comes while the task waits', async () => {
      const tasks = { ...IN_MEMORY, ...(await siteOf()), onFailed: 'notify_ops' };
      const app = await bootApp({ tasks, providers: [Failing, Notifying] });
      const dispatcher = dispatcherOf(app);
      await dispatcher.pauseQueue('default');
      const { id, deadlineAt } = await dispatcher.queue('default', 'succeeds', {}, { deadline: 200 });
      expect(await ended(dispatcher, id)).toMatchObject({ state: 'failed', error: { name: 'DeadlineError' } });
      await ended(dispatcher, `${id}/failed/at-${deadlineAt}`);
      expect(app.get(Notifying).told).toMatchObject([{ task: { id, attempt: 0 }, error: { name: 'DeadlineError' } }]);
    });
  });
}
