import { DataSource, type DataSourceOptions } from 'typeorm';
import { beforeAll, expect, it } from 'vitest';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { outboxMigrations } from '../../lib/outbox/index.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { until } from '../support/until.js';
import { SharedMariadb } from '../support/servers/shared-mariadb.js';

describeWith('mariadb', 'MariaDB whose databases have another character set than utf8mb4', () => {
  let server: SharedMariadb;

  beforeAll(async () => {
    server = await SharedMariadb.join();
  });

  /** An app's database, whose new tables have the character set. */
  async function database(
    characters: string,
    options: Pick<DataSourceOptions, 'migrations'> & { charset?: string } = {},
  ): Promise<DataSource> {
    const given = await server.createDatabase();
    const app = await new DataSource({ ...given, ...options }).initialize();
    onTestEnd(() => app.destroy());
    await app.query(`ALTER DATABASE ${given.database} CHARACTER SET ${characters}`);
    return app;
  }

  async function boot(app: DataSource, options: TasksModuleRootOptions = {}, ...providers: Array<new () => object>) {
    const module = await bootApp({
      tasks: { database: `${tempDirectory()}/tasks.db`, outbox: { dataSource: app }, workers: false, ...options },
      providers,
    });
    return dispatcherOf(module);
  }

  it.each([
    ['utf8mb3', 'utf8mb4'],
    ['utf8mb3', 'UTF8_GENERAL_CI'],
    ['latin1', 'utf8mb4'],
    ['latin1', 'LATIN1_SWEDISH_CI'],
  ])('takes every character there is in %s, over a connection in %s', async (characters, charset) => {
    const app = await database(characters, { charset });
    const tasks = await boot(app);
    const params = { text: 'Thanks 😀 \\ud83d "é" \\\\ 𝒳 任务', relevé: 1 };
    const name = charset.startsWith('LATIN1') ? 'greet' : '😀 greet \\ 任务';
    const { id } = await app.transaction((manager) => tasks.queue<string>('default', name, params, { manager }));
    expect(await until('the task in the store', () => tasks.get(id).catch(() => null))).toMatchObject({ name, params });
  });

  it('changes a table that is there, once, and tells upper case from lower', async () => {
    const app = await database('latin1', { migrations: [...outboxMigrations] });
    const runner = app.createQueryRunner();
    for (const Migration of outboxMigrations.slice(0, 3)) await new Migration().up(runner);
    await runner.release();
    await expect(boot(app, { outbox: { dataSource: app, migrate: false } })).rejects.toThrow(
      /is of an earlier version. Run the migrations in "outboxMigrations"/,
    );
    const tasks = await boot(app, { queues: { mail: {}, Mail: {} } });
    await app.transaction(async (manager) => {
      for (const queue of ['mail', 'Mail', 'mail']) await tasks.queue(queue, '任务', {}, { manager });
      // Neither is handed over.
      await manager.query("UPDATE nestjs_tasks_outbox SET `sensitive` = 'torn'");
    });
    const depths = await until('all to be set aside', async () => {
      const { queues } = await tasks.outbox();
      return queues.every(({ waiting }) => waiting === 0) && queues;
    });
    expect(depths).toMatchObject([
      { queue: 'Mail', setAside: 1 },
      { queue: 'mail', setAside: 2 },
    ]);
    await app.runMigrations();
    await boot(app, { outbox: { dataSource: app, migrate: false } });
  });
});
