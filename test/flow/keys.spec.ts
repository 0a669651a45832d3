import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import type { Task } from '../../lib/contract/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';

interface ImportParams {
  readonly tenantId: string | number | null;
}

@TaskHandler('import_csv', { key: (params: ImportParams) => params.tenantId })
class ImportHandler {
  async handle(_params: ImportParams): Promise<void> {}
}

@TaskHandler('broken_key', {
  key: (params: { readonly secret: string }) => {
    throw new RangeError(params.secret);
  },
})
class BrokenKeyHandler {
  async handle(_params: { readonly secret: string }): Promise<void> {}
}

describe('The key of a task', () => {
  let app: TestingModule | null = null;
  let tasks: TaskDispatcher;

  afterEach(async () => {
    await app?.close();
    app = null;
  });

  async function start(options: TasksModuleOptions = {}): Promise<void> {
    const module = TasksModule.forRoot({
      database: ':memory:',
      configFile: false,
      admin: false,
      workers: false,
      queues: { imports: { key: { concurrency: 1 }, fair: true }, plain: {} },
      ...options,
    });
    app = await Test.createTestingModule({ imports: [module], providers: [ImportHandler, BrokenKeyHandler] }).compile();
    await app.init();
    tasks = app.get(TaskDispatcher);
  }

  const stateOf = async ({ id }: { readonly id: string }): Promise<Task['state']> => (await tasks.get(id)).state;

  it('is what the handler makes of the params; a call wins, and a function of a call', async () => {
    await start();
    const key = async (...[params, options]: [ImportParams, { key?: string | (() => string) }?]) =>
      (await tasks.queue<string>('imports', 'import_csv', params, options)).key;
    expect(await key({ tenantId: 'acme' })).toBe('acme');
    expect(await key({ tenantId: 7 })).toBe('7');
    expect(await key({ tenantId: null })).toBeUndefined();
    expect(await key({ tenantId: 'acme' }, { key: 'mine' })).toBe('mine');
    expect(await key({ tenantId: 'acme' }, { key: () => 'made' })).toBe('made');
    const [first, second] = await tasks.queueMany('imports', [
      { name: 'import_csv', params: { tenantId: 'a' } },
      { name: 'import_csv', params: { tenantId: 'a' }, options: { key: 'row' } },
    ]);
    expect([first!.key, second!.key]).toEqual(['a', 'row']);
  });

  it('is refused where it cannot be one, and where nothing shares slots by it', async () => {
    await start();
    const queue = (name: string, key: unknown, params: object = { tenantId: 'a' }, task = 'import_csv') =>
      tasks.queue<string>(name, task, params, key === undefined ? {} : { key: key as string });
    await expect(queue('imports', '')).rejects.toThrow('key must be a text of 1 to 255 characters');
    await expect(queue('imports', 7)).rejects.toThrow('key must be a text');
    await expect(queue('imports', () => ({}))).rejects.toThrow('key must be a text');
    await expect(queue('plain', () => 'a')).rejects.toThrow('give the queue "key" or "fair"');
    await expect(queue('plain', 'a')).rejects.toThrow('give id instead');
    const broken = queue('imports', undefined, { secret: 'hush' }, 'broken_key');
    await expect(broken).rejects.toThrow(
      'key could not be made of the params of task "broken_key": it threw RangeError',
    );
    await expect(broken).rejects.not.toThrow('hush');
  });

  it('is raised over others: what waits of it starts first, and a slot of its own goes to the earliest of it', async () => {
    await start();
    const rows = (tenantId: string) => Array.from({ length: 3 }, () => ({ tenantId }));
    const others = await tasks.queueMany<string>('imports', 'import_csv', rows('globex'));
    const later = await tasks.queue<string>('imports', 'import_csv', { tenantId: 'acme' }, { delay: '1h' });
    const [first, second, third] = await tasks.queueMany<string>('imports', 'import_csv', rows('acme'));
    await tasks.update(third!.id, { priority: 3 });
    expect(await Promise.all([first!, second!, third!].map(stateOf))).toEqual(['held', 'held', 'available']);

    expect(await tasks.setKeyPriority('imports', 'acme', 7)).toBe(4);
    const raised = await Promise.all([first!, second!, third!, later].map(({ id }) => tasks.get(id)));
    expect(raised.map(({ priority, state }) => [priority, state])).toEqual([
      [7, 'available'],
      [7, 'held'],
      [7, 'held'],
      [7, 'scheduled'],
    ]);
    expect((await Promise.all(others.map(({ id }) => tasks.get(id)))).map(({ priority }) => priority)).toEqual([
      0, 0, 0,
    ]);
    expect(await tasks.setKeyPriority('imports', 'initech', 7)).toBe(0);
    await expect(tasks.setKeyPriority('imports', 'acme', 0.5)).rejects.toThrow('priority must be a whole number');
    await expect(tasks.setKeyPriority('imports', '', 1)).rejects.toThrow('key must be a text');
    await expect(tasks.setKeyPriority('importz', 'acme', 1)).rejects.toThrow('importz');
  });

  it('holds what has no slot, says why and for whom, and gives the slot on', async () => {
    await start();
    const rows = Array.from({ length: 3 }, () => ({ tenantId: 'acme' }));
    const [first, second, third] = await tasks.queueMany<string>('imports', 'import_csv', rows);
    expect(await Promise.all([first!, second!, third!].map(stateOf))).toEqual(['available', 'held', 'held']);
    expect((await tasks.get(third!.id)).hold).toEqual({ key: 'acme', concurrency: 1, holders: [first!.id], ahead: 1 });
    expect(await tasks.keys('imports')).toEqual({
      queue: 'imports',
      flow: { keyConcurrency: 1, fair: true },
      keys: [{ key: 'acme', held: 2, available: 1, running: 0 }],
      next: null,
    });

    await tasks.cancel(second!.id);
    await tasks.cancel(first!.id);
    expect(await stateOf(third!)).toBe('available');
    await tasks.retry(first!.id);
    expect(await stateOf(first!)).toBe('held');
    await tasks.delete(third!.id);
    expect(await stateOf(first!)).toBe('available');
    expect((await tasks.list({ state: 'held' })).items).toEqual([]);
  });

  it('gives its slot to a task of a higher priority, and to one whose priority is raised', async () => {
    await start();
    const queue = (priority: number) => tasks.queue<string>('imports', 'import_csv', { tenantId: 'a' }, { priority });
    const [low, high, last] = [await queue(0), await queue(5), await queue(1)];
    expect(await Promise.all([low, high, last].map(stateOf))).toEqual(['held', 'available', 'held']);
    await tasks.update(last.id, { priority: 9 });
    expect(await Promise.all([low, high, last].map(stateOf))).toEqual(['held', 'held', 'available']);
    await tasks.update(last.id, { delay: '1h' });
    expect(await Promise.all([low, high, last].map(stateOf))).toEqual(['held', 'available', 'scheduled']);
    await tasks.runNow(last.id);
    expect(await Promise.all([low, high, last].map(stateOf))).toEqual(['held', 'held', 'available']);
  });

  it('has more slots, or fewer, from the moment that setQueue has resolved', async () => {
    await start();
    const rows = Array.from({ length: 500 }, (_, n) => ({ tenantId: `t${n % 100}` }));
    await tasks.queueMany<string>('imports', 'import_csv', rows);
    const stats = async () => (await tasks.stats()).find(({ queue }) => queue === 'imports')!;
    const counts = async () => {
      const { counts: found } = await stats();
      return [found.available, found.held];
    };
    expect(await counts()).toEqual([100, 400]);
    await tasks.setQueue('imports', { key: { concurrency: 3 } });
    expect(await counts()).toEqual([300, 200]);
    expect((await stats()).flow).toEqual({ keyConcurrency: 3, fair: true });
    await tasks.setQueue('imports', { key: { concurrency: 2 } });
    expect(await counts()).toEqual([200, 300]);
    await tasks.setQueue('imports', { key: { concurrency: null } });
    expect(await counts()).toEqual([100, 400]);
    expect((await stats()).flow).toEqual({ keyConcurrency: 1, fair: true });
    const page = await tasks.keys('imports', { limit: 60 });
    expect(page.keys).toHaveLength(60);
    const rest = await tasks.keys('imports', { limit: 60, after: page.next! });
    expect([rest.keys.length, rest.next]).toEqual([40, null]);
    await expect(tasks.setQueue('imports', { key: { concurrency: 0 } })).rejects.toThrow('key.concurrency must be');
    await expect(tasks.setQueue('imports', {})).rejects.toThrow('Say what is to change');
  });

  it('runs one at a time of each, and no more than the queue may run in all', async () => {
    const running = new Map<string, number>();
    let [all, worstOfKey, worst, done] = [0, 0, 0, 0];
    @TaskHandler('count', { key: (params: { readonly key: string }) => params.key })
    class CountHandler {
      async handle({ key }: { readonly key: string }): Promise<void> {
        running.set(key, (running.get(key) ?? 0) + 1);
        all += 1;
        worst = Math.max(worst, all);
        worstOfKey = Math.max(worstOfKey, running.get(key)!);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running.set(key, running.get(key)! - 1);
        all -= 1;
        done += 1;
      }
    }
    const queues = { imports: { key: { concurrency: 1 }, fair: true, globalConcurrency: 3 } };
    const module = TasksModule.forRoot({
      database: ':memory:',
      configFile: false,
      admin: false,
      workers: { imports: 10 },
      queues,
    });
    app = await Test.createTestingModule({ imports: [module], providers: [CountHandler] }).compile();
    await app.init();
    tasks = app.get(TaskDispatcher);
    const rows = Array.from({ length: 200 }, (_, n) => ({ key: `k${n % 7}` }));
    await tasks.queueMany<string>('imports', 'count', rows);
    await until('the end of all', () => done === rows.length);
    expect({ worstOfKey, worst }).toEqual({ worstOfKey: 1, worst: 3 });
  });

  it('counts within the transaction of a caller, and not where that is rolled back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keys-'));
    const source = new DataSource({ type: 'better-sqlite3', database: join(folder, 'app.db'), enableWAL: true });
    await source.initialize();
    await start({ database: undefined, dataSource: source });
    const enqueue = (manager: DataSource['manager']) =>
      tasks.queueMany<string>(
        'imports',
        'import_csv',
        Array.from({ length: 3 }, () => ({ tenantId: 'a' })),
        { manager },
      );
    const lost = source.transaction(async (manager) => {
      await enqueue(manager);
      throw new Error('rolled back');
    });
    await expect(lost).rejects.toThrow('rolled back');
    expect((await tasks.keys('imports')).keys).toEqual([]);
    await source.transaction(enqueue);
    expect((await tasks.keys('imports')).keys).toEqual([{ key: 'a', held: 2, available: 1, running: 0 }]);
    const { counts } = (await tasks.stats()).find(({ queue }) => queue === 'imports')!;
    expect([counts.available, counts.held]).toEqual([1, 2]);
    await app!.close();
    app = null;
    await source.destroy();
    rmSync(folder, { recursive: true });
  });

  it('is refused at boot by an engine that has none', async () => {
    const engine = { bullmq: { connection: { host: '127.0.0.1', port: 1 } } };
    const queues = { imports: { key: { concurrency: 1 }, fair: true } };
    const module = TasksModule.forRoot({ engine, configFile: false, admin: false, queues });
    const compiling = Test.createTestingModule({ imports: [module] }).compile();
    await expect(compiling).rejects.toThrow('Queue "imports": "key" cannot be had, as the engine "bullmq-redis"');
    await expect(compiling).rejects.toThrow('Queue "imports": "fair" cannot be had');
  });
});
