import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { InvalidArgumentError, UnknownQueueError } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { bootApp, dispatcherOf, ended, signal } from '../module/support.js';

/** What handlers did, and what they wait for. */
const seen = { ran: [] as string[], begun: signal(), go: signal() };

@TaskHandler('note')
class NoteHandler {
  async handle({ text, next }: { text: string; next?: string }, task: TaskContext): Promise<void> {
    seen.ran.push(text);
    if (text === 'broken') throw new Error('broken');
    if (next !== undefined) await task.queue('default', 'note', { text: next });
  }
}

@TaskHandler('hold')
class HoldHandler {
  async handle(_params: object, task: TaskContext): Promise<void> {
    seen.begun.resolve();
    await Promise.race([seen.go.promise, new Promise((resolve) => task.signal.addEventListener('abort', resolve))]);
    task.signal.throwIfAborted();
    seen.ran.push('held');
  }
}

/** Workers that are started and stopped by hand, on every engine alike. */
export function describeWorkers(name: string, store: () => Promise<TasksModuleRootOptions>): void {
  describe(`workers ${name}`, () => {
    async function boot(options: TasksModuleRootOptions = {}): Promise<TaskDispatcher> {
      Object.assign(seen, { ran: [], begun: signal(), go: signal() });
      const app = await bootApp({
        tasks: {
          autoStart: false,
          queues: { default: {}, other: {} },
          maxRetries: 0,
          ...(await store()),
          ...options,
        },
        providers: [NoteHandler, HoldHandler],
      });
      return dispatcherOf(app);
    }

    async function states(tasks: TaskDispatcher): Promise<string[]> {
      return (await tasks.list({ limit: 100 })).items.map(({ state }) => state);
    }

    it('start and stop, all of them or those of a queue, as often as they are told to', async () => {
      const tasks = await boot();
      const first = await tasks.queue('default', 'note', { text: 'first' });
      const other = await tasks.queue('other', 'note', { text: 'other' });
      expect(await tasks.workers()).toEqual([]);
      await tasks.start('other');
      await tasks.start('other');
      expect((await ended(tasks, other.id)).state).toBe('completed');
      expect((await tasks.get(first.id)).state).toBe('available');
      await tasks.start();
      await ended(tasks, first.id);
      await tasks.stop();
      await tasks.stop();
      const second = await tasks.queue('default', 'note', { text: 'second' });
      await until('no worker to be there', async () => (await tasks.workers()).length === 0);
      expect((await tasks.get(second.id)).state).toBe('available');
      await tasks.start();
      await ended(tasks, second.id);
      expect(seen.ran).toEqual(['other', 'first', 'second']);
      await expect(tasks.start('ohter')).rejects.toThrow(UnknownQueueError);
    });

    it('drain: what runs ends, and nothing else begins', async () => {
      const tasks = await boot({ workers: 1 });
      const held = await tasks.queue('default', 'hold', {});
      await tasks.start();
      await seen.begun.promise;
      const next = await tasks.queue('default', 'note', { text: 'next' });
      const drained = tasks.drain({ timeout: '2m' });
      seen.go.resolve();
      expect(await drained).toBe(true);
      expect((await tasks.get(held.id)).state).toBe('completed');
      expect((await tasks.get(next.id)).state).toBe('available');
    });

    it('drain: what does not end in time is aborted, and handed back', async () => {
      const tasks = await boot();
      const held = await tasks.queue('default', 'hold', {});
      await tasks.start();
      await seen.begun.promise;
      expect(await tasks.drain({ timeout: 20 })).toBe(false);
      expect((await tasks.get(held.id)).state).toBe('available');
      await expect(tasks.drain({ within: 1 } as object)).rejects.toThrow('Known: timeout');
    });

    it('work until nothing is due, follow-up tasks and due ones among it', async () => {
      const tasks = await boot();
      await tasks.queue('default', 'note', { text: 'a', next: 'b' });
      await tasks.queue('other', 'note', { text: 'broken' });
      await tasks.queueAt('default', Date.now() + 1, 'note', { text: 'soon' });
      await sleep(2);
      await tasks.queueIn('default', '1h', 'note', { text: 'later' });
      expect(await tasks.work({ until: 'idle' })).toEqual({ idle: true, ran: 4, failed: 1 });
      expect(seen.ran.toSorted()).toEqual(['a', 'b', 'broken', 'soon']);
      expect((await states(tasks)).toSorted()).toEqual(['completed', 'completed', 'completed', 'failed', 'scheduled']);
      expect(await tasks.work({ until: 'idle', timeout: '1m' })).toEqual({ idle: true, ran: 0, failed: 0 });
    });

    it('work no longer than they may', async () => {
      const tasks = await boot({ shutdownGrace: 10 });
      await tasks.queue('default', 'hold', {});
      expect(await tasks.work({ until: 'idle', timeout: 300 })).toMatchObject({ idle: false });
      expect(await states(tasks)).toEqual(['available']);
      await expect(tasks.work({ until: 'tired' as 'idle' })).rejects.toThrow(InvalidArgumentError);
    });
  });
}
