import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { AlertWatch } from '../../lib/alerts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { TaskAlertParams } from '../../lib/params/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended } from '../module/support.js';
import { until } from '../support/until.js';

/** The shortest that a rule may have. */
const LONGEST_MS = 1_000;

export class Pager {
  readonly pages: TaskAlertParams[] = [];

  @TaskHandler('page_ops', { params: TaskAlertParams, queue: 'pages' })
  page(alert: TaskAlertParams): void {
    this.pages.push(alert);
  }
}

export class Jobs {
  @TaskHandler('good')
  good(): void {}

  @TaskHandler('bad', { maxRetries: 0 })
  bad(): never {
    throw new Error('for good');
  }
}

/** Alerts by the clock of the system, on every engine alike: each test looks when it wants to, as no process does so often. */
export function describeAlerts(engine: string, store: () => Promise<TasksModuleRootOptions>): void {
  describe(`alerts ${engine}`, () => {
    /** Gives what boots one more process on the same store. */
    async function site(options: TasksModuleRootOptions) {
      const place = await store();
      return (): Promise<INestApplicationContext> =>
        bootApp({ tasks: { ...place, ...options }, providers: [Jobs, Pager] });
    }

    const look = async (apps: readonly INestApplicationContext[], times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        await Promise.all(apps.map((app) => app.get(AlertWatch).look()));
      }
    };

    /** What was told so far, in the order in which it was stored. */
    async function told(tasks: TaskDispatcher): Promise<string[]> {
      const { items } = await tasks.list({ name: 'page_ops', limit: 100 });
      const alerts = items.toSorted((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
      return alerts
        .map(({ params }) => params as TaskAlertParams)
        .map(({ rule, state, queue }) => `${rule} ${state} ${queue}`);
    }

    /** @param since none that was due long before, and has ended, is taken for it */
    async function dueForLong(tasks: TaskDispatcher, queue: string, since = 0): Promise<void> {
      await until(`a task of "${queue}" that is due for long enough`, async () => {
        const oldest = (await tasks.stats()).find((one) => one.queue === queue)?.oldestAvailableAt ?? Infinity;
        return oldest > since - LONGEST_MS / 2 && Date.now() - oldest > LONGEST_MS;
      });
    }

    it('are raised once over all processes, and cleared by whoever is left', async () => {
      const boot = await site({
        queues: { slow: { concurrency: 0 }, pages: {} },
        alerts: {
          task: 'page_ops',
          every: '1h',
          rules: {
            late: { queue: 'slow', latency: '1s' },
            alone: { queue: 'slow', noWorkers: '1s' },
            patient: { queue: 'slow', latency: '1d' },
          },
        },
      });
      const apps = [await boot(), await boot(), await boot()];
      const tasks = dispatcherOf(apps[0]!);
      const { id } = await tasks.queue('slow', 'good', {});
      await dueForLong(tasks, 'slow');
      await look(apps, 4);
      expect((await told(tasks)).toSorted()).toEqual(['alone raised slow', 'late raised slow']);
      const pages = (): number => apps.flatMap((app) => app.get(Pager).pages).length;
      await until('both to be told', () => pages() === 2);

      const [left, ...gone] = apps;
      await Promise.all(gone.map((app) => app.close()));
      // One that has seen nothing of it.
      const fresh = await boot();
      await look([left!, fresh], 3);
      expect(await told(tasks)).toHaveLength(2);
      await left!.close();
      const last = dispatcherOf(fresh);
      await last.cancel(id);
      await look([fresh], 3);
      expect((await told(last)).toSorted()).toEqual([
        'alone cleared slow',
        'alone raised slow',
        'late cleared slow',
        'late raised slow',
      ]);
    });

    it('are not raised by one look, nor cleared by one', async () => {
      const boot = await site({
        queues: { slow: { concurrency: 0 }, pages: {} },
        alerts: { task: 'page_ops', every: '1h', rules: { late: { queue: 'slow', latency: '1s' } } },
      });
      const app = await boot();
      const tasks = dispatcherOf(app);
      const due = async (): Promise<string> => {
        const { id, runAt } = await tasks.queue('slow', 'good', {});
        await dueForLong(tasks, 'slow', runAt);
        return id;
      };
      await tasks.cancel(await due());
      for (let count = 0; count < 3; count += 1) {
        const id = await due();
        await look([app], 1);
        await tasks.cancel(id);
        await look([app], 1);
      }
      expect(await told(tasks)).toEqual([]);
      let id = await due();
      await look([app], 2);
      expect(await told(tasks)).toEqual(['late raised slow']);
      await tasks.cancel(id);
      await look([app], 1);
      id = await due();
      await look([app], 1);
      expect(await told(tasks)).toEqual(['late raised slow']);
      await tasks.cancel(id);
      await look([app], 2);
      expect(await told(tasks)).toEqual(['late raised slow', 'late cleared slow']);
    });

    it('tell of a share of failures, where enough have ended', async () => {
      const boot = await site({
        queues: { pages: {} },
        alerts: {
          task: 'page_ops',
          every: '1h',
          rules: { failing: { queue: 'default', failed: '50%/1h', atLeast: 4 } },
        },
      });
      const app = await boot();
      const tasks = dispatcherOf(app);
      const run = async (...names: string[]): Promise<void> => {
        for (const name of names) await ended(tasks, (await tasks.queue('default', name, {})).id);
      };
      await run('bad', 'bad', 'bad');
      await look([app], 3);
      expect(await told(tasks)).toEqual([]);
      await run('good');
      await until('the alert', async () => {
        await look([app], 2);
        return (await told(tasks)).length > 0;
      });
      const [page] = await until('the page', () => app.get(Pager).pages.length > 0 && app.get(Pager).pages);
      expect(page).toMatchObject({
        state: 'raised',
        kind: 'failed',
        message: expect.stringContaining('of 4 tasks that ended') as string,
      });
    });

    it('do not take for stuck what a rate limit holds back', async () => {
      const boot = await site({
        queues: { limited: { rateLimit: '1/h' }, pages: {} },
        alerts: { task: 'page_ops', every: '1h', rules: { stuck: { queue: 'limited', stuck: '1s' } } },
      });
      const app = await boot();
      const tasks = dispatcherOf(app);
      await ended(tasks, (await tasks.queue('limited', 'good', {})).id);
      await tasks.queue('limited', 'good', {});
      await dueForLong(tasks, 'limited');
      await look([app], 3);
      expect(await told(tasks)).toEqual([]);
    });
  });
}
