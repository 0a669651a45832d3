import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, Deliveries, newTask, type Held } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const ONE_AT_ONCE = { concurrency: 1, priority: 0, rateLimit: null };

describe('What a handler reports of a task that it no longer has', () => {
  const clock = new ManualClock(Date.UTC(2027, 0, 1));
  let folder: string;
  let engines: TaskEngine[];
  let engine: TaskEngine;
  let database: Database.Database;
  let deliveries: Deliveries;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-reports-'));
    engines = [];
    engine = await open();
    database = new Database(join(folder, 'tasks.db'));
    deliveries = new Deliveries();
    for (const queue of ['work', 'own']) await engine.delivering.consume(queue, ONE_AT_ONCE, deliveries.run);
  });

  afterEach(async () => {
    database.close();
    for (const each of engines) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<TaskEngine> {
    const options = { database: join(folder, 'tasks.db'), synchronous: 'normal', lease: 30_000 } as const;
    const opened = sqliteEngine({ ...options, maxLostAttempts: 3 }, contextWith(clock));
    engines.push(opened);
    await opened.open();
    return opened;
  }

  async function take(queue: 'work' | 'own'): Promise<Held> {
    await engine.enqueueing.enqueue([newTask(clock, { queue })]);
    return deliveries.next();
  }

  /** Reports of one process are stored together: once those of a task that it has are there, the others were tried. */
  async function reported(): Promise<void> {
    const own = await take('own');
    own.delivery.log('of its own');
    await until('reports to be stored', async () => (await engine.inspecting.get(own.id))!.logs.length > 0);
    own.end(completed);
  }

  it('is not shown as that of the process that has it now', async () => {
    const stale = await take('work');
    database.exec('DELETE FROM tasks_worker');
    const another = new Deliveries();
    const other = await open();
    await other.delivering.consume('work', ONE_AT_ONCE, another.run);
    const now = await another.next();
    expect(now).toMatchObject({ id: stale.id, attempt: 2 });

    stale.delivery.progress({ percent: 50 });
    await reported();
    expect((await engine.inspecting.get(stale.id))!.progress).toBeNull();
    now.delivery.progress({ percent: 10 });
    await until('progress', async () => (await engine.inspecting.get(stale.id))!.progress?.percent === 10);
    now.end(completed);
    stale.end(completed);
  });

  it('is dropped where the task was deleted, and not kept for the one that was stored in its place', async () => {
    const stale = await take('work');
    database.pragma('foreign_keys = ON');
    database.prepare('DELETE FROM tasks_task WHERE id = ?').run(stale.id);
    const next = newTask(clock, { queue: 'elsewhere' });
    await engine.enqueueing.enqueue([next]);

    stale.delivery.log('too late');
    await reported();
    expect((await engine.inspecting.get(next.id))!.logs).toEqual([]);
    stale.end(completed);
  });
});
