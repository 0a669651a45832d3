import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { expect, it } from 'vitest';
import { outboxMigrations, OutboxTask } from '../../lib/outbox/index.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { until } from '../support/until.js';
import { describeOutbox } from './outbox.suite.js';

const database = async (folder: string): Promise<DataSourceOptions> => ({
  type: 'better-sqlite3',
  database: join(folder, 'app.db'),
});

describeOutbox('a SQLite file', database);

it('leaves its table alone where the app synchronizes its entities, that of the outbox among them', async () => {
  const folder = tempDirectory();
  const options: DataSourceOptions = { ...(await database(folder)), entities: [OutboxTask], synchronize: true };
  for (let boots = 0; boots < 2; boots += 1) {
    const app = await new DataSource(options).initialize();
    const context = await bootApp({
      tasks: { database: join(folder, 'tasks.db'), outbox: { dataSource: app }, workers: false },
    });
    const tasks = dispatcherOf(context);
    const { id } = await app.transaction((manager) => tasks.queue('default', 'work', {}, { manager }));
    await until('the task to arrive', () => tasks.get(id).catch(() => null));
    expect(await until('the row to go', async () => (await app.getRepository(OutboxTask).count()) === 0)).toBe(true);
    await context.close();
    await app.destroy();
  }
});

it('makes its table, and takes it away, by a runner of TypeORM 0.3, which calls the DataSource a connection', async () => {
  const app = await new DataSource(await database(tempDirectory())).initialize();
  const runner = app.createQueryRunner();
  const earlier = new Proxy(runner, {
    get(target, key) {
      if (key === 'connection') return app;
      const value: unknown = key === 'dataSource' ? undefined : Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  for (const Migration of outboxMigrations) await new Migration().up(earlier);
  expect(await runner.hasColumn('nestjs_tasks_outbox', 'traits')).toBe(true);
  for (const Migration of outboxMigrations.toReversed()) await new Migration().down(earlier);
  expect(await runner.hasTable('nestjs_tasks_outbox')).toBe(false);
  await runner.release();
  await app.destroy();
});

it('is read in the file that the app has open, wherever the process has gone since', async () => {
  const [folder, elsewhere, before] = [tempDirectory(), tempDirectory(), process.cwd()];
  onTestEnd(() => process.chdir(before));
  process.chdir(folder);
  const app = await new DataSource({ type: 'better-sqlite3', database: 'app.db' }).initialize();
  onTestEnd(() => app.destroy());
  process.chdir(elsewhere);
  const store = { database: join(folder, 'tasks.db'), outbox: { dataSource: app }, workers: false } as const;
  const tasks = dispatcherOf(await bootApp({ tasks: store }));
  const { id } = await app.transaction((manager) => tasks.queue('default', 'work', {}, { manager }));
  expect(await tasks.outbox()).toMatchObject({ enabled: true });
  await until('the task to arrive', () => tasks.get(id).catch(() => null));
  expect(readdirSync(elsewhere)).toEqual([]);
});
