import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, newTask, until } from '../../../../test/conformance/harness.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { SystemClock } from '../../../clock/index.js';
import type { TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const TASKS = 300;

describe('What is claimed ahead', () => {
  const clock = new SystemClock();
  let folder: string;
  let engine: TaskEngine;
  let database: Database.Database;
  let time: StoppedTime;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-claim-'));
    const file = join(folder, 'tasks.db');
    engine = sqliteEngine(
      { database: file, synchronous: 'normal', lease: 10_000, maxLostAttempts: 3 },
      contextWith(clock),
    );
    await engine.open();
    database = new Database(file, { readonly: true });
  });
  afterEach(async () => {
    time.goOn();
    database.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs all that waits, and returns the most bytes of params that the process held at a time. */
  async function mostHeld(): Promise<number> {
    const held = database
      .prepare<[], number>(`SELECT coalesce(sum(length(params)), 0) FROM tasks_task WHERE state = 'running'`)
      .pluck();
    let [most, ran] = [0, 0];
    // Handlers take no time by it, on however busy a machine: as much is claimed ahead as may be.
    time = new StoppedTime();
    await engine.delivering.consume('default', { concurrency: 2, priority: 0, rateLimit: null }, async () => {
      ran += 1;
      most = Math.max(most, held.get()!);
      return completed;
    });
    await until(engine, async () => ran === TASKS);
    return most;
  }

  it.each([
    ['each are large', () => 200 * 1024],
    ['are large after many that are small', (index: number) => (index < 150 ? 10 : 200 * 1024)],
    ['are large together', () => 15 * 1024],
  ])('is bounded in bytes where params %s', async (_case, size) => {
    const tasks = Array.from({ length: TASKS }, (_, index) =>
      newTask(clock, { params: JSON.stringify({ text: 'x'.repeat(size(index)) }) }),
    );
    await engine.enqueueing.enqueue(tasks);
    // Two that run, two that have ended and are not stored, and a mebibyte ahead.
    expect(await mostHeld()).toBeLessThan(4 * 210 * 1024 + 2 * 1024 * 1024);
  });
});
