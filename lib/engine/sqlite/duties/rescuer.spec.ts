import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, newTask } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { NewTask, TaskEngine } from '../../index.js';
import { SqliteEngine } from '../sqlite-engine.js';
import { ownIdentity } from '../workers/process-identity.js';

const NOW = Date.UTC(2027, 0, 1);
const DAY = 24 * 60 * 60_000;

describe('a process that died', () => {
  const clock = new ManualClock(NOW);
  let folder: string;
  let file: string;
  let engine: TaskEngine;
  let database: Database.Database;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-rescue-'));
    file = join(folder, 'tasks.db');
    engine = new SqliteEngine(
      { database: file, synchronous: 'full', lease: 300, maxLostAttempts: 3 },
      contextWith(clock, { keepFor: () => DAY }),
    );
    await engine.open();
    database = new Database(file);
  });

  afterEach(async () => {
    database.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const task = (overrides: Partial<NewTask> = {}): NewTask => newTask(clock, { maxAttempts: 1, ...overrides });

  /** Leaves the store as a process does that was killed with `tasks` in its hands. */
  function leaveBehind(worker: string, pid: number, pidSpace: string, tasks: readonly NewTask[]): void {
    database
      .prepare(`INSERT INTO tasks_worker VALUES (?, 'host', ?, ?, NULL, ?, '{"default":5}')`)
      .run(worker, pid, pidSpace, NOW);
    for (const { id } of tasks) {
      database
        .prepare(
          `UPDATE tasks_task SET state = 'running', attempt = attempt + 1, worker = ?, started_at = ? WHERE id = ?`,
        )
        .run(worker, NOW, id);
      database.exec(`UPDATE tasks_count SET count = count - 1 WHERE state = 'available'`);
      database.exec(`INSERT INTO tasks_count VALUES ('default', 'running', 1)
                     ON CONFLICT DO UPDATE SET count = count + 1`);
    }
  }

  /** Settles when no task runs under the dead worker's lease. The queue consumed is another one, so nothing runs on. */
  async function rescued(): Promise<void> {
    await engine.consume(
      'elsewhere',
      { concurrency: 1, priority: 0, rateLimit: null },
      () => new Promise(() => undefined),
    );
    await new Promise<void>((resolve) => {
      const look = () => {
        if (database.prepare(`SELECT 1 FROM tasks_task WHERE state = 'running'`).get()) return;
        stop();
        resolve();
      };
      const stop = engine.watch(look);
      look();
    });
  }

  const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

  it('has its tasks run again, the lost attempt on record and not counted', async () => {
    const lost = task();
    await engine.enqueue([lost]);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [lost]);
    await rescued();
    expect(await engine.get(lost.id)).toMatchObject({
      state: 'available',
      attempt: 1,
      maxAttempts: 2,
      attempts: [{ attempt: 1, worker: 'dead', outcome: 'lost', error: { name: 'WorkerLostError' } }],
    });
    expect((await engine.queues())[0]!.counts).toMatchObject({ available: 1, running: 0 });
    expect((await engine.workers()).map((worker) => worker.id)).not.toContain('dead');
  });

  it('is noticed by its silence where its pid cannot be seen', async () => {
    const lost = task();
    await engine.enqueue([lost]);
    leaveBehind('elsewhere', process.pid, 'another container', [lost]);
    await rescued();
    expect(await engine.get(lost.id)).toMatchObject({ state: 'available', attempts: [{ outcome: 'lost' }] });
  });

  it('loses leases that it took after its row had gone', async () => {
    const lost = task();
    await engine.enqueue([lost]);
    leaveBehind('stray', process.pid, ownIdentity().pidSpace, [lost]);
    database.exec(`DELETE FROM tasks_worker`);
    await rescued();
    expect(await engine.get(lost.id)).toMatchObject({
      state: 'available',
      attempts: [{ worker: 'stray', outcome: 'lost' }],
    });
  });

  it('has a task that was cancelled meanwhile end as cancelled', async () => {
    const cancelled = task();
    await engine.enqueue([cancelled]);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [cancelled]);
    await engine.act('cancel', { ids: [cancelled.id] });
    await rescued();
    expect(await engine.get(cancelled.id)).toMatchObject({ state: 'cancelled', finishedAt: NOW });
  });

  it('has a task fail that was lost too often in a row: it may be what kills its process', async () => {
    const poison = task();
    const fresh = task();
    await engine.enqueue([poison, fresh]);
    database.prepare(`UPDATE tasks_task SET lost = 2 WHERE id = ?`).run(poison.id);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [poison, fresh]);
    await rescued();
    expect(await engine.get(poison.id)).toMatchObject({
      state: 'failed',
      error: { name: 'WorkerLostError', message: expect.stringContaining('attempt number 3 in a row') as string },
    });
    expect(await engine.get(fresh.id)).toMatchObject({ state: 'available' });
    expect((await engine.queues())[0]!.counts).toMatchObject({ available: 1, failed: 1, running: 0 });
    expect(await engine.act('retry', { ids: [poison.id] })).toMatchObject({ changed: 1 });
  });
});
