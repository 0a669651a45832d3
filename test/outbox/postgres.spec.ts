import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { StoreError } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { until } from '../support/until.js';
import { describeOutbox } from './outbox.suite.js';

describeWith('postgres', 'PostgreSQL', () => {
  let server: SharedPostgres;

  beforeAll(async () => {
    server = await SharedPostgres.join();
  });

  afterAll(() => server.leave());

  const database = async (): Promise<DataSourceOptions> => ({
    type: 'postgres',
    url: await server.createDatabase(),
  });

  describeOutbox('PostgreSQL', database);

  it.each<[string, Partial<DataSourceOptions>, string]>([
    ['a schema that is not there', { schema: 'nowhere' }, 'schema "nowhere" does not exist'],
    [
      'a database that is only read',
      { extra: { options: '-c default_transaction_read_only=on' } },
      'cannot execute CREATE TABLE in a read-only transaction',
    ],
  ])('says whose table cannot be made, and what would be right, in %s', async (_what, options, why) => {
    const app = await new DataSource({ ...(await database()), ...options } as DataSourceOptions).initialize();
    onTestEnd(() => app.destroy());
    const booted = bootApp({ tasks: { database: join(tempDirectory(), 'tasks.db'), outbox: { dataSource: app } } });
    await expect(booted).rejects.toThrow(StoreError);
    await expect(booted).rejects.toThrow(
      `"outbox": the table "nestjs_tasks_outbox" cannot be made or changed in the DataSource. Let its user do that, or have ` +
        `the migrations in "outboxMigrations" of nestjs-tasks run by who may, and give "migrate": false: ${why}`,
    );
  });

  it('is found by a transaction that the app points to the schema of one of its tenants', async () => {
    const app = await new DataSource(await database()).initialize();
    onTestEnd(() => app.destroy());
    await app.query('CREATE SCHEMA tenant');
    const store = { database: join(tempDirectory(), 'tasks.db'), outbox: { dataSource: app }, workers: false } as const;
    const tasks = dispatcherOf(await bootApp({ tasks: store }));
    const { id } = await app.transaction(async (manager) => {
      await manager.query('SET LOCAL search_path TO tenant');
      return tasks.queue('default', 'work', {}, { manager });
    });
    await until('the task to arrive', () => tasks.get(id).catch(() => null));
  });

  it('is found in the schema of the DataSource, where the connection does not look', async () => {
    const options = { ...(await database()), schema: 'shop' } as DataSourceOptions;
    const app = await new DataSource(options).initialize();
    onTestEnd(() => app.destroy());
    await app.query('CREATE SCHEMA shop');
    let runs = 0;
    class Work {
      @TaskHandler('work')
      work(): void {
        runs += 1;
      }
    }
    const tasks = dispatcherOf(
      await bootApp({
        tasks: { database: join(tempDirectory(), 'tasks.db'), outbox: { dataSource: app } },
        providers: [Work],
      }),
    );
    await app.transaction((manager) => tasks.queue('default', 'work', {}, { manager }));
    await until('the task to run', () => runs === 1);
    await until('the row to go', async () => {
      const [{ n }] = await app.query('SELECT count(*)::int AS n FROM shop.nestjs_tasks_outbox');
      return n === 0;
    });
  });
});
