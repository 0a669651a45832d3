import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { describe, expect, it } from 'vitest';
import {
  ForeignManagerError,
  ManualClock,
  outboxMigrations,
  OutboxTask,
  type TaskContext,
  TaskDispatcher,
  TaskHandler,
  TasksConfigError,
  type TasksModuleOptions,
} from '../../lib/index.js';
import { Outbox } from '../../lib/outbox/index.js';
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
          ran.push(`${task.queue} ${params.n}`);
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

    it('keeps what a task was enqueued with', async () => {
      const { app, store } = await site();
      const { tasks } = await boot(app, store, { workers: false });
      const params = { n: 1, text: 'ünï ☃ 𝒳 \u0000' };
      const runAt = Date.now() + 3_600_000;
      const given = await app.transaction((manager) =>
        tasks.queue('other', 'work', params, { manager, runAt, priority: 7, maxRetries: 1 }),
      );
      const stored = await until('the task', () => tasks.get(given.id).catch(() => null));
      expect(stored).toEqual(given);
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
