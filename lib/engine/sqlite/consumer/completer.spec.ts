import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../clock/index.js';
import { contextWith, newTask } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import type { Outcome, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const NOW = Date.UTC(2027, 0, 1);
const COMPLETED: Outcome = { kind: 'completed', keepFor: null, maxAttempts: 1 };
/** One statement for fifty, two for ten, three one by one. */
const TASKS = 73;

describe('Attempts that end in one turn of the event loop', () => {
  const warn = vi.fn<(message: string) => void>();
  const error = vi.fn<(message: string) => void>();
  const clock = new ManualClock(NOW);
  let folder: string;
  let engine: TaskEngine;
  let database: Database.Database;
  let ids: string[];
  let endAll: (outcomeOf?: (index: number) => Outcome) => void;

  beforeEach(async () => {
    warn.mockClear();
    error.mockClear();
    folder = mkdtempSync(join(tmpdir(), 'tasks-settle-'));
    const file = join(folder, 'tasks.db');
    engine = sqliteEngine(
      { database: file, synchronous: 'full', lease: 30_000, maxLostAttempts: 3 },
      contextWith(clock, { logger: { log: () => undefined, warn, error }, keepFor: () => null }),
    );
    await engine.open();
    database = new Database(file);
    await runTogether();
  });

  afterEach(async () => {
    database.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts as many handlers as there are tasks; `endAll` ends them. */
  async function runTogether(): Promise<void> {
    ids = Array.from({ length: TASKS }, () => uuidv7());
    await engine.enqueueing.enqueue(ids.map((id) => newTask(clock, { id, queue: 'work', maxAttempts: 1 })));
    const ends = new Map<string, (outcome: Outcome) => void>();
    await engine.delivering.consume('work', { concurrency: TASKS, priority: 0, rateLimit: null }, ({ task }) => {
      return new Promise((resolve) => ends.set(task.id, resolve));
    });
    await until('all handlers', () => ends.size === TASKS);
    endAll = (outcomeOf = () => COMPLETED) => ids.forEach((id, index) => ends.get(id)!(outcomeOf(index)));
  }

  function rows(): { id: string; state: string; attempt: number; ended: string | null }[] {
    return database
      .prepare<[], { id: string; state: string; attempt: number; ended: string | null }>(
        `SELECT id, state, tasks_task.attempt, group_concat(tasks_attempt.attempt || ' ' || outcome) AS ended
           FROM tasks_task LEFT JOIN tasks_attempt ON task = seq GROUP BY seq ORDER BY seq`,
      )
      .all();
  }

  async function allEnded(but = 0): Promise<void> {
    await until('the ends', () => rows().filter(({ state }) => state !== 'running').length >= TASKS - but);
  }

  it('are all on record, and counted', async () => {
    endAll();
    await allEnded();
    expect(rows()).toEqual(ids.map((id) => ({ id, state: 'completed', attempt: 1, ended: '1 completed' })));
    const [stats] = await engine.inspecting.queues();
    expect(stats!.counts).toMatchObject({ running: 0, completed: TASKS });
    const points = await engine.inspecting.metrics({ from: NOW - 60_000, to: NOW + 60_000 });
    expect(points.reduce((sum, point) => sum + point.completed, 0)).toBe(TASKS);
    expect(warn).not.toHaveBeenCalled();
  });

  it('change nothing of a task whose lease was lost, and end the others', async () => {
    const taken = [ids[3]!, ids[49]!, ids[61]!, ids[72]!];
    const take = database.prepare(`UPDATE tasks_task SET attempt = 2, worker = 'another' WHERE id = ?`);
    for (const id of taken) take.run(id);
    endAll();
    await allEnded(taken.length);
    for (const row of rows()) {
      expect(row).toMatchObject(
        taken.includes(row.id)
          ? { state: 'running', attempt: 2, ended: null }
          : { state: 'completed', attempt: 1, ended: '1 completed' },
      );
    }
    await until('the warnings', () => warn.mock.calls.length === taken.length);
    for (const id of taken) expect(warn).toHaveBeenCalledWith(expect.stringContaining(`Attempt 1 of task ${id}`));
  });

  it('end the others where one cannot be stored, which fails', async () => {
    const odd = ids[7]!;
    database.exec(`
      CREATE TRIGGER refuse BEFORE UPDATE ON tasks_task WHEN NEW.state = 'completed' AND NEW.id = '${odd}'
      BEGIN SELECT RAISE(ABORT, 'not this one'); END`);
    endAll();
    await allEnded();
    for (const row of rows()) {
      const state = row.id === odd ? 'failed' : 'completed';
      expect(row).toMatchObject({ state, attempt: 1, ended: `1 ${state}` });
    }
    const task = await engine.inspecting.get(odd);
    expect(task!.attempts[0]!.error).toMatchObject({ name: 'OutcomeNotStoredError' });
    expect(error).toHaveBeenCalledTimes(1);
  });

  it('end in each of the ways there are', async () => {
    const failed: Outcome = { kind: 'failed', maxAttempts: 1, keepFor: null, error: { name: 'Error', message: 'no' } };
    endAll((index) =>
      index % 10 === 0 ? failed : index % 10 === 1 ? { kind: 'released', maxAttempts: 1 } : COMPLETED,
    );
    await until('the ends', () => rows().every(({ ended }) => ended !== null));
    rows().forEach(({ ended }, index) => {
      expect(ended!.split(',')[0]).toBe(`1 ${['failed', 'released'][index % 10] ?? 'completed'}`);
    });
  });

  it('are stored before the consumer has closed', async () => {
    endAll();
    await engine.close();
    expect(rows().every(({ state }) => state === 'completed')).toBe(true);
    await engine.open();
  });
});
