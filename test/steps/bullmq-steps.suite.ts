import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, when } from '../module/support.js';

type Script = (task: TaskContext) => unknown;

const KIBIBYTE = 1_024;

/** What of durable steps BullMQ keeps less of than the embedded engine, or none. */
export function describeBullmqSteps(server: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`steps in a job of BullMQ ${server}`, () => {
    async function start(script: Script) {
      class Scripted {
        @TaskHandler('work', { maxRetries: 0 })
        work(_params: object, task: TaskContext): unknown {
          return script(task);
        }
      }
      const tasks = { ...(await siteOf()), workers: { default: 2 } };
      return dispatcherOf(await bootApp({ providers: [Scripted], tasks }));
    }

    it('take up 256 KiB in bytes of UTF-8, and one that would bring them over it says so, with its size', async () => {
      // Three bytes each.
      const text = '漢'.repeat((100 * KIBIBYTE - 2) / 3);
      const caught: unknown[] = [];
      const tasks = await start(async (task) => {
        for (const name of ['first', 'second', 'third']) {
          await task.step(name, () => text).catch((error: unknown) => caught.push(error));
        }
        await task.step('small', () => 'x'.repeat(50 * KIBIBYTE));
        if (task.attempt === 1) await task.sleep('nap', 1_500);
      });
      const { id } = await tasks.queue('default', 'work', {});
      const task = await ended(tasks, id);
      expect(task).toMatchObject({ state: 'completed', attempt: 2 });
      expect(caught).toHaveLength(2);
      expect(caught[0]).toMatchObject({
        name: 'StepResultError',
        message: `Step "third" would bring the results of the task's steps over 256 KiB: its own takes ${(Buffer.byteLength(text) + 2).toLocaleString('en-US')} bytes as JSON. Store large data elsewhere, and return its id.`,
      });
      expect((await tasks.steps(id)).steps.map(({ name }) => name)).toEqual(['first', 'second', 'small', 'nap']);
    });

    it('are 1,000 at most', async () => {
      const rows = Array.from({ length: 1_000 }, (_, row) => String(row));
      const tasks = await start(async (task) => {
        await Promise.all(rows.map((key) => task.step('row', { key }, () => key)));
        await task.step('one more', () => 1);
      });
      const { id } = await tasks.queue('default', 'work', {});
      expect((await ended(tasks, id)).error).toMatchObject({
        name: 'StepResultError',
        message: expect.stringContaining('Step "one more" would be one more than the 1,000') as string,
      });
      expect((await tasks.steps(id)).total).toBe(1_000);
    });

    it('are refused in a transaction of the app, with what is right', async () => {
      const tasks = await start((task) => task.transaction('book', () => 1));
      const { id } = await tasks.queue('default', 'work', {});
      const { error } = await ended(tasks, id);
      expect(error).toMatchObject({ name: 'StepsNotSupportedError' });
      expect(error!.message).toContain('Use task.step, and store its key with the rows');
    });

    it('have room for 256 KiB of signals, each of which gives its room back when it is taken', async () => {
      const payload = 'x'.repeat(100 * KIBIBYTE);
      const tasks = await start(async (task) => {
        await task.waitFor('go');
        for (let round = 0; round < 3; round += 1) await task.waitFor('large').catch((error: unknown) => error);
      });
      const { id } = await tasks.queue('default', 'work', {});
      await when(tasks, id, ({ state }) => state === 'suspended');
      await tasks.signal(id, 'large', payload);
      await tasks.signal(id, 'large', payload);
      await expect(tasks.signal(id, 'large', payload)).rejects.toMatchObject({
        name: 'StepResultError',
        message: expect.stringContaining(`"large" was not sent to task "${id}"`) as string,
      });
      await tasks.signal(id, 'go');
      await when(tasks, id, ({ waitingFor }) => waitingFor?.waits[0]?.name === 'large');
      expect((await tasks.steps(id)).signals).toEqual([]);
      await tasks.signal(id, 'large', 'small');
      expect((await ended(tasks, id)).state).toBe('completed');
    });
  });
}
