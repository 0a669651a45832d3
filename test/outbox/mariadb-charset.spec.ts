import { DataSource } from 'typeorm';
import { beforeAll, expect, it } from 'vitest';
import { outboxMigrations } from '../../lib/outbox/index.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { until } from '../support/until.js';
import { SharedMariadb } from '../support/servers/shared-mariadb.js';

describeWith('mariadb', 'MariaDB with the character set utf8mb3', () => {
  let server: SharedMariadb;

  beforeAll(async () => {
    server = await SharedMariadb.join();
  });

  it.each(['utf8mb4', 'UTF8_GENERAL_CI'])(
    'takes params with every character there is, over a connection in %s',
    async (charset) => {
      const options = await server.createDatabase();
      const app = await new DataSource({ ...options, charset, migrations: [...outboxMigrations] }).initialize();
      onTestEnd(() => app.destroy());
      await app.query(`ALTER DATABASE ${options.database} CHARACTER SET utf8mb3`);
      await app.runMigrations();
      const module = await bootApp({
        tasks: { database: `${tempDirectory()}/tasks.db`, outbox: { dataSource: app }, workers: false },
      });
      const tasks = dispatcherOf(module);
      const text = 'Thanks 😀 \\ud83d "é" \\\\ 𝒳';
      const { id } = await app.transaction((manager) => tasks.queue<string>('default', 'greet', { text }, { manager }));
      const { params } = await until('the task in the store', () => tasks.get(id).catch(() => null));
      expect(params).toEqual({ text });
    },
  );
});
