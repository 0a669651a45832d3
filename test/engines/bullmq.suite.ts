import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IsEmail } from 'class-validator';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { RetryLater } from '../../lib/contract/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { type BullmqOptions, bullmq } from '../../lib/engine/bullmq/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { bootApp, dispatcherOf, ended, signal, when } from '../module/support.js';

/** Where an app of the test keeps its tasks, each time another store. */
export interface BullmqSite {
  engine(): Promise<BullmqOptions>;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

class MailParams {
  @IsEmail() to!: string;
}

/** What an app sees of the BullMQ engine through the module, on a real server. */
export function describeBullmq(name: string, start: () => Promise<BullmqSite>): void {
  describe(`an app with its tasks in ${name}`, () => {
    let site: BullmqSite;

    beforeAll(async () => {
      site = await start();
    });
    afterAll(() => site.remove(), 120_000);

    async function boot(providers: Array<new () => object>, workers: number | false = 5) {
      const options = {
        database: undefined,
        engine: bullmq(await site.engine()),
        workers,
        retryDelay: 20,
        lease: 1_000,
      };
      return { options, app: await bootApp({ tasks: options, providers }) };
    }

    it('runs a task with its params as an instance, and refuses wrong ones', async () => {
      const seen: unknown[] = [];
      @TaskHandler('mail', { params: MailParams })
      class Mail {
        handle(params: MailParams): void {
          seen.push(params);
        }
      }
      const { app } = await boot([Mail]);
      const tasks = dispatcherOf(app);
      await expect(tasks.queue('default', 'mail', { to: 'nobody' })).rejects.toThrow('to');
      const task = await tasks.queue('default', 'mail', { to: 'ann@example.com' });
      expect(await ended(tasks, task.id)).toMatchObject({
        state: 'completed',
        attempt: 1,
        params: { to: 'ann@example.com' },
      });
      expect(seen).toEqual([expect.any(MailParams)]);
      expect((await tasks.list({})).items).toHaveLength(1);
    });

    it('retries what fails, keeps each attempt, and gives up in the end', async () => {
      @TaskHandler('flaky', { maxRetries: 2 })
      class Flaky {
        handle(_params: object, task: TaskContext): void {
          task.log(`attempt ${task.attempt}`);
          if (task.attempt === 1) throw new RetryLater(10, { countsAttempt: false });
          throw new TypeError('broken');
        }
      }
      const { app } = await boot([Flaky]);
      const tasks = dispatcherOf(app);
      const { id } = await tasks.queue('default', 'flaky', {});
      const task = await ended(tasks, id);
      expect(task).toMatchObject({
        state: 'failed',
        attempt: 4,
        maxAttempts: 4,
        error: { name: 'TypeError', message: 'broken' },
      });
      expect(task.attempts.map(({ outcome }) => outcome)).toEqual(['snoozed', 'retried', 'retried', 'failed']);
      expect(task.logs.map(({ message }) => message)).toEqual([1, 2, 3, 4].map((attempt) => `attempt ${attempt}`));
      await tasks.retry(id);
      expect(await ended(tasks, id)).toMatchObject({ state: 'failed', attempt: 7 });
    });

    it('refuses what is about a workflow in a task that is of none', async () => {
      const refused: Error[] = [];
      @TaskHandler('page', { maxRetries: 0 })
      class Page {
        async handle(_params: object, task: TaskContext): Promise<void> {
          for (const call of [() => task.add('default', 'page', {}), () => task.resultOf('page')]) {
            await call().catch((error: Error) => refused.push(error));
          }
          for await (const result of task.resultsOf('page')) expect(result).toBe('none');
        }
      }
      const { app } = await boot([Page]);
      const tasks = dispatcherOf(app);
      const { id } = await tasks.queue('default', 'page', {});
      const { error } = await ended(tasks, id);
      expect([...refused.map((one) => one.name), error?.name]).toEqual(Array(3).fill(error?.name));
      expect(refused[0]!.message).toMatch(/no workflow/);
      expect((await tasks.list({ name: 'page' })).items.map((task) => task.id)).toEqual([id]);
    });

    it('never shows a task as failed without its failure, at whatever moment it is read', async () => {
      @TaskHandler('broken', { maxRetries: 0 })
      class Broken {
        handle({ which }: { which: number }): void {
          throw new RangeError(`broken ${which}`);
        }
      }
      const { app } = await boot([Broken]);
      const tasks = dispatcherOf(app);
      const rows = Array.from({ length: 600 }, (_, which) => ({ which }));
      const waiting = [...(await tasks.queueMany('default', 'broken', rows)).entries()];
      // Readers at work all the time: each stays with a task until it has ended.
      const read = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          const [which, { id }] = next;
          let task = await tasks.get(id);
          while (task.state !== 'failed') task = await tasks.get(id);
          expect(task.error).toMatchObject({ name: 'RangeError', message: `broken ${which}` });
          expect(task.attempts).toMatchObject([{ attempt: 1, outcome: 'failed', error: task.error! }]);
          expect(task.finishedAt).not.toBeNull();
        }
      };
      await Promise.all(Array.from({ length: 8 }, read));
    });

    it('aborts a running task that another process cancels', async () => {
      const started = signal();
      @TaskHandler('endless')
      class Endless {
        async handle(_params: object, { signal: abort }: TaskContext): Promise<void> {
          started.resolve();
          await new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason as Error)));
        }
      }
      const { app, options } = await boot([Endless]);
      const other = await bootApp({ tasks: { ...options, workers: false }, providers: [Endless] });
      const { id } = await dispatcherOf(other).queue('default', 'endless', {});
      await started.promise;
      await dispatcherOf(other).cancel(id);
      expect(await ended(dispatcherOf(app), id)).toMatchObject({ state: 'cancelled' });
      expect((await dispatcherOf(other).list({ state: 'cancelled' })).items.map((item) => item.id)).toEqual([id]);
    });

    it('runs a cron method once a tick for two processes', async () => {
      const ran: string[] = [];
      const thrice = signal();
      class Housekeeping {
        @Cron('* * * * * *', { name: 'every_second' })
        tick(): void {
          if (ran.push('tick') === 3) thrice.resolve();
        }
      }
      const { app, options } = await boot([Housekeeping]);
      await bootApp({ tasks: options, providers: [Housekeeping] });
      await thrice.promise;
      await app.get(CronSchedules).pause('every_second');
      const { items } = await dispatcherOf(app).list({ name: 'every_second' });
      expect(new Set(items.map(({ runAt }) => runAt)).size).toBe(items.length);
      expect(items.every(({ runAt }) => runAt % 1_000 === 0)).toBe(true);
    });

    it('ticks at an interval', async () => {
      const ticked = signal();
      class Poller {
        @Cron('@every 2s', { name: 'poll' })
        poll(): void {
          ticked.resolve();
        }
      }
      const { app } = await boot([Poller]);
      await ticked.promise;
      const { items } = await dispatcherOf(app).list({ name: 'poll' });
      expect(items.every(({ runAt }) => runAt % 2_000 === 0)).toBe(true);
    });

    it('holds back what is scheduled, and runs it when asked to', async () => {
      @TaskHandler('later')
      class Later {
        handle(): void {}
      }
      const { app } = await boot([Later]);
      const tasks = dispatcherOf(app);
      const { id, state } = await tasks.queueIn('default', '1h', 'later', {});
      expect(state).toBe('scheduled');
      expect((await tasks.stats()).find(({ queue }) => queue === 'default')!.counts.scheduled).toBe(1);
      await tasks.runNow(id);
      expect(await ended(tasks, id)).toMatchObject({ state: 'completed' });
    });

    it('loses nothing when the server is restarted in the middle', async () => {
      const ran = new Set<string>();
      @TaskHandler('count')
      class Count {
        handle(_params: object, { id }: TaskContext): void {
          ran.add(id);
        }
      }
      const { app } = await boot([Count]);
      const tasks: TaskDispatcher = dispatcherOf(app);
      const acknowledged: string[] = [];
      for (let batch = 0; batch < 10; batch += 1) {
        if (batch === 5) await site.restart();
        try {
          const rows = Array.from({ length: 50 }, () => ({}));
          acknowledged.push(...(await tasks.queueMany('default', 'count', rows)).map(({ id }) => id));
        } catch {
          // Not acknowledged: it may have been stored or not.
        }
      }
      expect(acknowledged.length).toBeGreaterThan(0);
      for (const id of acknowledged) await when(tasks, id, ({ state }) => state === 'completed', { patience: 100_000 });
      expect(acknowledged.every((id) => ran.has(id))).toBe(true);
    });
  });
}
