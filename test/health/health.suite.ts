import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { RateLimited } from '../../lib/contract/index.js';
import { TasksHealth } from '../../lib/health/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, when } from '../module/support.js';
import { until } from '../support/until.js';

/** A test waits for no more than this to be stuck for. */
const STUCK_MS = 20;
/** The test process itself stands still on a busy machine. */
const LIMITS = { stuck: STUCK_MS, blocked: '1h' } as const;

class Jobs {
  @TaskHandler('work')
  work(): void {}

  @TaskHandler('ask')
  ask(): never {
    throw new RateLimited('1h');
  }
}

/** What a liveness probe takes for stuck, and what not, on every engine alike. */
export function describeHealth(name: string, store: () => Promise<TasksModuleRootOptions>): void {
  describe(`health ${name}`, () => {
    async function boot(options: TasksModuleRootOptions, providers = [Jobs]) {
      const app = await bootApp({ tasks: { ...(await store()), ...options }, providers });
      return { health: app.get(TasksHealth), tasks: dispatcherOf(app) };
    }

    /** Resolves when the oldest due task of the queue has waited for longer than what the probe allows. */
    async function waitedTooLong(tasks: TaskDispatcher): Promise<void> {
      await until('a task that waits', async () => {
        const stats = (await tasks.stats()).find(({ queue }) => queue === 'default');
        return Date.now() - (stats?.oldestAvailableAt ?? Infinity) > STUCK_MS;
      });
    }

    async function verdict(health: TasksHealth): Promise<string> {
      const problems = await until('the verdict', async () => {
        const report = await health.live(LIMITS);
        return !report.ok && report.problems;
      });
      return problems.join('\n');
    }

    /** What is held back is so at each look, however many there are. */
    async function livesOn(health: TasksHealth): Promise<void> {
      for (let look = 0; look < 5; look += 1) {
        expect(await health.live(LIMITS)).toEqual({ ok: true, problems: [] });
        await new Promise((resolve) => setTimeout(resolve, 2 * STUCK_MS));
      }
    }

    it.each([
      ['without a rate limit', {}],
      ['with one that has a place', { rateLimit: '100/h' }],
    ])('is bad where work is due, workers are free and nothing is begun, on a queue %s', async (_how, queue) => {
      // A process with workers and without handlers takes nothing.
      const { health, tasks } = await boot({ queues: { default: { concurrency: 2, ...queue } } }, []);
      await health.live(LIMITS);
      await tasks.queue('default', 'work', {});
      expect(await verdict(health)).toMatch(/^Queue "default" has 1 due tasks and 2 workers here/);
    });

    it('is good while a rate limit is used up', async () => {
      const { health, tasks } = await boot({ queues: { default: { rateLimit: '1/h' } } });
      await health.live(LIMITS);
      await ended(tasks, (await tasks.queue('default', 'work', {})).id);
      await tasks.queue('default', 'work', {});
      await waitedTooLong(tasks);
      await livesOn(health);
    });

    it('is good while a queue without a limit was told to wait', async () => {
      const { health, tasks } = await boot({ queues: { default: {} } });
      await health.live(LIMITS);
      const { id } = await tasks.queue('default', 'ask', {});
      await when(tasks, id, ({ attempts }) => attempts.some(({ outcome }) => outcome === 'snoozed'));
      await tasks.queue('default', 'work', {});
      await waitedTooLong(tasks);
      await livesOn(health);
    });
  });
}
