import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { expect, it } from 'vitest';
import { OutboxTask } from '../../lib/outbox/index.js';
import { bootApp, dispatcherOf, tempDirectory } from '../module/support.js';
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
