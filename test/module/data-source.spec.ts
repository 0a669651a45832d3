import 'reflect-metadata';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { ForeignManagerError, TaskNotFoundError, TasksConfigError } from '../../lib/contract/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, moduleOf, onTestEnd, signal, tempDirectory } from './support.js';

@Entity()
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() item!: string;
}

@TaskHandler('receipt')
class ReceiptHandler {
  readonly orders: number[] = [];
  handle({ order }: { order: number }): void {
    this.orders.push(order);
  }
}

const OWN = { database: undefined, configFile: false, admin: false } as const;

function typeOrm(database: string, name?: string) {
  return TypeOrmModule.forRoot({
    ...(name !== undefined && { name }),
    type: 'better-sqlite3',
    database,
    entities: [Order],
    synchronize: true,
  });
}

async function checkTransactions(app: INestApplicationContext, dataSource: DataSource): Promise<void> {
  const tasks = dispatcherOf(app);
  let id = '';
  const rolledBack = dataSource.transaction(async (manager) => {
    await manager.save(manager.create(Order, { item: 'tea' }));
    id = (await tasks.queue('default', 'receipt', { order: 1 }, { manager })).id;
    throw new Error('no tea');
  });
  await expect(rolledBack).rejects.toThrow('no tea');
  await expect(tasks.get(id)).rejects.toThrow(TaskNotFoundError);

  await dataSource.transaction(async (manager) => {
    const order = await manager.save(manager.create(Order, { item: 'coffee' }));
    id = (await tasks.queue('default', 'receipt', { order: order.id }, { manager })).id;
    await expect(tasks.get(id)).rejects.toThrow(TaskNotFoundError);
    await tasks.queueMany('default', 'receipt', [{ order: order.id }], { manager });
  });
  expect(await ended(tasks, id)).toMatchObject({ state: 'completed' });
  const { items } = await tasks.list();
  expect(items).toHaveLength(2);
  for (const task of items) await ended(tasks, task.id);
  const order = await dataSource.getRepository(Order).findOneByOrFail({ item: 'coffee' });
  expect(app.get(ReceiptHandler).orders).toEqual([order.id, order.id]);
}

describe("The app's own DataSource", () => {
  it.each([
    ['default', undefined, true],
    ['default', undefined, false],
    ['shop', 'shop', true],
    ['shop', 'shop', false],
  ])('is found as "%s" (name %s, imported first: %s)', async (dataSource, name, first) => {
    const orm = typeOrm(join(tempDirectory(), 'app.db'), name);
    const tasks = TasksModule.forRoot({ ...OWN, dataSource });
    const imports = first ? [orm, tasks] : [tasks, orm];
    const app = await bootApp({ tasks: null, imports, providers: [ReceiptHandler] });
    await checkTransactions(app, app.get<DataSource>(getDataSourceToken(name)));
  });

  it('may be given as the object', async () => {
    const dataSource = new DataSource({
      type: 'better-sqlite3',
      database: join(tempDirectory(), 'app.db'),
      entities: [Order],
      synchronize: true,
    });
    const forRoot = TasksModule.forRoot({ ...OWN, dataSource });
    await expect(bootApp({ tasks: null, imports: [forRoot] })).rejects.toThrow(/is not initialised/);
    await dataSource.initialize();
    onTestEnd(() => dataSource.destroy());
    const app = await bootApp({ tasks: null, imports: [forRoot], providers: [ReceiptHandler] });
    await checkTransactions(app, dataSource);
  });

  it('may be injected into forRootAsync from a module that is not global', async () => {
    const provider = {
      provide: 'shop-database',
      useFactory: async () =>
        new DataSource({
          type: 'better-sqlite3',
          database: join(tempDirectory(), 'app.db'),
          entities: [Order],
          synchronize: true,
        }).initialize(),
    };
    const databaseModule = moduleOf({ providers: [provider], exports: ['shop-database'] }, 'DatabaseModule');
    const app = await bootApp({
      tasks: null,
      imports: [
        TasksModule.forRootAsync({
          configFile: false,
          imports: [databaseModule],
          inject: ['shop-database'],
          useFactory: (dataSource: DataSource) => ({ dataSource, admin: false as const }),
        }),
      ],
      providers: [ReceiptHandler],
    });
    const dataSource = app.get<DataSource>('shop-database', { strict: false });
    onTestEnd(() => dataSource.destroy());
    await checkTransactions(app, dataSource);
  });

  it('is closed after the handlers have ended', async () => {
    const started = signal();
    const counts: number[] = [];
    @TaskHandler('count')
    class CountHandler {
      constructor(private readonly dataSource: DataSource) {}
      async handle(_params: object, task: TaskContext): Promise<void> {
        started.resolve();
        await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
        counts.push(await this.dataSource.getRepository(Order).count());
      }
    }
    const app = await bootApp({
      tasks: null,
      imports: [
        TasksModule.forRoot({ ...OWN, dataSource: 'default', shutdownGrace: '10ms' }),
        typeOrm(join(tempDirectory(), 'app.db')),
      ],
      providers: [CountHandler],
    });
    await dispatcherOf(app).queue('default', 'count', {});
    await started.promise;
    const dataSource = app.get(DataSource);
    await app.close();
    expect(counts).toEqual([0]);
    expect(dataSource.isInitialized).toBe(false);
  });
});

describe('The boot stops', () => {
  async function bootError(dataSource: string, ...imports: NonNullable<Parameters<typeof bootApp>[0]['imports']>) {
    const tasks = TasksModule.forRoot({ ...OWN, dataSource });
    const error: unknown = await bootApp({ tasks: null, imports: [...imports, tasks] }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TasksConfigError);
    return (error as TasksConfigError).message;
  }

  it('when there is no such DataSource', async () => {
    expect(await bootError('default')).toMatch(/there is no DataSource "default". Import TypeOrmModule.forRoot/);
    const orm = typeOrm(join(tempDirectory(), 'app.db'));
    expect(await bootError('shop', orm)).toMatch(/there is no DataSource "shop".*name: 'shop'/);
  });

  it('when it is not there yet, and no injection can wait for it', async () => {
    const provider = {
      provide: 'lateDataSource',
      useFactory: () => new Promise<never>((_resolve, reject) => setTimeout(reject, 1_000, new Error('late')).unref()),
    };
    const elsewhere = moduleOf({ providers: [provider] }, 'DatabaseModule');
    expect(await bootError('late', elsewhere)).toMatch(/"late" is provided by a module that is not global/);
  });

  it('when it is no file', async () => {
    expect(await bootError('default', typeOrm(':memory:'))).toMatch(/must be a file/);
  });

  it('when it is of another type', async () => {
    // A stand-in: TypeORM makes no DataSource of a type whose driver is not installed.
    const postgres = { options: { type: 'postgres', database: 'shop' }, isInitialized: true };
    const provider = { provide: 'mainDataSource', useValue: postgres };
    const elsewhere = moduleOf({ providers: [provider] }, 'DatabaseModule');
    expect(await bootError('main', elsewhere)).toMatch(
      /"main" is of type "postgres"; tasks live in one of type "better-sqlite3"/,
    );
  });
});

it('A manager of another database is refused, naming the ways out', async () => {
  const app = await bootApp({
    tasks: { database: join(tempDirectory(), 'tasks.db') },
    imports: [typeOrm(join(tempDirectory(), 'app.db'))],
    providers: [ReceiptHandler],
  });
  await app.get(DataSource).transaction(async (manager) => {
    const foreign = dispatcherOf(app).queue('default', 'receipt', { order: 1 }, { manager });
    await expect(foreign).rejects.toThrow(ForeignManagerError);
    await expect(foreign).rejects.toThrow(/dataSource/);
  });
  expect((await dispatcherOf(app).list()).items).toEqual([]);
});
