import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString } from 'class-validator';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, signal } from '../module/support.js';
import { until } from '../support/until.js';

const REQUESTS = 200;
const AT_ONCE = 10;
const PATIENCE_MS = 100_000;

/** What an app holds for the request that it answers: a tenant, a transaction, the id of a log. */
const request = new AsyncLocalStorage<{ readonly tenant: string }>();
const tenantHere = (): string | null => request.getStore()?.tenant ?? null;

/** Calls `answer` for every request, ten at once, each in the context of its own tenant. */
async function inRequests(answer: (tenant: string, index: number) => Promise<void>): Promise<void> {
  const left = Array.from({ length: REQUESTS }, (_, index) => index);
  const serve = async (): Promise<void> => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const [own, tenant] = [index, `tenant-${index}`];
      await request.run({ tenant }, () => answer(tenant, own));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, serve));
}

/** Where each callback found itself: it has to be nowhere. */
class Seen {
  private readonly places = new Map<string, Array<string | null>>();

  note(callback: string): void {
    const places = this.places.get(callback) ?? [];
    places.push(tenantHere());
    this.places.set(callback, places);
  }

  count(callback: string): number {
    return this.places.get(callback)?.length ?? 0;
  }

  expectNowhere(callback: string, atLeast: number): void {
    expect(this.count(callback), callback).toBeGreaterThanOrEqual(atLeast);
    expect(this.places.get(callback)!.filter((tenant) => tenant !== null)).toEqual([]);
  }
}

/** No callback of the library finds itself in the request that happened to set it off, on any engine. */
export function describeContexts(name: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`the context of what the library calls, ${name}`, { timeout: 120_000 }, () => {
    async function boot(providers: Array<new () => object>): Promise<{ tasks: TaskDispatcher; crons: CronSchedules }> {
      const tasks = { ...(await siteOf()), workers: 5, retryDelay: 20, lease: 2_000 };
      // An app may be started from within something as well.
      const app = await request.run({ tenant: 'boot' }, () => bootApp({ tasks, providers }));
      return { tasks: dispatcherOf(app), crons: app.get(CronSchedules) };
    }

    it('is that of no request, for handlers, their params, backoff functions and loggers', async () => {
      const seen = new Seen();
      class WorkParams {
        @Transform(({ value }: { value: string }) => {
          // The caller's own params are checked in the caller's own context.
          if (tenantHere() === null || !callers.has(value)) seen.note('transformation');
          return value;
        })
        @IsString()
        tenant!: string;
      }
      const callers = new Set<string>();
      const strayed: string[] = [];

      const called = new Set<string>();
      @TaskHandler('work', {
        params: WorkParams,
        maxRetries: 1,
        backoff: () => {
          seen.note('backoff');
          return 20;
        },
      })
      class Work {
        async handle({ tenant }: WorkParams, task: TaskContext): Promise<void> {
          // Not by the attempt's number: one that was claimed ahead and handed back has one, too.
          const call = called.has(task.id) ? 2 : 1;
          called.add(task.id);
          seen.note(`attempt ${call}`);
          // What a handler makes of its own context is its own, too.
          request.enterWith({ tenant });
          await sleep(1);
          if (tenantHere() !== tenant) strayed.push(tenant);
          if (call === 1) throw new Error('once more');
        }
      }
      const { tasks } = await boot([Work]);
      const note = () => seen.note('logger');
      Logger.overrideLogger({ log: note, warn: note, error: note });
      onTestEnd(() => Logger.overrideLogger(false));
      await inRequests(async (tenant, index) => {
        callers.add(tenant);
        const task = await tasks.queue('default', 'work', { tenant }, index % 3 === 0 ? { delay: 30 } : {});
        callers.delete(tenant);
        // The commits of many calls are one; each of them goes on where it was.
        if (tenantHere() !== tenant) strayed.push(tenant);
        await tasks.get(task.id);
        if (tenantHere() !== tenant) strayed.push(tenant);
      });
      await until('all second attempts', () => seen.count('attempt 2') === REQUESTS, { patience: PATIENCE_MS });

      expect(strayed).toEqual([]);
      for (const callback of ['attempt 1', 'attempt 2', 'backoff', 'transformation', 'logger']) {
        seen.expectNowhere(callback, REQUESTS);
      }
    });

    it('is that of no request, for listeners of watch, wherever they were added', async () => {
      @TaskHandler('work')
      class Work {
        handle(): void {}
      }
      const seen = new Seen();
      const { tasks } = await boot([Work]);
      onTestEnd(tasks.watch(() => seen.note('listener added at boot')));
      onTestEnd(request.run({ tenant: 'stream' }, () => tasks.watch(() => seen.note('listener added in a request'))));
      // A listener that fails keeps nobody from hearing.
      onTestEnd(
        tasks.watch(() => {
          throw new Error('a bad listener');
        }),
      );
      // oxlint-disable-next-line no-misused-promises -- an app may do so, and hears of it in the log
      onTestEnd(tasks.watch(() => Promise.reject(new Error('a bad promise'))));
      await inRequests(async () => void (await tasks.queue('default', 'work', {})));
      await until('the listeners', () => seen.count('listener added at boot') > 3);
      seen.expectNowhere('listener added at boot', 3);
      seen.expectNowhere('listener added in a request', 3);
    });

    it('is that of no request, for a cron method, ticked or triggered', async () => {
      const seen = new Seen();
      class Housekeeping {
        @Cron('* * * * * *', { name: 'each_second' })
        sweep(): void {
          seen.note('tick');
        }
        @Cron('0 0 1 1 *', { name: 'each_year' })
        count(): void {
          seen.note('trigger');
        }
      }
      const { tasks, crons } = await boot([Housekeeping]);
      await request.run({ tenant: 'panel' }, async () => {
        const { id } = await crons.trigger('each_year');
        await ended(tasks, id);
      });
      await until('a tick', () => seen.count('tick') > 0);
      seen.expectNowhere('tick', 1);
      seen.expectNowhere('trigger', 1);
    });

    it('is that of no request, for a signal that somebody aborts', async () => {
      const seen = new Seen();
      const running = signal();
      @TaskHandler('waits')
      class Waits {
        handle(_params: object, task: TaskContext): Promise<void> {
          return new Promise((resolve) => {
            task.signal.addEventListener('abort', () => {
              seen.note('abort');
              resolve();
            });
            running.resolve();
          });
        }
      }
      const { tasks } = await boot([Waits]);
      const { id } = await tasks.queue('default', 'waits', {});
      await running.promise;
      await request.run({ tenant: 'panel' }, () => tasks.cancel(id));
      await ended(tasks, id);
      seen.expectNowhere('abort', 1);
    });

    it('still tells which task enqueues which', async () => {
      @TaskHandler('parent')
      class Parent {
        async handle({ tenant }: { tenant: string }, task: TaskContext): Promise<void> {
          await sleep(1);
          await task.dispatcher.queue('default', 'child', { tenant });
        }
      }
      @TaskHandler('child')
      class Child {
        handle(): void {
          seen += 1;
        }
      }
      const { tasks } = await boot([Parent, Child]);
      let seen = 0;
      const parents = new Map<string, string>();
      await inRequests(async (tenant) => {
        const { id } = await tasks.queue('default', 'parent', { tenant });
        parents.set(tenant, id);
      });
      await until('all children', () => seen === REQUESTS, { patience: PATIENCE_MS });
      let children = 0;
      for (const [tenant, id] of parents) {
        const found = (await tasks.get(id)).children;
        expect(found).toHaveLength(1);
        const child = await tasks.get(found[0]!.id);
        expect(child).toMatchObject({ params: { tenant }, parentId: id });
        children += 1;
      }
      expect(children).toBe(REQUESTS);
    });
  });
}
