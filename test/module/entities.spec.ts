import 'reflect-metadata';
import { join } from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, DefaultNamingStrategy, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { describe, expect, it } from 'vitest';
import {
  AttemptEntity,
  LogEntity,
  type TaskContext,
  TaskEntity,
  TaskHandler,
  TASKS_ENTITIES,
  TasksModule,
} from '../../lib/index.js';
import { bootApp, dispatcherOf, ended, tempDirectory } from './support.js';

@Entity()
class Invoice {
  @PrimaryGeneratedColumn() id!: number;
  @Column() paidAt!: string;
}

@TaskHandler('bill', { maxRetries: 0 })
class BillHandler {
  handle({ fails }: { fails: boolean }, task: TaskContext): void {
    task.log('billing');
    if (fails) throw new RangeError('no such customer');
  }
}

/** Names everything in its own way, as a strategy for snake case does. */
class LoudNames extends DefaultNamingStrategy {
  override tableName(target: string, given: string | undefined): string {
    return given ?? `T_${target.toUpperCase()}`;
  }
  override columnName(property: string, given: string | undefined): string {
    return given ?? property.toUpperCase();
  }
}

async function boot(database: string) {
  const orm = TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    database,
    entities: [Invoice, ...TASKS_ENTITIES],
    synchronize: true,
    namingStrategy: new LoudNames(),
  });
  const tasks = TasksModule.forRoot({ dataSource: 'default', configFile: false, admin: false });
  const app = await bootApp({ tasks: null, imports: [orm, tasks], providers: [BillHandler] });
  return { app, dataSource: app.get(DataSource), tasks: dispatcherOf(app) };
}

const schemaOf = (dataSource: DataSource) =>
  dataSource.query<unknown[]>(`SELECT name, sql FROM sqlite_master WHERE name LIKE 'tasks%' ORDER BY name`);

describe("The store's entities in the app's own DataSource", () => {
  it('are read by its repositories', async () => {
    const { dataSource, tasks } = await boot(join(tempDirectory(), 'app.db'));
    const good = await tasks.queue('default', 'bill', { fails: false });
    const bad = await tasks.queue('default', 'bill', { fails: true });
    await ended(tasks, good.id);
    await ended(tasks, bad.id);
    const failed = await dataSource.getRepository(TaskEntity).findOneByOrFail({ state: 'failed' });
    expect(failed).toMatchObject({ id: bad.id, queue: 'default', name: 'bill', attempt: 1, params: '{"fails":true}' });
    expect(await dataSource.getRepository(AttemptEntity).findBy({ task: failed.seq })).toMatchObject([
      { outcome: 'failed', errorName: 'RangeError', errorMessage: 'no such customer' },
    ]);
    expect(await dataSource.getRepository(LogEntity).countBy({ message: 'billing' })).toBe(2);
  });

  it('are left alone by its synchronize, its migrations and its naming strategy', async () => {
    const database = join(tempDirectory(), 'app.db');
    const first = await boot(database);
    const { id } = await first.tasks.queue('default', 'bill', { fails: false });
    await ended(first.tasks, id);
    const before = await schemaOf(first.dataSource);
    expect(before.length).toBeGreaterThan(10);
    await first.app.close();

    const second = await boot(database);
    expect(await schemaOf(second.dataSource)).toEqual(before);
    expect(await second.tasks.get(id)).toMatchObject({ state: 'completed' });
    const { upQueries } = await second.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });
});
