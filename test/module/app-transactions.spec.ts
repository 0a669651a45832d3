import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';

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

  describe('that have others within them', () => {
    const ids = async (): Promise<Set<string>> => new Set((await tasks.list()).items.map(({ id }) => id));

    /** Enqueues in a transaction and in one within it; both are ended as they are told to. */
    async function nested(end: {
      inner?: () => never;
      outer?: () => never;
    }): Promise<{ outer: string; inner: string }> {
      const found = { outer: '', inner: '' };
      const whole = dataSource.transaction(async (manager) => {
        found.outer = (await tasks.queue('default', 'work', {}, { manager })).id;
        const part = manager.transaction(async (within) => {
          found.inner = (await tasks.queue('default', 'work', {}, { manager: within })).id;
          end.inner?.();
        });
        await part.catch(() => undefined);
        end.outer?.();
      });
      await whole.catch(() => undefined);
      return found;
    }

    const fail = (): never => {
      throw new Error('no');
    };

    it('keep both tasks when both are committed', async () => {
      const { outer, inner } = await nested({});
      expect(await ids()).toEqual(new Set([outer, inner]));
    });

    it('keep only the outer one’s when the inner one is rolled back', async () => {
      const { outer } = await nested({ inner: fail });
      expect(await ids()).toEqual(new Set([outer]));
    });

    it('keep neither when the outer one is rolled back after the inner one has ended', async () => {
      await nested({ outer: fail });
      expect(await ids()).toEqual(new Set());
    });
  });
});
