import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, MINUTELY, newTask, START } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { SystemClock } from '../../../clock/index.js';
import type { RunTask, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const MINUTE = 60_000;
/** The machine's clock, set ahead or back. As with a real one, that tells no timer. */
class SettableClock extends SystemClock {
  offset = START - Date.now();

  override now(): number {
    return super.now() + this.offset;
  }
}

describe('When the clock jumps ahead', () => {
  let folder: string;
  let clock: SettableClock;
  let engine: TaskEngine;
  const ran: string[] = [];
  const run: RunTask = async ({ task }) => {
    ran.push(task.name);
    return completed;
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-duty-'));
    clock = new SettableClock();
    engine = sqliteEngine(
      { database: join(folder, 'tasks.db'), synchronous: 'full', lease: 10_000, maxLostAttempts: 3 },
      contextWith(clock),
    );
    ran.length = 0;
    await engine.open();
  });
  afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('what has come due by it runs soon: tasks of later, retries and cron ticks', async () => {
    await engine.scheduling.save(MINUTELY);
    await engine.enqueueing.enqueue([newTask(clock, { name: 'later', runAt: clock.now() + 15 * MINUTE })]);
    const consumer = await engine.delivering.consume('default', { concurrency: 2, priority: 0, rateLimit: null }, run);
    await until('the sleep of the duties', async () => (await engine.inspecting.workers()).length === 1);
    expect(ran).toEqual([]);
    clock.offset += 25 * MINUTE;
    await until('both', () => ran.includes('later') && ran.includes('tick'));
    await consumer.close(0);
  });

  it('back and ahead again, nothing sleeps until the time that was', async () => {
    const consumer = await engine.delivering.consume('default', { concurrency: 2, priority: 0, rateLimit: null }, run);
    await engine.enqueueing.enqueue([newTask(clock, { name: 'later', runAt: clock.now() + MINUTE })]);
    clock.offset -= 60 * MINUTE;
    await engine.enqueueing.enqueue([newTask(clock, { name: 'soon', runAt: clock.now() + 200 })]);
    await until('what is due on the clock as it is', () => ran.includes('soon'));
    clock.offset += 62 * MINUTE;
    await until('the other', () => ran.includes('later'));
    await consumer.close(0);
  });
});
