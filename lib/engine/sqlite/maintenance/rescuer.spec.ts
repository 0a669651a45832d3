import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextWith, newTask, retryAt, until } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskEvent } from '../../../contract/index.js';
import type { NewTask, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';
import { Liveness } from '../process/liveness.js';
import { ownIdentity } from '../process/process-identity.js';

const NOW = Date.UTC(2027, 0, 1);
const DAY = 24 * 60 * 60_000;

describe('a process that died', () => {
  const clock = new ManualClock(NOW);
  const logger = { log: () => undefined, warn: (_text: unknown) => undefined, error: () => undefined };
  let folder: string;
  let file: string;
  let engine: TaskEngine;
  let database: Database.Database;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-rescue-'));
    file = join(folder, 'tasks.db');
    engine = sqliteEngine(
      { database: file, synchronous: 'full', lease: 300, maxLostAttempts: 3 },
      contextWith(clock, { keepFor: () => DAY, logger }),
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
      .prepare(
        `INSERT INTO tasks_worker (id, host, pid, pid_space, pid_birth, started_at, queues)
         VALUES (?, 'host', ?, ?, NULL, ?, '{"default":5}')`,
      )
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

  /** Settles when `id`, or no task, runs under a dead worker's lease. The queue consumed is another one, so nothing runs on. */
  async function rescued(id: string | null = null): Promise<void> {
    await engine.delivering.consume(
      'elsewhere',
      { concurrency: 1, priority: 0, rateLimit: null },
      () => new Promise(() => undefined),
    );
    await new Promise<void>((resolve) => {
      const look = () => {
        const running = database.prepare(`SELECT 1 FROM tasks_task WHERE state = 'running' AND id = coalesce(?, id)`);
        if (running.get(id)) return;
        stop();
        resolve();
      };
      const stop = engine.watching.watch(look);
      look();
    });
  }

  const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

  it('has its tasks run again, the lost attempt on record and not counted', async () => {
    const lost = task();
    await engine.enqueueing.enqueue([lost]);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [lost]);
    const told: TaskEvent[] = [];
    engine.watching.hear!((events) => void told.push(...events));
    await rescued();
    expect(told).toEqual([
      {
        event: 'lost',
        task: { id: lost.id, queue: 'default', name: lost.name, attempt: 1 },
        error: expect.objectContaining({ name: 'WorkerLostError' }),
      },
    ]);
    expect(await engine.inspecting.get(lost.id)).toMatchObject({
      state: 'available',
      attempt: 1,
      maxAttempts: 2,
      attempts: [{ attempt: 1, worker: 'dead', outcome: 'lost', error: { name: 'WorkerLostError' } }],
    });
    expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 1, running: 0 });
    expect((await engine.inspecting.workers()).map((worker) => worker.id)).not.toContain('dead');
  });

  it('is noticed by its silence where its pid cannot be seen', async () => {
    const lost = task();
    await engine.enqueueing.enqueue([lost]);
    leaveBehind('elsewhere', process.pid, 'another container', [lost]);
    await rescued();
    expect(await engine.inspecting.get(lost.id)).toMatchObject({ state: 'available', attempts: [{ outcome: 'lost' }] });
  });

  it('is not taken for dead where no process can leave a sign of life, which is said', async () => {
    const held = task();
    await engine.enqueueing.enqueue([held]);
    leaveBehind('elsewhere', process.pid, 'another container', [held]);
    // As where the folder was removed and its place can only be read.
    const makeImpossible = (): void => {
      rmSync(`${file}-workers`, { recursive: true, force: true });
      writeFileSync(`${file}-workers`, '');
    };
    await new Promise<void>((resolve) => {
      const warn = vi.spyOn(logger, 'warn').mockImplementation((text) => {
        if (!String(text).includes('The folder of heartbeats')) return;
        warn.mockRestore();
        resolve();
      });
      engine.delivering
        .consume('elsewhere', { concurrency: 1, priority: 0, rateLimit: null }, () => new Promise(() => undefined))
        .then(makeImpossible, resolve);
    });
    expect(await engine.inspecting.get(held.id)).toMatchObject({ state: 'running' });
    rmSync(`${file}-workers`);
    await rescued(held.id);
  });

  it('is given the silence that its own lease allows, whatever that of the process that watches it', async () => {
    const [held, lost] = [task(), task()];
    await engine.enqueueing.enqueue([held, lost]);
    leaveBehind('patient', process.pid, 'another container', [held]);
    leaveBehind('silent', process.pid, 'another container', [lost]);
    database.exec(`UPDATE tasks_worker SET lease = CASE id WHEN 'patient' THEN 4000 ELSE 1500 END`);
    mkdirSync(`${file}-workers`, { recursive: true });
    const heartbeat = join(`${file}-workers`, 'patient.alive');
    writeFileSync(heartbeat, '');
    const beating = setInterval(() => utimesSync(heartbeat, new Date(), new Date()), 800);
    try {
      await rescued(lost.id);
      expect(await engine.inspecting.get(held.id)).toMatchObject({ state: 'running', attempt: 1 });
    } finally {
      clearInterval(beating);
    }
  });

  it('is not one that has gone on by the time its leases are taken', async () => {
    const [held, lost] = [task(), task()];
    await engine.enqueueing.enqueue([held, lost]);
    const { pidSpace, pidBirth } = ownIdentity();
    leaveBehind('back', process.pid, pidSpace, [held]);
    database.prepare('UPDATE tasks_worker SET pid_birth = ?').run(pidBirth);
    leaveBehind('dead', deadPid(), pidSpace, [lost]);
    const { isDead } = Liveness.prototype;
    let wasStopped = true;
    const spy = vi.spyOn(Liveness.prototype, 'isDead').mockImplementation(function (this: Liveness, worker) {
      if (worker.id !== 'back' || !wasStopped) return isDead.call(this, worker);
      wasStopped = false;
      return true;
    });
    try {
      await rescued(lost.id);
      await until(engine, async () => !wasStopped);
      expect(await engine.inspecting.get(held.id)).toMatchObject({ state: 'running', attempt: 1 });
      expect((await engine.inspecting.workers()).map((worker) => worker.id)).toContain('back');
    } finally {
      spy.mockRestore();
    }
  });

  it('is rescued where its heartbeat cannot be removed', async () => {
    const lost = task();
    await engine.enqueueing.enqueue([lost]);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [lost]);
    const heartbeat = join(`${file}-workers`, 'dead.alive');
    mkdirSync(join(heartbeat, 'stays'), { recursive: true });
    await rescued();
    expect(await engine.inspecting.get(lost.id)).toMatchObject({ state: 'available', attempts: [{ outcome: 'lost' }] });
    expect(existsSync(heartbeat)).toBe(true);
  });

  it('is not one whose heartbeat is missing or stands still while the system sees it run', async () => {
    const [held, lost] = [task(), task()];
    await engine.enqueueing.enqueue([held, lost]);
    const { pidSpace, pidBirth } = ownIdentity();
    leaveBehind('alive', process.pid, pidSpace, [held]);
    leaveBehind('silent', process.pid, 'another container', [lost]);
    database.prepare(`UPDATE tasks_worker SET pid_birth = ? WHERE id = 'alive'`).run(pidBirth);
    // Two are silent from the same moment on: the one that cannot be seen is taken for dead.
    await rescued(lost.id);
    expect(await engine.inspecting.get(held.id)).toMatchObject({ state: 'running', attempt: 1 });
  });

  it('loses leases that it took after its row had gone', async () => {
    const lost = task();
    await engine.enqueueing.enqueue([lost]);
    leaveBehind('stray', process.pid, ownIdentity().pidSpace, [lost]);
    database.exec(`DELETE FROM tasks_worker`);
    await rescued();
    expect(await engine.inspecting.get(lost.id)).toMatchObject({
      state: 'available',
      attempts: [{ worker: 'stray', outcome: 'lost' }],
    });
  });

  it('has a task that was cancelled meanwhile end as cancelled', async () => {
    const cancelled = task();
    await engine.enqueueing.enqueue([cancelled]);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [cancelled]);
    await engine.acting.act('cancel', { ids: [cancelled.id] });
    await rescued();
    expect(await engine.inspecting.get(cancelled.id)).toMatchObject({ state: 'cancelled', finishedAt: NOW });
  });

  it('has a task fail that was lost too often in a row: it may be what kills its process', async () => {
    const poison = task();
    const fresh = task();
    await engine.enqueueing.enqueue([poison, fresh]);
    database.prepare(`UPDATE tasks_task SET lost = 2 WHERE id = ?`).run(poison.id);
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [poison, fresh]);
    await rescued();
    expect(await engine.inspecting.get(poison.id)).toMatchObject({
      state: 'failed',
      error: { name: 'WorkerLostError', message: expect.stringContaining('attempt number 3 in a row') as string },
    });
    expect(await engine.inspecting.get(fresh.id)).toMatchObject({ state: 'available' });
    expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 1, failed: 1, running: 0 });
    expect(await engine.acting.act('retry', { ids: [poison.id] })).toMatchObject({ changed: 1 });

    // By hand it is given all its attempts anew.
    leaveBehind('dead, too', deadPid(), ownIdentity().pidSpace, [poison]);
    await rescued();
    expect((await engine.inspecting.get(poison.id))!.state).toBe('available');
  });

  it('has a task fail only where it was lost in a row: an attempt that ended in between counts them anew', async () => {
    const unlucky = task();
    await engine.enqueueing.enqueue([unlucky]);
    database.prepare(`UPDATE tasks_task SET lost = 2 WHERE id = ?`).run(unlucky.id);
    const consumer = await engine.delivering.consume(
      'default',
      { concurrency: 1, priority: 0, rateLimit: null },
      async () => retryAt(clock.now() + DAY),
    );
    await until(engine, async () => (await engine.inspecting.get(unlucky.id))!.state === 'retryable');
    await consumer.close(0);
    await engine.acting.act('run-now', { ids: [unlucky.id] });
    leaveBehind('dead', deadPid(), ownIdentity().pidSpace, [unlucky]);
    await rescued();
    expect((await engine.inspecting.get(unlucky.id))!.state).toBe('available');
  });
});
