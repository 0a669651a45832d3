import 'reflect-metadata';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { RetryLater, UnrecoverableError } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, signal } from '../module/support.js';
import { until } from '../support/until.js';

/** How long a handler is waited for after its signal was aborted, as the guide says. */
const WAITED_FOR_MS = 5_000;
const KEPT_LINES = 1_000;

/** What the guide says of attempts, on any engine: how a shutdown ends them, and how much of their log is kept. */
export function describeAttempts(name: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`a shutdown ${name}`, { timeout: 120_000 }, () => {
    type Handle = (task: TaskContext, number: number) => Promise<void>;

    /** An app whose task "work" does what `handle` says, once it has begun. */
    async function begin(site: TasksModuleRootOptions, shutdownGrace: string, handle: Handle, count = 1) {
      const begun: string[] = [];
      @TaskHandler('work', { maxRetries: 3, retryDelay: '1h' })
      class Work {
        async handle({ number }: { number: number }, task: TaskContext): Promise<void> {
          begun[number] = task.id;
          await handle(task, number);
        }
      }
      const app = await bootApp({ tasks: { ...site, workers: 10, shutdownGrace }, providers: [Work] });
      const rows = Array.from({ length: count }, (_, number) => ({ number }));
      await dispatcherOf(app).queueMany('default', 'work', rows);
      await until('all to have begun', () => Object.keys(begun).length >= count);
      return { app, ids: begun };
    }

    async function readAfter(app: INestApplicationContext, site: TasksModuleRootOptions): Promise<TaskDispatcher> {
      await app.close();
      return dispatcherOf(await bootApp({ tasks: { ...site, workers: false } }));
    }

    it('lets handlers end within the grace, and aborts none of them', async () => {
      const site = await siteOf();
      const [closing, finish] = [signal(), signal()];
      let wasAborted: boolean | null = null;
      const { app, ids } = await begin(site, '1m', async ({ signal: given }) => {
        closing.resolve();
        await finish.promise;
        wasAborted = given.aborted;
      });
      await closing.promise;
      const reader = readAfter(app, site);
      finish.resolve();
      expect(await (await reader).get(ids[0]!)).toMatchObject({
        state: 'completed',
        attempts: [{ outcome: 'completed' }],
      });
      expect(wasAborted).toBe(false);
    });

    it('lets what they say within five seconds after the abort decide', async () => {
      const site = await siteOf();
      const thrown = [
        null,
        new RetryLater('1h'),
        new RetryLater('1h', { countsAttempt: false }),
        new UnrecoverableError('no use'),
        new Error('the connection is closed'),
      ];
      const handle: Handle = async ({ signal: given }, number) => {
        await once(given, 'abort');
        await sleep(WAITED_FOR_MS - 1_500);
        if (thrown[number]) throw thrown[number];
      };
      const { app, ids } = await begin(site, '10ms', handle, thrown.length);
      const reader = await readAfter(app, site);
      const became = await Promise.all(ids.map((id) => reader.get(id)));
      expect(became).toMatchObject([
        { state: 'completed', attempts: [{ outcome: 'completed' }] },
        { state: 'retryable', maxAttempts: 4, attempts: [{ outcome: 'retried', error: { name: 'RetryLater' } }] },
        { state: 'retryable', maxAttempts: 5, attempts: [{ outcome: 'snoozed', error: { name: 'RetryLater' } }] },
        { state: 'failed', attempts: [{ outcome: 'failed', error: { name: 'UnrecoverableError' } }] },
        { state: 'available', maxAttempts: 5, attempts: [{ outcome: 'released' }] },
      ]);
    });

    it('hands back what has not stopped by then, and says so in its log', async () => {
      const site = await siteOf();
      const released = signal();
      const { app, ids } = await begin(site, '10ms', async () => released.promise);
      const began = performance.now();
      const reader = await readAfter(app, site);
      expect(performance.now() - began).toBeGreaterThan(WAITED_FOR_MS);
      const task = await reader.get(ids[0]!);
      expect(task).toMatchObject({ state: 'available', maxAttempts: 5, attempts: [{ outcome: 'released' }] });
      expect(task.logs.map(({ message }) => message)).toEqual([
        'The handler did not stop within 5s after its signal was aborted, and was left running',
      ]);
      // What a handler that was left says in the end is not heard.
      const next = await begin(site, '10ms', async () => undefined, 0);
      released.resolve();
      expect(await ended(dispatcherOf(next.app), ids[0]!)).toMatchObject({
        state: 'completed',
        attempt: 2,
        attempts: [{ outcome: 'released' }, { outcome: 'completed' }],
      });
    });
  });

  describe(`the log of an attempt ${name}`, { timeout: 120_000 }, () => {
    it('keeps the first 1,000 lines, and one that says so where there were more', async () => {
      const lines = [KEPT_LINES, KEPT_LINES + 1, KEPT_LINES + 500];
      @TaskHandler('talk', { maxRetries: 1, retryDelay: 0 })
      class Talk {
        handle({ count }: { count: number }, task: TaskContext): void {
          for (let line = 1; line <= count; line += 1) task.log(`line ${line}`);
          if (task.attempt === 1) throw new Error('once more');
        }
      }
      const tasks = dispatcherOf(await bootApp({ tasks: await siteOf(), providers: [Talk] }));
      const queued = await tasks.queueMany(
        'default',
        'talk',
        lines.map((count) => ({ count })),
      );
      for (const [index, { id }] of queued.entries()) {
        const { state, logs } = await ended(tasks, id);
        expect(state).toBe('completed');
        const kept = Array.from({ length: KEPT_LINES }, (_, line) => `line ${line + 1}`);
        const said = `Only the first ${KEPT_LINES} lines of an attempt are kept`;
        const expected = lines[index]! > KEPT_LINES ? [...kept, said] : kept;
        for (const attempt of [1, 2]) {
          const own = logs.filter((log) => log.attempt === attempt).map(({ message }) => message);
          expect(own).toEqual(expected);
        }
        expect(logs).toHaveLength(2 * expected.length);
      }
    });
  });
}
