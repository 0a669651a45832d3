import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { beforeAll, it } from 'vitest';
import { describeWith } from '../support/servers/find-program.js';
import { SharedMariadb } from '../support/servers/shared-mariadb.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { until } from '../support/until.js';
import { describeOutbox } from './outbox.suite.js';

describeWith('mariadb', 'MariaDB', () => {
  let server: SharedMariadb;

  beforeAll(async () => {
    server = await SharedMariadb.join();
  });

  describeOutbox('MariaDB', () => server.createDatabase());

  it('is found by a transaction that the app points to another database', async () => {
    const app = await new DataSource(await server.createDatabase()).initialize();
    onTestEnd(() => app.destroy());
    const store = { database: join(tempDirectory(), 'tasks.db'), outbox: { dataSource: app }, workers: false } as const;
    const tasks = dispatcherOf(await bootApp({ tasks: store }));
    const { id } = await app.transaction(async (manager) => {
      await manager.query('USE information_schema');
      return tasks.queue('default', 'work', {}, { manager });
    });
    await until('the task to arrive', () => tasks.get(id).catch(() => null));
  });
});
