import type { DataSource, EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextWith, newTask } from '../../test/conformance/harness.js';
import { OutboxSite } from '../../test/support/outbox-site.js';
import { until } from '../../test/support/until.js';
import { ForeignManagerError, InvalidArgumentError, WorkflowsNotSupportedError } from '../contract/index.js';
import type { NewTask, NewWorkflow, TaskEngine } from '../engine/port/index.js';
import { sqliteEngine } from '../engine/sqlite/sqlite-engine.js';
import { outboxEngine } from './outbox-engine.js';
import type { Outbox } from './outbox.js';

const OPTIONS = { synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;

describe('An engine with an outbox', () => {
  let site: OutboxSite;
  let store: TaskEngine;
  let box: Outbox;
  let engine: TaskEngine;
  /** Whether tasks are handed over. */
  let away: boolean;

  beforeEach(async () => {
    site = await OutboxSite.open();
    away = false;
    make(':memory:');
    await engine.open();
  });
  afterEach(async () => {
    await engine.close();
    await site.close();
  });

  function make(database: string | DataSource): void {
    store = sqliteEngine({ database, ...OPTIONS }, contextWith(site.clock));
    box = site.outbox({
      store: async (tasks) => {
        if (away) throw new Error('away');
        await store.enqueueing.enqueue(tasks);
      },
    });
    engine = outboxEngine(store, box);
  }

  const task = (id: string, more: Partial<NewTask> = {}): NewTask => newTask(site.clock, { id, ...more });
  const workflow = (id: string): NewWorkflow => ({
    id,
    mayExist: false,
    name: 'flow',
    tags: null,
    createdAt: site.clock.now(),
    deadlineAt: null,
    nodes: [],
  });
  const stored = async (): Promise<string[]> =>
    (await store.inspecting.list({}, { limit: 100 })).items.map(({ id }) => id).toSorted();
  const within = <T>(run: (manager: EntityManager) => Promise<T>): Promise<T> => site.app.transaction(run);

  it('is that engine in all else', () => {
    const { enqueueing, relaying, workflows, open, close, ...same } = engine;
    expect(store).toMatchObject(same);
    expect(Object.keys(same).filter((name) => store[name as keyof TaskEngine] === undefined)).toEqual([]);
    for (const name of ['keying', 'limiting', 'stepping', 'scheduling', 'auditing', 'sharing', 'watching'] as const) {
      expect(engine[name]).toBe(store[name]);
    }
    const { keying, limiting, stepping, workflows: none, ...less } = store;
    const without = outboxEngine(less, box);
    for (const name of ['keying', 'limiting', 'stepping', 'workflows']) expect(name in without).toBe(false);
  });

  it('stores at once what is enqueued without a manager, or with one that has no transaction', async () => {
    expect(await engine.enqueueing.enqueue([task('one')])).toEqual(['stored']);
    expect(await engine.enqueueing.enqueue([task('two')], site.app.manager)).toEqual(['stored']);
    expect(await stored()).toEqual(['one', 'two']);
    expect(await site.ids()).toEqual([]);
  });

  it('stores what is enqueued in a transaction of the app once that has committed', async () => {
    await within(async (manager) => {
      expect(await engine.enqueueing.enqueue([task('one')], manager)).toEqual(['stored']);
      expect(await site.ids(manager)).toEqual(['one']);
      expect(await stored()).toEqual([]);
    });
    await until('it to be stored', async () => (await stored()).length === 1);
  });

  it('refuses the manager of a third database', async () => {
    const third = await OutboxSite.open();
    const enqueueing = third.app.transaction((manager) => engine.enqueueing.enqueue([task('one')], manager));
    await expect(enqueueing).rejects.toThrow(ForeignManagerError);
    const looking = third.app.transaction((manager) => engine.enqueueing.existing([task('one')], manager));
    await expect(looking).rejects.toThrow(ForeignManagerError);
    const starting = third.app.transaction((manager) => engine.workflows!.start(workflow('w'), manager));
    await expect(starting).rejects.toThrow(ForeignManagerError);
    await third.close();
  });

  it('refuses to reject in a transaction of the app, where nobody could be told', async () => {
    const unique = { key: 'k', onConflict: 'reject', scope: 'live' } as never;
    const enqueueing = within((manager) =>
      engine.enqueueing.enqueue([task('one'), task('two', { traits: { unique } })], manager),
    );
    await expect(enqueueing).rejects.toThrow(InvalidArgumentError);
    await expect(enqueueing).rejects.toMatchObject({ field: 'unique' });
    expect(await site.ids()).toEqual([]);
    const tagged = task('three', { traits: { tags: { a: 'b' } } });
    await within((manager) => engine.enqueueing.enqueue([tagged], manager));
  });

  it('finds what is stored, what waits, and what was handed over meanwhile', async () => {
    away = true;
    await engine.enqueueing.enqueue([task('stored')]);
    expect((await engine.enqueueing.existing([task('stored')]))[0]).toMatchObject({ id: 'stored' });
    expect((await engine.enqueueing.existing([task('stored')], site.app.manager))[0]).toMatchObject({ id: 'stored' });
    await within(async (manager) => {
      await engine.enqueueing.enqueue([task('waits')], manager);
      const found = await engine.enqueueing.existing([task('none'), task('waits'), task('stored')], manager);
      expect(found.map((one) => one?.id ?? null)).toEqual([null, 'waits', 'stored']);
      const asked = vi.spyOn(store.enqueueing, 'existing');
      expect(await engine.enqueueing.existing([task('waits')], manager)).toMatchObject([{ id: 'waits' }]);
      // Once with the manager, which the store refuses.
      expect(asked).toHaveBeenCalledTimes(1);
      asked.mockRestore();
    });
    // Who enqueues without a transaction asks the store, which has it not yet.
    expect(await engine.enqueueing.existing([task('waits')], site.app.manager)).toEqual([null]);
  });

  it('throws what the store throws otherwise', async () => {
    const broken = vi.spyOn(store.enqueueing, 'enqueue').mockRejectedValue(new RangeError('broken'));
    const unread = vi.spyOn(store.enqueueing, 'existing').mockRejectedValueOnce(new RangeError('unread'));
    const unstarted = vi.spyOn(store.workflows!, 'start').mockRejectedValue(new RangeError('unstarted'));
    await expect(within((manager) => engine.enqueueing.enqueue([task('one')], manager))).rejects.toThrow('broken');
    await expect(within((manager) => engine.enqueueing.existing([task('one')], manager))).rejects.toThrow('unread');
    await expect(within((manager) => engine.workflows!.start(workflow('w'), manager))).rejects.toThrow('unstarted');
    for (const spy of [broken, unread, unstarted]) spy.mockRestore();
  });

  it('notes in the store what must not be shown', async () => {
    const noted = vi.spyOn(store.enqueueing, 'noteSensitive');
    const paths = new Map([['work', ['card']]]);
    await engine.enqueueing.noteSensitive(paths);
    expect(noted).toHaveBeenCalledWith(paths);
    noted.mockRestore();
  });

  it('starts workflows in the store, and in no transaction of another database', async () => {
    const start = vi.spyOn(store.workflows!, 'start').mockImplementation(async (_, manager) => {
      if (manager?.queryRunner?.isTransactionActive) throw new ForeignManagerError('no');
      return 'stored';
    });
    expect(await engine.workflows!.start(workflow('a'))).toBe('stored');
    expect(await engine.workflows!.start(workflow('b'), site.app.manager)).toBe('stored');
    expect(start.mock.calls.map(([{ id }, manager]) => [id, manager])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    const starting = within((manager) => engine.workflows!.start(workflow('c'), manager));
    await expect(starting).rejects.toThrow(WorkflowsNotSupportedError);
    await expect(starting).rejects.toThrow(/^Workflow "flow" cannot be started in a transaction of another database/);
    start.mockRestore();
    expect(engine.workflows!.get).toBe(store.workflows!.get);
  });

  it('tells what waits', async () => {
    away = true;
    await within((manager) => engine.enqueueing.enqueue([task('one')], manager));
    expect(await engine.relaying!.depths()).toMatchObject([{ queue: 'default', waiting: 1 }]);
  });

  it('takes tasks of the app’s own database the short way', async () => {
    await engine.close();
    make(site.app);
    await engine.open();
    await within(async (manager) => {
      expect(await engine.enqueueing.enqueue([task('one')], manager)).toEqual(['stored']);
      expect(await site.ids(manager)).toEqual([]);
      expect((await engine.enqueueing.existing([task('one')], manager))[0]).toMatchObject({ id: 'one' });
    });
    expect(await stored()).toEqual(['one']);
  });

  it('is closed as a whole where the outbox cannot be opened', async () => {
    await engine.close();
    store = sqliteEngine({ database: ':memory:', ...OPTIONS }, contextWith(site.clock));
    await site.app.query('DROP TABLE nestjs_tasks_outbox');
    engine = outboxEngine(store, site.outbox({ migrate: false }));
    const closed = vi.spyOn(store, 'close');
    await expect(engine.open()).rejects.toThrow('has no table');
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it('is closed with its outbox, which needs the store until then', async () => {
    const order: string[] = [];
    const closingBox = vi.spyOn(box, 'close').mockImplementation(async () => void order.push('outbox'));
    const closingStore = vi.spyOn(store, 'close').mockImplementation(async () => void order.push('store'));
    await engine.close();
    expect(order).toEqual(['outbox', 'store']);
    for (const spy of [closingBox, closingStore]) spy.mockRestore();
  });
});
