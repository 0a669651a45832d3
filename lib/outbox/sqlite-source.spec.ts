import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutboxSite } from '../../test/support/outbox-site.js';
import { outboxMigrations } from './migrations.js';
import type { HandOver } from './outbox-source.js';
import { OutboxTable } from './outbox-table.js';
import { SqliteSource } from './sqlite-source.js';

describe('An outbox in a SQLite file, as the relay sees it', () => {
  let site: OutboxSite;
  let table: OutboxTable;
  let source: SqliteSource;
  let handed: string[][];

  beforeEach(async () => {
    site = await OutboxSite.open();
    const runner = site.app.createQueryRunner();
    for (const Migration of outboxMigrations) await new Migration().up(runner);
    table = new OutboxTable(site.app);
    source = await SqliteSource.open(site.app, 'mine');
    handed = [];
  });
  afterEach(async () => {
    await source.close();
    await site.close();
  });

  const add = (...ids: string[]): Promise<unknown> =>
    table.add(
      site.app.manager,
      ids.map((id) => site.task(id)),
      'mine',
    );
  const take: HandOver = async (rows) => {
    handed.push(rows.map(({ id }) => id as string));
    return new Map();
  };

  it('hands over what there is, deletes it, and says how many there were', async () => {
    expect(await source.relay(take)).toBe(0);
    expect(handed).toEqual([]);
    await add('a', 'b');
    expect(await source.relay(take)).toBe(2);
    expect([handed, await site.ids()]).toEqual([[['a', 'b']], []]);
    expect(await source.relay(take)).toBe(0);
  });

  it('hands over few at a time that are large, whole and in their order', async () => {
    const params = JSON.stringify('é'.repeat(1024 * 1024));
    const large = Array.from({ length: 9 }, (_, index) => site.task(`large ${index}`, { params }));
    await table.add(site.app.manager, [site.task('first'), ...large, site.task('last')], 'mine');
    const given: string[][] = [];
    const keep: HandOver = async (rows) => {
      given.push(rows.map(({ params: own }) => own as string));
      return take(rows);
    };
    const many: number[] = [];
    for (let count; (count = await source.relay(keep)) > 0;) many.push(count);
    expect(many).toEqual([5, 4, 2]);
    expect(handed.flat()).toEqual(['first', ...large.map(({ id }) => id), 'last']);
    expect(
      given
        .flat()
        .slice(1, -1)
        .every((own) => own === params),
    ).toBe(true);
    expect(await site.ids()).toEqual([]);
  });

  it('passes over a large one that another relay has handed over meanwhile', async () => {
    const params = JSON.stringify('x'.repeat(100_000));
    await table.add(site.app.manager, [site.task('large', { params }), site.task('small')], 'mine');
    const prepare = vi.spyOn(Database.prototype, 'prepare').mockImplementationOnce(function (
      this: Database.Database,
      sql,
    ) {
      const rows = this.prepare(sql).all('mine');
      this.exec(`DELETE FROM nestjs_tasks_outbox WHERE id = 'large'`);
      return { all: () => rows } as unknown as Database.Statement;
    });
    expect(await source.relay(take)).toBe(1);
    prepare.mockRestore();
    expect([handed, await site.ids()]).toEqual([[['small']], []]);
  });

  it('keeps what could not be handed over', async () => {
    await add('a');
    await expect(source.relay(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await site.ids()).toEqual(['a']);
  });

  it('sets aside what was refused, also where that is all', async () => {
    await add('a', 'b');
    expect(await source.relay(async (rows) => new Map([[rows[0]!.position, 'broken']]))).toBe(2);
    expect(await site.app.query('SELECT id, problem FROM nestjs_tasks_outbox')).toEqual([
      { id: 'a', problem: 'broken' },
    ]);
    await add('c');
    expect(await source.relay(async (rows) => new Map([[rows[0]!.position, 'broken']]))).toBe(1);
    expect(await site.ids()).toEqual(['a', 'c']);
    expect(await source.waiting()).toMatchObject([{ queue: 'default', waiting: 0, aside: 2 }]);
  });

  it('sees nothing that has not committed, and deletes nothing while the app has a transaction open', async () => {
    await site.app.transaction(async (manager) => {
      await table.add(manager, [site.task('a')], 'mine');
      expect(await source.relay(take)).toBe(0);
      expect(await source.waiting()).toEqual([]);
    });
    const runner = site.app.createQueryRunner();
    await runner.startTransaction();
    expect(await source.relay(take)).toBe(0);
    expect([source.blocked, handed, await site.ids()]).toEqual([true, [['a']], ['a']]);
    await runner.commitTransaction();
    expect(await source.relay(take)).toBe(1);
    expect([source.blocked, await site.ids()]).toEqual([false, []]);
  });

  it('waits for a lock without stopping the process, but not for ever', async () => {
    await add('a');
    const other = new Database(site.app.options.database as string);
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
      if (turns === 5) other.exec('COMMIT');
    }, 2);
    expect(await source.relay(take)).toBe(1);
    clearInterval(counting);
    expect(turns).toBeGreaterThanOrEqual(5);
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('BEGIN EXCLUSIVE');
    await expect(source.waiting()).rejects.toThrow('database is locked');
    other.close();
  });

  it('tells of other faults at once', async () => {
    await site.app.query('DROP TABLE nestjs_tasks_outbox');
    const asked = vi.spyOn(Database.prototype, 'prepare');
    await expect(source.waiting()).rejects.toThrow('no such table');
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockRestore();
  });

  it('waits also where the lock is held by who mends the log of a process that died', async () => {
    const locked = vi.spyOn(Database.prototype, 'prepare').mockImplementationOnce(() => {
      throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_RECOVERY' });
    });
    expect(await source.waiting()).toEqual([]);
    expect(locked).toHaveBeenCalledTimes(2);
    locked.mockRestore();
  });

  it('leaves no connection open', async () => {
    const other = await SqliteSource.open(site.app, 'mine');
    await other.close();
    await expect(other.waiting()).rejects.toThrow(/not open|undefined/);
  });

  it('leaves the app’s schema, its entities and its subscribers alone', async () => {
    await source.close();
    let heard = 0;
    const app = await site.another();
    Object.assign(app.options, { migrationsRun: true, synchronize: true, dropSchema: true });
    app.subscribers.push({ afterQuery: () => void (heard += 1) });
    await add('a');
    source = await SqliteSource.open(app, 'mine');
    expect(await source.relay(take)).toBe(1);
    expect([handed, heard]).toEqual([[['a']], 0]);
    const tables = await app.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    expect(tables).toEqual([{ name: 'nestjs_tasks_outbox' }]);
  });
});
