import { beforeAll, describe, expect, it } from 'vitest';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { InvalidArgumentError, TaskNotFoundError } from '../../lib/contract/index.js';
import { bootApp, dispatcherOf, ended, signal } from '../module/support.js';
import { until } from '../support/until.js';

export interface OwnIdsSite {
  /** Options of an app with an empty store, for as many processes as there are. */
  store(): Promise<TasksModuleRootOptions>;
  readonly storesWithCompletion: boolean;
}

const LONG = `order-${'x'.repeat(248)}/1`.slice(-255);
/** What BullMQ, a URL or a case-blind database might take for something else. */
const ODD = [
  '7',
  '-12',
  'meta',
  'wait',
  'a:lock',
  'welcome:42',
  'a/b?c#d%2F%',
  '😀 ü Ä',
  'A',
  'a',
  '{x}',
  "it's",
  LONG,
];

/** The right to say `id` for a task, and `key` for a follow-up task. */
export function describeOwnIds(name: string, start: () => Promise<OwnIdsSite>): void {
  describe(`own ids ${name}`, { timeout: 120_000 }, () => {
    let site: OwnIdsSite;

    beforeAll(async () => {
      site = await start();
    });

    async function boot(options: TasksModuleRootOptions, ...providers: Array<new () => object>) {
      const workers = providers.length > 0 ? { default: 2, idle: 0 } : (false as const);
      return dispatcherOf(
        await bootApp({ tasks: { ...options, workers, queues: { default: {}, idle: {} } }, providers }),
      );
    }

    it('store a task once, and give back the stored one as it stands', async () => {
      @TaskHandler('greet')
      class Greet {
        handle(): void {}
      }
      const store = await site.store();
      const tasks = await boot(store, Greet);
      const first = await tasks.queue('idle', 'greet', { to: 'ann' }, { id: 'welcome:42', priority: 3 });
      expect(first).toMatchObject({ id: 'welcome:42', enqueued: true, state: 'available', params: { to: 'ann' } });
      const again = await tasks.queueIn('idle', '1h', 'greet', { to: 'bob' }, { id: 'welcome:42' });
      expect(again).toEqual({ ...(await tasks.get('welcome:42')), enqueued: false });
      expect(again).toMatchObject({ state: 'available', params: { to: 'ann' }, priority: 3 });

      const { id } = await tasks.queueAt('default', 0, 'greet', {}, { id: 'bye' });
      await ended(tasks, id);
      const other = await boot(store, Greet);
      const kept = await other.queue('default', 'greet', { n: 2 }, { id: 'bye' });
      expect(kept).toMatchObject({ enqueued: false, state: 'completed', attempt: 1, params: {} });
      expect(kept.attempts).toHaveLength(1);

      await tasks.cancel('welcome:42');
      expect(await tasks.queue('idle', 'greet', {}, { id: 'welcome:42' })).toMatchObject({
        enqueued: false,
        state: 'cancelled',
        params: { to: 'ann' },
      });
      await tasks.delete('welcome:42');
      expect(await tasks.queue('idle', 'greet', {}, { id: 'welcome:42' })).toMatchObject({
        enqueued: true,
        params: {},
      });
      expect((await tasks.list()).items).toHaveLength(2);
    });

    it('are stored by one of those who call at once', async () => {
      const store = await site.store();
      const apps = [await boot(store), await boot(store)];
      const calls = Array.from({ length: 12 }, (_, n) =>
        apps[n % 2]!.queue('idle', 'greet', { n }, { id: `at-once:${n % 3}` }),
      );
      const answers = await Promise.all(calls);
      for (const of of [0, 1, 2]) {
        const own = answers.filter(({ id }) => id === `at-once:${of}`);
        const stored = own.filter(({ enqueued }) => enqueued);
        expect(stored).toHaveLength(1);
        for (const { params } of own) expect(params).toEqual(stored[0]!.params);
      }
    });

    it('are one task whichever queue a later call names', async () => {
      const store = await site.store();
      const [tasks, other] = [await boot(store), await boot(store)];
      await tasks.queue('idle', 'greet', { n: 1 }, { id: 'welcome:42' });
      const again = await other.queue('default', 'greet', { n: 2 }, { id: 'welcome:42' });
      expect(again).toMatchObject({ enqueued: false, queue: 'idle', params: { n: 1 } });
      expect((await tasks.list()).items).toHaveLength(1);
    });

    it('are any text that a link can hold, in the handler, in lists and in actions', async () => {
      const seen: string[] = [];
      const begun = signal();
      @TaskHandler('work')
      class Work {
        async handle({ hold }: { hold?: boolean }, task: TaskContext): Promise<void> {
          seen.push(task.id);
          task.log(`I am ${task.id}`);
          task.progress(50);
          if (!hold) return;
          begun.resolve();
          await new Promise((_, reject) =>
            task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)),
          );
        }
      }
      const tasks = await boot(await site.store(), Work);
      const rows = ODD.map((id) => ({ name: 'work', params: {}, options: { id } }));
      const stored = await tasks.queueMany('default', rows);
      expect(stored.map(({ id }) => id)).toEqual(ODD);
      for (const id of ODD) {
        const task = await ended(tasks, id);
        expect(task).toMatchObject({ id, state: 'completed', progress: { percent: 50 } });
        expect(task.logs.map(({ message }) => message)).toEqual([`I am ${id}`]);
      }
      expect(seen.toSorted()).toEqual(ODD.toSorted());
      expect((await tasks.list()).items.map(({ id }) => id).toSorted()).toEqual(ODD.toSorted());
      expect((await tasks.list({ search: 'welcome:42' })).items.map(({ id }) => id)).toEqual(['welcome:42']);

      const waiting = await tasks.queueMany(
        'idle',
        ODD.map((id) => ({ name: 'work', params: {}, options: { id: `later ${id.slice(0, 200)}`, delay: '1h' } })),
      );
      const ids = waiting.map(({ id }) => id);
      expect(await tasks.bulk('cancel', { ids })).toEqual({ changed: ids.length, refused: [] });
      expect(await tasks.bulk('retry', { ids })).toEqual({ changed: ids.length, refused: [] });
      expect(await tasks.get(ids[0]!)).toMatchObject({ state: 'available' });
      expect(await tasks.bulk('delete', { ids: [...ids, 'no:such'] })).toMatchObject({
        changed: ids.length,
        refused: [{ id: 'no:such', state: null }],
      });
      await expect(tasks.get(ids[1]!)).rejects.toThrow(TaskNotFoundError);

      await tasks.queue('default', 'work', { hold: true }, { id: 'held:1' });
      await begun.promise;
      await tasks.cancel('held:1');
      expect(await ended(tasks, 'held:1')).toMatchObject({ state: 'cancelled' });
    });

    it('are found by the time of their tasks, among those that the library made', async () => {
      const tasks = await boot(await site.store());
      const before = Date.now() - 1;
      await tasks.queueMany('idle', 'work', [{}, {}, {}]);
      const made = (await tasks.list()).items.map(({ id }) => id);
      const own = [`${made[1]!.slice(0, 13)}-mine`, '0', 'zzz', '~'];
      for (const id of own) await tasks.queue('idle', 'work', {}, { id });
      const found = await tasks.list({ from: before, to: Date.now() + 1 });
      expect(found.items.map(({ id }) => id).toSorted()).toEqual([...made, ...own].toSorted());
    });

    it('that stand twice in one call are one task', async () => {
      const tasks = await boot(await site.store());
      const row = (id: string | undefined, n: number) => ({ name: 'work', params: { n }, options: id ? { id } : {} });
      await tasks.queue('idle', 'work', { n: 0 }, { id: 'there:1' });
      const rows = [row('new:1', 1), row(undefined, 2), row('new:1', 3), row('there:1', 4), row('new:2', 5)];
      const answers = await tasks.queueMany('idle', rows);
      expect(answers.map(({ enqueued }) => enqueued)).toEqual([true, true, false, false, true]);
      expect(answers.map(({ params }) => (params as { n: number }).n)).toEqual([1, 2, 1, 0, 5]);
      expect((await tasks.list()).items).toHaveLength(4);
    });

    it('make follow-up tasks that a retry does not double', async () => {
      const said: unknown[] = [];
      @TaskHandler('order', { maxRetries: 2, retryDelay: 1 })
      class Order {
        async handle(_params: object, task: TaskContext): Promise<void> {
          const receipt = await task.queue('idle', 'mail', { attempt: task.attempt }, { key: 'receipt' });
          const [first, second] = await task.dispatcher.queueMany('idle', [
            { name: 'mail', params: {}, options: { key: 'a/b' } },
            { name: 'mail', params: {}, options: { key: 'a/b' } },
          ]);
          said.push([receipt.id, receipt.enqueued, first!.enqueued, second!.enqueued]);
          const other = task.queue('idle', 'mail', { other: true }, { key: 'receipt' });
          await expect(other).rejects.toThrow(/key "receipt" .* with other params: give each .* a key of its own/);
          await expect(task.queue('idle', 'note', {}, { key: 'a/b' })).rejects.toThrow(/of the name "mail"/);
          if (task.attempt < 3) throw new Error('again');
        }
      }
      @TaskHandler('mail')
      class Mail {
        handle(): void {}
      }
      @TaskHandler('note')
      class Note {
        handle(): void {}
      }
      const tasks = await boot(await site.store(), Order, Mail, Note);
      for (const id of ['order:1', LONG]) {
        said.length = 0;
        await tasks.queue('default', 'order', {}, { id });
        const { state, children } = await ended(tasks, id);
        expect(state).toBe('completed');
        const [receipt, slashed] = children;
        expect(children).toHaveLength(2);
        if (id !== LONG) expect([receipt!.id, slashed!.id]).toEqual(['order:1/receipt', 'order:1/a%2Fb']);
        else expect(receipt!.id).toMatch(/^follow-up\/[0-9a-f]{64}$/);
        expect(await tasks.get(receipt!.id)).toMatchObject({ parentId: id, params: { attempt: 1 } });
        expect(said).toEqual([
          [receipt!.id, true, true, false],
          [receipt!.id, false, false, false],
          [receipt!.id, false, false, false],
        ]);
      }
      await expect(tasks.queue('idle', 'mail', {}, { key: 'receipt' })).rejects.toThrow(
        /no handler of this store does/,
      );
    });

    it('are stored with the completion of the handler, or not at all', async () => {
      const cancelled = signal();
      const refused: unknown[] = [];
      let waiting = '';
      @TaskHandler('order', { maxRetries: 2, retryDelay: 1 })
      class Order {
        async handle({ hold }: { hold?: boolean }, task: TaskContext): Promise<void> {
          const { attempt } = task;
          const left = await task
            .queue('idle', 'mail', { attempt }, { with: 'completion', key: 'a', delay: '1h' })
            .catch((error: unknown) => void refused.push(error));
          if (!left) return;
          expect(left).toMatchObject({ enqueued: true, state: 'scheduled', parentId: task.id });
          const again = await task.queue('idle', 'mail', { attempt }, { with: 'completion', key: 'a' });
          expect(again.enqueued).toBe(false);
          await task.dispatcher.queueMany('idle', 'mail', [{ attempt }, { attempt }], { with: 'completion' });
          await expect(task.dispatcher.get(left.id)).rejects.toThrow(TaskNotFoundError);
          waiting = left.id;
          if (hold) {
            const aborted = new Promise((_, reject) =>
              task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)),
            );
            cancelled.resolve();
            await aborted;
          }
          if (attempt < 3) throw new Error('again');
          // What a handler still says after its end is heard by nobody.
          setTimeout(() => {
            task.queue('idle', 'mail', {}, { with: 'completion' }).catch((error: unknown) => refused.push(error));
          });
        }
      }
      @TaskHandler('mail')
      class Mail {
        handle(): void {}
      }
      const tasks = await boot(await site.store(), Order, Mail);
      const { id } = await tasks.queue('default', 'order', {}, { id: 'order:1' });
      const { state, children } = await ended(tasks, id);
      expect(state).toBe('completed');
      if (!site.storesWithCompletion) {
        expect(children).toEqual([]);
        expect(String(refused[0])).toMatch(/engine "bullmq-\w+" cannot store .* Give key instead/);
        return;
      }
      expect(children.map((child) => [child.name, child.state])).toEqual([
        ['mail', 'scheduled'],
        ['mail', 'available'],
        ['mail', 'available'],
      ]);
      for (const child of children) expect(await tasks.get(child.id)).toMatchObject({ params: { attempt: 3 } });
      expect(children[0]!.id).toBe(waiting);
      await until('the refusal', () => refused.length > 0);
      expect(String(refused[0])).toMatch(/has ended: .* before its handler returns/);

      await tasks.queue('default', 'order', { hold: true }, { id: 'order:2' });
      await cancelled.promise;
      await tasks.cancel('order:2');
      expect(await ended(tasks, 'order:2')).toMatchObject({ state: 'cancelled', children: [] });
      expect((await tasks.list({ name: 'mail' })).items).toHaveLength(3);

      const outside = tasks.queue('idle', 'mail', {}, { with: 'completion' });
      await expect(outside).rejects.toThrow(/no handler of this store does/);
      const wrong = tasks.queue('idle', 'mail', {}, { with: 'commit' as never });
      await expect(wrong).rejects.toThrow(/must be "completion", not "commit"/);
    });

    it('of a wrong form are refused, and nothing is stored', async () => {
      const tasks = await boot(await site.store());
      const wrong: Array<[unknown, RegExp]> = [
        ['', /1 to 255 characters, not ""/],
        [7, /1 to 255 characters, not 7/],
        ['x'.repeat(256), /not be longer than 255 characters, and has 256/],
        ['a\nb', /control characters/],
        ['a\0', /control characters/],
        ['😀'.slice(0, 1), /half of a surrogate pair/],
        [' a', /begin or end with a space/],
        ['a\u00a0', /begin or end with a space/],
        ['..', /more than dots/],
      ];
      for (const [id, message] of wrong) {
        for (const options of [{ id }, { key: id }] as object[]) {
          const refused = tasks.queue('idle', 'work', {}, options);
          await expect(refused).rejects.toThrow(InvalidArgumentError);
          await expect(refused).rejects.toThrow(message);
        }
      }
      const rows = [
        { name: 'work', params: {} },
        { name: 'work', params: {}, options: { id: 'a\tb' } },
      ];
      await expect(tasks.queueMany('idle', rows)).rejects.toMatchObject({ field: '[1].id' });
      await expect(tasks.queueMany('idle', 'work', [{}], { id: 'one' })).rejects.toThrow(/give each row its own/);
      await expect(tasks.queue('idle', 'work', {}, { id: 'one', key: 'two' })).rejects.toThrow(/either id or key/);
      expect((await tasks.list()).items).toEqual([]);
    });
  });
}
