import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { START } from '../../test/conformance/harness.js';
import { OutboxSite } from '../../test/support/outbox-site.js';
import { until } from '../../test/support/until.js';
import { turn } from '../clock/index.js';
import { StoreError, UnknownQueueError } from '../contract/index.js';
import type { Outbox } from './outbox.js';
import { SqliteSource } from './sqlite-source.js';

describe('An outbox where something fails', () => {
  let site: OutboxSite;
  let outbox: Outbox;

  beforeEach(async () => {
    site = await OutboxSite.open();
    outbox = site.outbox();
    await outbox.open();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await site.close();
  });

  const handedOver = (count: number): Promise<unknown> =>
    until('tasks to be handed over', () => site.stored.flat().length >= count);
  const empty = (): Promise<unknown> => until('the rows to go', async () => (await site.ids()).length === 0);
  /** The next look of those that come by themselves. */
  const look = (): void => site.clock.advance(1_000);

  it('has the error of the database as the cause, which has no params', async () => {
    await site.app.query('DROP TABLE nestjs_tasks_outbox');
    const task = site.task('one', { params: '{"n":"secret"}' });
    const errors = await Promise.all(
      [site.add(outbox, task), outbox.find(site.app.manager, [task]), outbox.waiting()].map((done) =>
        done.catch((error: unknown) => error),
      ),
    );
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({
        cause: { code: 'SQLITE_ERROR', message: 'no such table: nestjs_tasks_outbox' },
      });
      expect((error as StoreError).cause).not.toHaveProperty('parameters');
    }
  });

  it('passes on what it says itself of a task', async () => {
    const mysql = site.outbox({ dataSource: new DataSource({ type: 'mysql' }) });
    const manager = { queryRunner: {} } as EntityManager;
    const adding = mysql.add(manager, [site.task('😀'.repeat(22))]);
    await expect(adding).rejects.toThrow(/^The id "/);
  });

  it('tries none alone while the store is away', async () => {
    const tried: number[] = [];
    site.refuse = (tasks) => (tried.push(tasks.length), new StoreError('away'));
    await site.add(outbox, site.task('one'), site.task('two'));
    await until('a warning', () => site.warnings.length > 0);
    expect(tried).toEqual([2]);
  });

  it('deletes what it handed over during a transaction of the app, also when that is rolled back', async () => {
    const relays = vi.spyOn(SqliteSource.prototype, 'relay');
    const runner = site.app.createQueryRunner();
    const other = await site.another();
    await outbox.add(other.createQueryRunner().manager, [site.task('one')]);
    await runner.startTransaction();
    look();
    await until('the relay to be held up', () => site.stored.length > 0 && isIdle(relays.mock));
    expect(await site.ids(other)).toEqual(['one']);
    await runner.rollbackTransaction();
    await until('the row to go', async () => (await site.ids(other)).length === 0);
  });

  it('says once that the store is away, and tries again until it is back', async () => {
    site.refuse = () => new StoreError('away');
    await site.add(outbox, site.task('one'));
    await until('a warning', () => site.warnings.length > 0);
    for (let looks = 0; looks < 3; looks += 1) {
      look();
      await until('another try', () => outbox.waiting());
    }
    expect(site.warnings).toEqual([expect.stringMatching(/cannot be handed over yet, and are tried again: away/)]);
    expect(await outbox.waiting()).toEqual([{ queue: 'default', waiting: 1, oldestAt: START }]);
    site.refuse = () => null;
    await until('it to be handed over', () => (look(), site.stored.length > 0));
    await empty();
    site.refuse = () => new StoreError('away again');
    await site.add(outbox, site.task('two'));
    await until('another warning', () => site.warnings.length > 1);
    expect(site.errors).toEqual([]);
  });

  it('sets aside what the store takes never, and hands over those beside it', async () => {
    site.refuse = (tasks) => (tasks.some(({ id }) => id === 'bad') ? new UnknownQueueError('q', []) : null);
    await site.add(outbox, site.task('one'), site.task('bad', { queue: 'q' }), site.task('two'));
    await handedOver(2);
    expect(site.stored).toEqual([['one'], ['two']]);
    await until('the others to go', async () => (await site.ids()).length === 1);
    expect(site.errors).toEqual([
      expect.stringMatching(/^Task bad in the outbox cannot be handed over, and is set aside/),
    ]);
    expect(await outbox.waiting()).toEqual([{ queue: 'q', waiting: 0, oldestAt: START, setAside: 1 }]);
    look();
    await turn();
    expect(site.errors).toHaveLength(1);
    await outbox.close();
    site.refuse = () => null;
    // A boot may follow a change.
    await site.outbox().open();
    await handedOver(3);
    await empty();
  });

  it('hands over what is beside a task that the store does not take, and sets that aside once it is sure', async () => {
    const tooLarge = '"' + 'x'.repeat(100) + '"';
    site.refuse = (tasks) => (tasks.some(({ params }) => params === tooLarge) ? new StoreError('too large') : null);
    await site.add(outbox, site.task('large', { params: tooLarge }));
    await until('a warning', () => site.warnings.length > 0);
    // Alone it may as well be the store that is away.
    look();
    await until('another try', () => outbox.waiting());
    expect(site.errors).toEqual([]);
    for (const [index, id] of ['one', 'two', 'three'].entries()) {
      expect(site.errors).toEqual([]);
      await site.add(outbox, site.task(id));
      await handedOver(index + 1);
      await until('it to go', async () => (await site.ids()).join() === 'large');
      await until('the relay to end', () => outbox.waiting());
    }
    await until('it to be set aside', () => site.errors.length > 0);
    expect(site.errors).toEqual([
      'Task large in the outbox cannot be handed over, and is set aside until the next boot: too large',
    ]);
    expect(await outbox.waiting()).toMatchObject([{ waiting: 0, setAside: 1 }]);
    await site.add(outbox, site.task('four'), site.task('five'));
    await handedOver(5);
    expect(site.stored.at(-1)).toEqual(['four', 'five']);
  });

  it('keeps all where the store goes away again after it took some', async () => {
    site.refuse = () => new StoreError('away');
    await site.add(outbox, ...['one', 'two', 'three', 'four', 'five', 'six'].map((id) => site.task(id)));
    await until('a warning', () => site.warnings.length > 0);
    const tried: string[] = [];
    site.refuse = ([task]) => (tried.push(task!.id), tried.length > 2 ? new StoreError('away') : null);
    look();
    await until('two to go', async () => (await site.ids()).length === 4);
    expect(site.errors).toEqual([]);
    // No more than so many are waited for at a store that may be away.
    expect(tried.slice(0, 5)).toEqual(['one', 'two', 'three', 'four', 'five']);
    expect(tried).not.toContain('six');
    site.refuse = () => null;
    await until('the rest to go', async () => (look(), (await site.ids()).length === 0));
    expect(site.stored.flat().toSorted()).toEqual(['five', 'four', 'one', 'six', 'three', 'two']);
  });

  it('sets aside what cannot be read', async () => {
    await site.app.transaction(async (manager) => {
      await outbox.add(manager, [site.task('torn'), site.task('one')]);
      await manager.query(`UPDATE nestjs_tasks_outbox SET sensitive = 'torn' WHERE id = 'torn'`);
    });
    await handedOver(1);
    expect(site.stored).toEqual([['one']]);
    await until('it to go', async () => (await site.ids()).join() === 'torn');
    expect(site.errors).toHaveLength(1);
  });

  it('keeps all where the store goes away while each is handed over alone', async () => {
    site.refuse = (tasks) => (tasks.length > 1 ? new UnknownQueueError('q', []) : new StoreError('away'));
    await site.add(outbox, site.task('one'), site.task('two'));
    await until('a warning', () => site.warnings.length > 0);
    expect(await outbox.waiting()).toEqual([{ queue: 'default', waiting: 2, oldestAt: START }]);
    expect(site.errors).toEqual([]);
  });
});

/** Whether each call has come to its end. */
function isIdle({ calls, settledResults }: { calls: unknown[]; settledResults: Array<{ type: string }> }): boolean {
  return settledResults.filter(({ type }) => type !== 'incomplete').length === calls.length;
}
