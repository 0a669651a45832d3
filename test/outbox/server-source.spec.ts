import type { DataSource, DataSourceOptions } from 'typeorm';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { outboxMigrations } from '../../lib/outbox/index.js';
import type { HandOver } from '../../lib/outbox/outbox-source.js';
import { OutboxTable } from '../../lib/outbox/outbox-table.js';
import { ServerSource } from '../../lib/outbox/server-source.js';
import { OutboxSite } from '../support/outbox-site.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedMariadb } from '../support/servers/shared-mariadb.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';

function describeServer(name: string, database: () => Promise<DataSourceOptions>): void {
  describe(`an outbox in ${name}, as the relay sees it`, () => {
    let site: OutboxSite;
    let table: OutboxTable;
    let source: ServerSource;
    let handed: string[];

    beforeEach(async () => {
      site = await OutboxSite.open(await database());
      const runner = site.app.createQueryRunner();
      for (const Migration of outboxMigrations) await new Migration().up(runner);
      await runner.release();
      table = new OutboxTable(site.app);
      source = new ServerSource(site.app, 'mine');
      handed = [];
    });
    afterEach(() => site.close());

    const add = (...ids: string[]): Promise<unknown> =>
      table.add(
        site.app.manager,
        ids.map((id) => site.task(id)),
        'mine',
      );
    const take: HandOver = async (rows) => {
      handed.push(...rows.map((row) => table.taskOf(row).id));
      return new Map();
    };

    it('gives tasks back as they were', async () => {
      const task = site.task('wörld 😀 \\ud83d', {
        params: '{"n":"é 😀 \\\\"}',
        priority: 7,
        settings: '{"a":"😀"}',
        sensitive: ['n😀'],
        parentId: 'parent 😀',
        traits: { tags: { customer: '😀' } },
        maxAttempts: null,
      });
      await table.add(site.app.manager, [task], 'mine');
      const [row] = await site.app.query(table.first, ['mine']);
      expect(JSON.parse(table.taskOf(row).params)).toEqual(JSON.parse(task.params));
      expect(table.taskOf(row)).toMatchObject({ ...task, params: expect.any(String), settings: expect.any(String) });
      expect(await table.find(site.app.manager, task.id)).toMatchObject({ id: task.id });
      expect(await table.find(site.app.manager, task.id.toUpperCase())).toBeNull();
    });

    it('takes an id and params as long as they may be', async () => {
      const task = site.task('x'.repeat(255), {
        params: JSON.stringify('y'.repeat(100_000)),
        traits: { tags: { a: 'z'.repeat(70_000) } },
      });
      await table.add(site.app.manager, [task], 'mine');
      expect(await table.find(site.app.manager, task.id)).toMatchObject({ params: task.params, traits: task.traits });
    });

    it('is relayed a few rows at a time where they are large, whole and in their order', async () => {
      const params = JSON.stringify('y'.repeat(1024 * 1024));
      const large = Array.from({ length: 5 }, (_, index) => site.task(`large ${index}`, { params }));
      await table.add(site.app.manager, [site.task('first'), ...large, site.task('last')], 'mine');
      const whole: HandOver = async (rows) => {
        for (const row of rows.slice(-1)) if (row.id !== 'last') expect(table.taskOf(row).params).toBe(params);
        return take(rows);
      };
      expect([await source.relay(whole), await source.relay(whole), await source.relay(whole)]).toEqual([5, 2, 0]);
      expect(handed).toEqual(['first', ...large.map(({ id }) => id), 'last']);
    });

    it('is relayed in order, and deleted', async () => {
      expect(await source.relay(take)).toBe(0);
      await add('a', 'b');
      await table.add(site.app.manager, [site.task('c')], 'other');
      expect(await source.waiting()).toEqual([expect.objectContaining({ queue: 'default' })]);
      expect(await source.relay(take)).toBe(2);
      expect([handed, await site.ids()]).toEqual([['a', 'b'], ['c']]);
      expect(source.blocked).toBe(false);
      await source.close();
    });

    it('keeps what could not be handed over, for whoever comes next', async () => {
      await add('a');
      await expect(source.relay(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
      expect(await source.relay(take)).toBe(1);
    });

    it('has set aside what was refused, also where that is all', async () => {
      await add('a', 'b');
      const refuse: HandOver = async (rows) => new Map([[rows[0]!.position, 'broken 😀']]);
      expect(await source.relay(refuse)).toBe(2);
      expect(await site.ids()).toEqual(['a']);
      const [{ problem }] = await site.app.query('SELECT problem FROM nestjs_tasks_outbox');
      expect(problem).toContain('broken');
      await add('c');
      expect(await source.relay(refuse)).toBe(1);
      expect(await source.relay(take)).toBe(0);
    });

    it('is relayed by one at a time of each store', async () => {
      await add('a');
      await table.add(site.app.manager, [site.task('c')], 'other');
      const other = new OutboxTable(site.app);
      const elsewhere: DataSource = await site.another();
      let meanwhile: number[] = [];
      const slow: HandOver = async (rows) => {
        meanwhile = [
          await new ServerSource(elsewhere, 'mine').relay(take),
          await new ServerSource(elsewhere, 'other').relay(take),
        ];
        handed.push(...rows.map((row) => other.taskOf(row).id));
        return new Map();
      };
      expect(await source.relay(slow)).toBe(1);
      expect([meanwhile, handed]).toEqual([
        [0, 1],
        ['c', 'a'],
      ]);
      await add('d');
      expect(await new ServerSource(elsewhere, 'mine').relay(take)).toBe(1);
    });

    it('leaves no connection behind, whatever becomes of a relay', async () => {
      await add('a');
      for (let tries = 0; tries < 15; tries += 1) {
        await source.relay(() => Promise.reject(new Error('away'))).catch(() => undefined);
      }
      expect(await source.relay(take)).toBe(1);
    });

    it('has a table that is changed where it is of an earlier version, and taken away', async () => {
      const runner = site.app.createQueryRunner();
      const migrations = outboxMigrations.map((Migration) => new Migration());
      for (const migration of migrations.slice(1).toReversed()) await migration.down(runner);
      for (const column of ['store', 'problem', 'parent_id', 'traits']) {
        expect(await runner.hasColumn('nestjs_tasks_outbox', column)).toBe(false);
      }
      for (const migration of migrations) await migration.up(runner);
      await add('a');
      expect(await source.relay(take)).toBe(1);
      await migrations[0]!.down(runner);
      expect(await runner.hasTable('nestjs_tasks_outbox')).toBe(false);
      await runner.release();
    });
  });
}

describeWith('postgres', 'PostgreSQL', () => {
  let server: SharedPostgres;
  beforeAll(async () => {
    server = await SharedPostgres.join();
  });
  describeServer('PostgreSQL', async () => ({ type: 'postgres', url: await server.createDatabase() }));
});

describeWith('mariadb', 'MariaDB', () => {
  let server: SharedMariadb;
  beforeAll(async () => {
    server = await SharedMariadb.join();
  });
  describeServer('MariaDB', () => server.createDatabase());
});
