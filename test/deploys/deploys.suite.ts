import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { IsString } from 'class-validator';
import { describe, expect, it, vi } from 'vitest';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { UnhandledKind } from '../../lib/contract/index.js';
import type { Operations } from '../../lib/operations/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, when } from '../module/support.js';
import { until } from '../support/until.js';

const EACH = 12;
const PATIENCE_MS = 100_000;

/** What the panel's problems are found by. */
async function unhandledOf(tasks: TaskDispatcher): Promise<readonly UnhandledKind[]> {
  const { operations } = tasks as unknown as { operations: Operations };
  return (await operations.store.condition()).unhandled;
}

/** Two versions of an app work on one store, as in a rolling deploy: each knows names that the other does not. */
export function describeDeploys(name: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`names that a process does not know, ${name}`, { timeout: 120_000 }, () => {
    const ran: string[] = [];
    @TaskHandler('old_name')
    class OldHandler {
      handle(): void {
        ran.push('old_name');
      }
    }
    @TaskHandler('new_name')
    class NewHandler {
      handle(): void {
        ran.push('new_name');
      }
    }

    async function boot(
      site: TasksModuleRootOptions,
      providers: Array<new () => object>,
      options: TasksModuleRootOptions = {},
    ): Promise<TaskDispatcher> {
      return dispatcherOf(await bootApp({ tasks: { ...site, workers: 3, lease: 2_000, ...options }, providers }));
    }

    it('are left to the process that knows them, in both directions, and nothing fails', async () => {
      ran.length = 0;
      const site = await siteOf();
      const before = await boot(site, [OldHandler]);
      const after = await boot(site, [NewHandler]);
      const ids: string[] = [];
      for (let round = 0; round < EACH; round += 1) {
        const [older, newer] = await Promise.all([
          before.queue('default', 'old_name', {}, { maxRetries: 0 }),
          after.queue('default', 'new_name', {}, { maxRetries: 0 }),
        ]);
        ids.push(older.id, newer.id);
      }
      await until('all of them', () => ran.length >= 2 * EACH, { patience: PATIENCE_MS });
      for (const id of ids) {
        const task = await ended(after, id);
        expect(task).toMatchObject({ state: 'completed', error: null });
        expect(task.unhandledSince).toBeUndefined();
        expect(task.attempts.filter(({ outcome }) => outcome === 'lost')).toEqual([]);
      }
      expect(ran).toHaveLength(2 * EACH);
    });

    it('wait and say since when, as long as nobody knows them, and run when somebody does', async () => {
      ran.length = 0;
      const site = await siteOf();
      const enqueuing = await boot(site, [], { workers: false });
      const began = Date.now();
      const { id } = await enqueuing.queue('default', 'new_name', {});
      const old = await boot(site, [OldHandler]);
      const waiting = await when(old, id, ({ unhandledSince }) => unhandledSince !== undefined);
      expect(waiting.unhandledSince).toBeGreaterThanOrEqual(began);
      const { items } = await old.list();
      expect(items).toEqual([expect.objectContaining({ id, unhandledSince: waiting.unhandledSince })]);
      const [kind, ...others] = await until('the kind', async () => {
        const kinds = await unhandledOf(old);
        return kinds.length > 0 && kinds;
      });
      expect(kind).toEqual({ queue: 'default', name: 'new_name', since: waiting.unhandledSince, tasks: 1 });
      expect(others).toEqual([]);
      const late = await boot(site, [NewHandler]);
      await until('the task', () => ran.length > 0, { patience: PATIENCE_MS });
      expect((await ended(late, id)).state).toBe('completed');
      expect(await unhandledOf(old)).toEqual([]);
    });

    it('fail visibly when nobody has known them for as long as is configured, or at once', async () => {
      const site = await siteOf();
      const enqueuing = await boot(site, [], { workers: false });
      const ids = await enqueuing.queueMany('default', 'new_name', [{}, {}]);
      await boot(site, [OldHandler], { unknownTasks: { wait: 1_500 } });
      for (const { id } of ids) {
        const task = await ended(enqueuing, id);
        expect(task).toMatchObject({ state: 'failed', error: { name: 'UnknownTaskNameError' } });
      }
      const other = await siteOf();
      const strict = await boot(other, [OldHandler], { unknownTasks: 'fail' });
      const outside = await boot(other, [], { workers: false });
      const { id } = await outside.queue('default', 'new_name', {});
      expect(await ended(strict, id)).toMatchObject({ state: 'failed', attempt: 1 });
    });

    it('may change together with the params, in both directions of the deploy, and nothing fails', async () => {
      const seen: Array<{ by: string; to: string; template?: string }> = [];
      @TaskHandler('mail', { maxRetries: 0 })
      class MailHandler {
        handle({ to }: { to: string }): void {
          seen.push({ by: 'old', to });
        }
      }
      class SendEmailParams {
        @IsString() to!: string;
        @IsString() template!: string;
      }
      @TaskHandler('send_email', {
        params: SendEmailParams,
        aliases: ['mail'],
        version: 2,
        upgrade: { 1: (params: object) => ({ ...params, template: 'plain' }) },
        maxRetries: 0,
      })
      class SendEmailHandler {
        handle({ to, template }: SendEmailParams): void {
          seen.push({ by: 'new', to, template });
        }
      }
      const site = await siteOf();
      const before = await boot(site, [MailHandler]);
      const after = await boot(site, [SendEmailHandler]);
      const ids: string[] = [];
      for (let round = 0; round < EACH; round += 1) {
        const [older, newer] = await Promise.all([
          before.queue('default', 'mail', { to: `old ${round}` }),
          after.queue('default', 'send_email', { to: `new ${round}`, template: 'fancy' }),
        ]);
        ids.push(older.id, newer.id);
      }
      await until('all of them', () => seen.length >= 2 * EACH, { patience: PATIENCE_MS });
      for (const id of ids) expect(await ended(after, id)).toMatchObject({ state: 'completed', error: null });
      expect(new Set(seen.map(({ to }) => to)).size).toBe(2 * EACH);
      for (const { by, to, template } of seen) {
        if (by === 'old') expect(to).toMatch(/^old/);
        else expect(template).toBe(to.startsWith('old') ? 'plain' : 'fancy');
      }
    });

    it('are the same in a build that knows an earlier version of the params alone, which leaves the task to the later one', async () => {
      const versions: number[] = [];
      @TaskHandler('import_rows', { maxRetries: 0 })
      class ImportHandler {
        handle(): void {
          versions.push(1);
        }
      }
      @TaskHandler('import_rows', { version: 3, maxRetries: 0 })
      class LaterImportHandler {
        handle(): void {
          versions.push(3);
        }
      }
      const site = await siteOf();
      const old = await boot(site, [ImportHandler]);
      const web = await boot(site, [], { workers: false });
      const { id } = await web.queue('default', 'import_rows', {}, { version: 3 });
      await when(old, id, ({ unhandledSince }) => unhandledSince !== undefined);
      const late = await boot(site, [LaterImportHandler]);
      expect(await ended(late, id)).toMatchObject({ state: 'completed', version: 3 });
      expect(versions).toEqual([3]);
    });

    it('are not taken at all by a process without handlers, which says so', async () => {
      ran.length = 0;
      const warned = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      onTestEnd(() => warned.mockRestore());
      const site = await siteOf();
      const web = await boot(site, []);
      expect(warned).toHaveBeenCalledWith(expect.stringMatching(/no handler, so it takes no tasks.*workers: false/));
      expect(await web.workers()).toEqual([]);
      const { id } = await web.queue('default', 'new_name', {});
      const worker = await boot(site, [NewHandler]);
      const task = await ended(worker, id);
      expect(task).toMatchObject({ state: 'completed', attempt: 1 });
      expect(task.unhandledSince).toBeUndefined();
    });
  });
}
