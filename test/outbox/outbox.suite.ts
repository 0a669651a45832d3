import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { describe, expect, it, vi } from 'vitest';
import { ForeignManagerError, TasksConfigError } from '../../lib/contract/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { Outbox, outboxMigrations, OutboxTask } from '../../lib/outbox/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import type { NewTask } from '../../lib/engine/port/index.js';
import { newTask } from '../conformance/harness.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { until } from '../support/until.js';

/**
 * @param database of the app, anew and empty for each test
 * @param storeIn where tasks live, anew and empty for each test
 */
export function describeOutbox(
  name: string,
  database: (folder: string) => Promise<DataSourceOptions>,
  storeIn: (folder: string) => TasksModuleOptions = (folder) => ({ database: join(folder, 'tasks.db') }),
): void {
  describe(`an outbox in ${name}`, () => {
    async function site(overrides: Partial<DataSourceOptions> = {}) {
      const folder = tempDirectory();
      const options = { ...(await database(folder)), ...overrides } as DataSourceOptions;
      const app = await connect(options);
      await app.query('CREATE TABLE orders (id integer PRIMARY KEY)');
      return { app, options, store: storeIn(folder) };
    }

    async function connect(options: DataSourceOptions): Promise<DataSource> {
      const dataSource = await new DataSource(options).initialize();
      onTestEnd(async () => {
        if (dataSource.isInitialized) await dataSource.destroy();
      });
      return dataSource;
    }

    async function boot(
      dataSource: DataSource,
      store: TasksModuleOptions,
      options: TasksModuleOptions = {},
      ran: string[] = [],
    ) {
      @Injectable()
      class Work {
        @TaskHandler('work')
        async work(params: { n: number }, task: TaskContext): Promise<void> {
          ran.push(`${task.queueName} ${params.n}`);
        }
      }
      const outbox = { dataSource };
      const workers = { default: 1, other: 1 };
      const app = await bootApp({
        tasks: { database: undefined, ...store, outbox, workers, queues: { other: {} }, ...options },
        providers: [Work],
      });
      return { tasks: dispatcherOf(app), ran, app };
    }

    const order = (tasks: TaskDispatcher, app: DataSource, n: number, queue = 'default') =>
      app.transaction(async (manager) => {
        await manager.query(`INSERT INTO orders (id) VALUES (${n})`);
        return tasks.queue(queue, 'work', { n }, { manager });
      });

    const rows = async (app: DataSource): Promise<number> =>
      Number((await app.query('SELECT count(*) AS n FROM nestjs_tasks_outbox'))[0].n);

    it('shows a task to nobody before the commit, and runs it afterwards', async () => {
      const { app, store } = await site();
      const { tasks, ran } = await boot(app, store);
      const task = await app.transaction(async (manager) => {
        const queued = await tasks.queue('default', 'work', { n: 1 }, { manager });
        for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
        // Makes a relay look that sees the rows, if it could see any.
        await tasks.queue('default', 'work', { n: 0 });
        await until('the other task to run', () => ran.length === 1);
        expect((await tasks.list()).items.map(({ id }) => id)).not.toContain(queued.id);
        return queued;
      });
      await until('the task to run', () => ran.includes('default 1'));
      expect((await tasks.get(task.id)).createdAt).toBe(task.createdAt);
      await until('the row to go', async () => (await rows(app)) === 0);
    });

    it('hands each store its own tasks, where several have their outbox in one database', async () => {
      const { app, options, store } = await site();
      const [shop, billing] = [await boot(app, store), await boot(await connect(options), storeIn(tempDirectory()))];
      for (let n = 0; n < 20; n += 1) await order(shop.tasks, app, n);
      await until('all to run', async () => shop.ran.length + billing.ran.length >= 20 && (await rows(app)) === 0);
      expect(shop.ran).toHaveLength(20);
      expect(billing.ran).toEqual([]);
      expect((await billing.tasks.list()).items).toEqual([]);
    });

    it('sets a task aside that no store could take, says so once, and hands over those behind it', async () => {
      const { app, store } = await site();
      const errors: string[] = [];
      const spy = vi.spyOn(Logger.prototype, 'error').mockImplementation((text: string) => void errors.push(text));
      onTestEnd(() => spy.mockRestore());
      const { tasks, ran } = await boot(app, store);
      await app.transaction(async (manager) => {
        await tasks.queue('default', 'work', { n: 1 }, { manager });
        await manager.query(`UPDATE nestjs_tasks_outbox SET ${app.driver.escape('sensitive')} = 'torn'`);
      });
      await order(tasks, app, 2);
      await until('the task behind it to run', () => ran.length > 0);
      expect(ran).toEqual(['default 2']);
      await until('the row to go', async () => (await rows(app)) === 1);
      expect((await tasks.outbox()).queues).toMatchObject([{ queue: 'default', waiting: 0, setAside: 1 }]);
      expect(errors.filter((text) => text.includes('is set aside until the next boot'))).toHaveLength(1);

      await app.query(`UPDATE nestjs_tasks_outbox SET ${app.driver.escape('sensitive')} = '[]'`);
      const again = await boot(app, store);
      await until('it to run after a boot', () => ran.length + again.ran.length === 2);
      await until('the row to go', async () => (await rows(app)) === 0);
    });

    it('changes the table of an earlier version at its place, and hands over what waits there', async () => {
      const { app, store } = await site();
      const runner = app.createQueryRunner();
      await new outboxMigrations[0]!().up(runner);
      await runner.release();
      const columns = `id, queue, name, params, priority, run_at, created_at, ${app.driver.escape('sensitive')}`;
      await app.query(
        `INSERT INTO nestjs_tasks_outbox (${columns}) VALUES ('an-earlier-one', 'default', 'work', '{"n":1}', 0, 1, 1, '[]')`,
      );
      await expect(boot(app, store, { outbox: { dataSource: app, migrate: false } })).rejects.toThrow(
        /is of an earlier version. Run the migrations in "outboxMigrations"/,
      );
      const { ran } = await boot(app, store);
      await until('the task to run', () => ran.length === 1);
    });

    it('never runs a task whose transaction was rolled back', async () => {
      const { app, store } = await site();
      const { tasks, ran } = await boot(app, store);
      const rolledBack = app.transaction(async (manager) => {
        await tasks.queue('default', 'work', { n: 1 }, { manager });
        throw new Error('no');
      });
      await expect(rolledBack).rejects.toThrow('no');
      await order(tasks, app, 2);
      await until('the task after it to run', () => ran.length > 0);
      expect(ran).toEqual(['default 2']);
      // A list that goes state by state may show a task twice that moves on meanwhile.
      expect(new Set((await tasks.list()).items.map(({ id }) => id)).size).toBe(1);
    });

    it('runs what a transaction within another has enqueued if both commit, and else not', async () => {
      const { app, store } = await site();
      const { tasks, ran } = await boot(app, store);
      const nested = async (n: number, innerFails: boolean, outerFails: boolean): Promise<void> => {
        const whole = app.transaction(async (manager) => {
          await tasks.queue('default', 'work', { n }, { manager });
          const part = manager.transaction(async (within) => {
            await tasks.queue('default', 'work', { n: n + 1 }, { manager: within });
            if (innerFails) throw new Error('no');
          });
          await part.catch(() => undefined);
          if (outerFails) throw new Error('no');
        });
        await whole.catch(() => undefined);
      };
      await nested(10, false, false);
      await nested(20, true, false);
      await nested(30, false, true);
      await order(tasks, app, 40);
      await until('the last task to run', () => ran.includes('default 40'));
      await until('the rows to go', async () => (await rows(app)) === 0);
      expect(ran.toSorted()).toEqual(['default 10', 'default 11', 'default 20', 'default 40']);
    });

    it('keeps what a task was enqueued with', async () => {
      const { app, store } = await site();
      const { tasks } = await boot(app, store, { workers: false });
      const params = { n: 1, text: 'ünï ☃ 𝒳 \u0000' };
      const runAt = Date.now() + 3_600_000;
      const given = await app.transaction((manager) =>
        tasks.queue('other', 'work', params, { manager, runAt, priority: 7, maxRetries: 1 }),
      );
      const stored = await until('the task', () => tasks.get(given.id).catch(() => null));
      expect({ ...stored, enqueued: true }).toEqual(given);
      expect(stored).toMatchObject({ params, runAt, priority: 7, queue: 'other', state: 'scheduled', maxAttempts: 2 });
    });

    it('hands the tasks of each queue over in order, and each once, with two processes at it', async () => {
      const { app, options, store } = await site();
      const ran: string[] = [];
      const first = await boot(app, store, { workers: false }, ran);
      await boot(await connect(options), store, {}, ran);
      for (let n = 0; n < 60; n += 2) {
        await order(first.tasks, app, n);
        await order(first.tasks, app, n + 1, 'other');
      }
      await until('all to run', async () => ran.length >= 60 && (await rows(app)) === 0);
      const numbers = (queue: string) =>
        ran.filter((line) => line.startsWith(`${queue} `)).map((l) => Number(l.split(' ')[1]));
      expect(numbers('default')).toEqual(Array.from({ length: 30 }, (_, at) => at * 2));
      expect(numbers('other')).toEqual(Array.from({ length: 30 }, (_, at) => at * 2 + 1));
    });

    it('says which tasks wait in it already', async () => {
      const { app } = await site();
      const clock = new ManualClock();
      const outbox = new Outbox({
        owner: async () => 'this-store',
        dataSource: app,
        migrate: true,
        clock,
        logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
        store: () => Promise.reject(new Error('The store is away')),
      });
      await outbox.open();
      onTestEnd(() => outbox.close());
      const task = () => newTask(clock, { mayExist: true });
      const [first, second, third] = [task(), task(), task()];
      const add = (...tasks: NewTask[]) => app.transaction((manager) => outbox.add(manager, tasks));
      expect(await add(first, first)).toEqual(['stored', 'existing']);
      expect(await add(second, first, third)).toEqual(['stored', 'existing', 'stored']);
      expect(await rows(app)).toBe(3);
    });

    it('has its table created by one of many processes that boot together', async () => {
      const { app, options } = await site();
      const others = await Promise.all(Array.from({ length: 5 }, () => connect(options)));
      for (let round = 0; round < 5; round += 1) {
        if (round > 0) await app.query('DROP TABLE nestjs_tasks_outbox');
        const outboxes = [app, ...others].map(
          (dataSource) =>
            new Outbox({
              owner: async () => 'this-store',
              dataSource,
              migrate: true,
              clock: new ManualClock(),
              logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
              store: () => Promise.resolve(),
            }),
        );
        const opened = await Promise.allSettled(outboxes.map((outbox) => outbox.open()));
        await Promise.all(outboxes.map((outbox) => outbox.close()));
        expect(opened.filter(({ status }) => status === 'rejected')).toEqual([]);
      }
    });

    it('hands over at boot what was left', async () => {
      const { app, store } = await site();
      const before = await boot(app, store, { workers: false });
      await before.app.close();
      const columns = ['id', 'queue', 'name', 'params', 'priority', 'run_at', 'created_at', 'sensitive'];
      await app.query(
        `INSERT INTO nestjs_tasks_outbox (${columns.map((column) => app.driver.escape(column)).join(', ')})
         VALUES ('left', 'default', 'work', '{"n":5}', 0, 1, 1, '[]')`,
      );
      const { ran } = await boot(app, store);
      await until('the task to run', () => ran.length > 0);
      expect(ran).toEqual(['default 5']);
    });

    it('says what waits while the store is away, in which queue and since when', async () => {
      const { app } = await site();
      let away = true;
      const clock = new ManualClock(1_000);
      const stored: string[] = [];
      const outbox = new Outbox({
        owner: async () => 'this-store',
        dataSource: app,
        migrate: true,
        clock,
        logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
        store: async (tasks) => {
          if (away) throw new Error('away');
          stored.push(...tasks.map(({ id }) => id));
        },
      });
      await outbox.open();
      onTestEnd(() => outbox.close());
      expect(await outbox.waiting()).toEqual([]);
      const task = { name: 'work', params: '{}', priority: 0, maxAttempts: 1, settings: null, sensitive: [] };
      const add = (id: string, queue: string, createdAt: number) =>
        app.transaction((manager) => outbox.add(manager, [{ ...task, id, queue, createdAt, runAt: createdAt }]));
      await add('one', 'emails', 10);
      await add('two', 'default', 20);
      await add('three', 'emails', 30);
      expect(await outbox.waiting()).toEqual([
        { queue: 'default', waiting: 1, oldestAt: 20 },
        { queue: 'emails', waiting: 2, oldestAt: 10 },
      ]);
      away = false;
      await until('the tasks to be handed over', async () => {
        clock.advance(1_000);
        return (await outbox.waiting()).length === 0;
      });
      expect(stored).toEqual(['one', 'two', 'three']);
    });

    it('takes the table from the app’s own migrations, and says so where it is missing', async () => {
      const { app, options, store } = await site();
      const own = { outbox: { dataSource: app, migrate: false } };
      await expect(boot(app, store, own)).rejects.toThrow(TasksConfigError);
      await expect(boot(app, store, own)).rejects.toThrow(
        /no table "nestjs_tasks_outbox".*outboxMigrations.*"migrate"/,
      );
      const migrated = await connect({
        ...options,
        migrations: outboxMigrations,
        entities: [OutboxTask],
      });
      await migrated.runMigrations();
      const { tasks, ran } = await boot(migrated, store, { outbox: { dataSource: migrated, migrate: false } });
      await migrated.transaction(async (manager) => {
        await tasks.queue('default', 'work', { n: 3 }, { manager });
        expect(await manager.find(OutboxTask)).toMatchObject([{ queue: 'default', params: '{"n":3}' }]);
      });
      await until('the task to run', () => ran.length > 0);
    });

    it('has one table, whatever prefix the app gives those of its entities, and OutboxTask reads it', async () => {
      const { app, options, store } = await site();
      const before = await boot(app, store, { workers: false });
      await before.app.close();
      const prefixed = await connect({ ...options, entityPrefix: 'shop_', entities: [OutboxTask] });
      const { tasks, ran } = await boot(prefixed, store);
      await prefixed.transaction(async (manager) => {
        await tasks.queue('default', 'work', { n: 3 }, { manager });
        expect(await manager.find(OutboxTask)).toMatchObject([{ queue: 'default', params: '{"n":3}' }]);
      });
      await until('the task to run', () => ran.length > 0);
      await until('the row to go', async () => (await rows(app)) === 0);
    });

    it('refuses the manager of a third database, and names the way out', async () => {
      const { app, store } = await site();
      const { tasks } = await boot(app, store);
      const third = await connect({ type: 'better-sqlite3', database: join(tempDirectory(), 'third.db') });
      const refused = third.transaction((manager) => tasks.queue('default', 'work', { n: 1 }, { manager }));
      await expect(refused).rejects.toThrow(ForeignManagerError);
      await expect(
        third.transaction((manager) => tasks.queue('default', 'work', { n: 1 }, { manager })),
      ).rejects.toThrow(/outbox: \{ dataSource: 'default' \}/);
    });
  });
}
