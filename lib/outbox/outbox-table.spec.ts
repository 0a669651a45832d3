import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROW } from '../../test/support/outbox-row.js';
import { OutboxSite } from '../../test/support/outbox-site.js';
import { outboxMigrations } from './migrations.js';
import { outboxPath, type OutboxRow, OutboxTable } from './outbox-table.js';

describe('The table of an outbox', () => {
  let site: OutboxSite;
  let table: OutboxTable;

  beforeEach(async () => {
    site = await OutboxSite.open();
    const runner = site.app.createQueryRunner();
    for (const Migration of outboxMigrations) await new Migration().up(runner);
    table = new OutboxTable(site.app);
  });
  afterEach(() => site.close());

  const first = (store: string): Promise<OutboxRow[]> => site.app.query(table.first, [store]);

  it('gives a task back as it was, with what few tasks have and without', async () => {
    const plain = site.task('one', { maxAttempts: null });
    const full = site.task('two', {
      params: '{"n":"😀"}',
      priority: 7,
      settings: '{"a":1}',
      sensitive: ['n'],
      parentId: 'parent',
      traits: { tags: { customer: '42' } },
    });
    await table.add(site.app.manager, [plain, full], 'mine');
    const tasks = (await first('mine')).map((row) => table.taskOf(row));
    expect(tasks).toEqual([
      { ...plain, mayExist: true },
      { ...full, mayExist: true },
    ]);
    expect(Object.keys(tasks[0]!)).not.toEqual(expect.arrayContaining(['parentId']));
    expect('traits' in tasks[0]!).toBe(false);
    expect(await table.find(site.app.manager, 'two')).toEqual(tasks[1]);
    expect(await table.find(site.app.manager, 'TWO')).toBeNull();
  });

  it('reads numbers that a driver gives as text', () => {
    expect(table.taskOf(ROW)).toMatchObject({ priority: 3, runAt: 10, createdAt: 9, maxAttempts: 2 });
  });

  it('has the rows of each store, and those of nobody for all, in order', async () => {
    await table.add(site.app.manager, [site.task('a'), site.task('b')], 'mine');
    await table.add(site.app.manager, [site.task('c')], 'other');
    await site.app.query(`UPDATE nestjs_tasks_outbox SET store = NULL WHERE id = 'a'`);
    const ids = async (store: string) => (await first(store)).map(({ id }) => id);
    expect(await ids('mine')).toEqual(['a', 'b']);
    expect(await ids('other')).toEqual(['a', 'c']);
    expect(await site.app.query(table.waiting, ['other'])).toMatchObject([{ queue: 'default', waiting: 2, aside: 0 }]);
  });

  it('has rows set aside, tried again and deleted', async () => {
    await table.add(site.app.manager, [site.task('a'), site.task('b'), site.task('c')], 'mine');
    const [a, b, c] = await first('mine');
    await site.app.query(table.setAside, ['broken', a!.position]);
    expect((await first('mine')).map(({ id }) => id)).toEqual(['b', 'c']);
    await site.app.query(table.tryAgain, ['other']);
    expect(await first('mine')).toHaveLength(2);
    await site.app.query(table.tryAgain, ['mine']);
    expect(await first('mine')).toHaveLength(3);
    await site.app.query(table.delete(2), [a!.position, c!.position]);
    expect((await first('mine')).map(({ position }) => position)).toEqual([b!.position]);
  });

  it('is in the schema that a DataSource of PostgreSQL names, and marks values as that does', () => {
    const postgres = (schema?: string) => new DataSource({ type: 'postgres', ...(schema && { schema }) });
    expect(outboxPath(postgres())).toBe('"nestjs_tasks_outbox"');
    expect(outboxPath(postgres('shop'))).toBe('"shop"."nestjs_tasks_outbox"');
    expect(new OutboxTable(postgres('shop')).delete(2)).toBe(
      'DELETE FROM "shop"."nestjs_tasks_outbox" WHERE "position" IN ($1, $2)',
    );
    // Which no other database has, whatever stands in its options.
    expect(outboxPath(new DataSource({ type: 'mariadb', schema: 'shop' } as never))).toBe('`nestjs_tasks_outbox`');
    expect(table.delete(2)).toBe('DELETE FROM "nestjs_tasks_outbox" WHERE "position" IN (?, ?)');
  });

  it('is made step by step, by whoever comes first, and taken away', async () => {
    const runner = site.app.createQueryRunner();
    const columns = async (): Promise<string[]> =>
      (await site.app.query('PRAGMA table_info(nestjs_tasks_outbox)')).map(({ name }: { name: string }) => name);
    const whole = await columns();
    expect(whole.slice(-4)).toEqual(['store', 'problem', 'parent_id', 'traits']);
    await table.add(site.app.manager, [site.task('a')], 'mine');
    for (const Migration of outboxMigrations) await new Migration().up(runner);
    expect([await columns(), await site.ids()]).toEqual([whole, ['a']]);
    const [create, own, traits] = outboxMigrations.map((Migration) => new Migration());
    await traits!.down(runner);
    expect(await columns()).toEqual(whole.slice(0, -2));
    await own!.down(runner);
    expect(await columns()).toEqual(whole.slice(0, -4));
    await own!.up(runner);
    await traits!.up(runner);
    expect(await columns()).toEqual(whole);
    for (const column of ['problem', 'traits'])
      await site.app.query(`ALTER TABLE nestjs_tasks_outbox DROP COLUMN ${column}`);
    for (const migration of [own!, traits!]) await migration.up(runner);
    expect((await columns()).toSorted()).toEqual(whole.toSorted());
    await create!.down(runner);
    expect(await columns()).toEqual([]);
    await create!.down(runner);
  });

  it('has names for its migrations that a bundler leaves alone, and columns that take what they must', async () => {
    expect(outboxMigrations.map((Migration) => new Migration().name)).toEqual([
      'CreateTasksOutbox1764000000000',
      'OwnTasksOutbox1764500000000',
      'TraitsOfTasksOutbox1764700000000',
      'CharactersOfTasksOutbox1764800000000',
    ]);
    const columns: Array<{ name: string; type: string; notnull: number; pk: number }> = await site.app.query(
      'PRAGMA table_info(nestjs_tasks_outbox)',
    );
    expect(
      columns.map(({ name, type, notnull, pk }) => `${name} ${type}${notnull ? ' !' : ''}${pk ? ' key' : ''}`),
    ).toEqual([
      'position INTEGER ! key',
      'id varchar(64) !',
      'queue varchar(255) !',
      'name varchar(255) !',
      'params TEXT !',
      'priority INTEGER !',
      'run_at bigint !',
      'created_at bigint !',
      'max_attempts INTEGER',
      'settings TEXT',
      'sensitive TEXT !',
      'store varchar(255)',
      'problem TEXT',
      'parent_id varchar(255)',
      'traits TEXT',
    ]);
  });
});
