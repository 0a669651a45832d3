import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { UnrecoverableError } from '../../lib/contract/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { TaskFailureParams } from '../../lib/params/index.js';
import { bootApp, dispatcherOf, ended, IN_MEMORY } from '../module/support.js';

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
