import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskDispatcher, TaskHandler, TasksModule } from '../../lib/index.js';

@Injectable()
class Work {
  @TaskHandler('work')
  async work(): Promise<void> {}
}

describe('the app’s own transactions on the file that the tasks are in', () => {
  let folder: string;
  let close: () => Promise<void>;
  let tasks: TaskDispatcher;
  let dataSource: DataSource;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tasks-app-'));
    @Module({
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database: join(folder, 'app.db') }),
        TasksModule.forRoot({ dataSource: 'default', configFile: false, admin: false }),
      ],
      providers: [Work],
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    close = () => app.close();
    tasks = app.get(TaskDispatcher);
    dataSource = app.get(DataSource);
    await dataSource.query('CREATE TABLE orders (id INTEGER PRIMARY KEY)');
  });

  afterEach(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
  });

  it('may read, wait and then write, while tasks are enqueued and run', async () => {
    const finished: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round += 1) {
      await dataSource.transaction(async (manager) => {
        await manager.query('SELECT count(*) FROM orders');
        finished.push(tasks.queue('default', 'work', { round }));
        // Turns enough for a commit of the engine, if it made one.
        for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
        await manager.query('INSERT INTO orders DEFAULT VALUES');
      });
    }
    await Promise.all(finished);
    expect(await dataSource.query('SELECT count(*) AS n FROM orders')).toEqual([{ n: 20 }]);
  });
});
