import { join } from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
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
