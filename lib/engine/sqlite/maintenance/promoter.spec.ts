import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  completed,
  contextWith,
  Deliveries,
  newTask,
  retryAt,
  until,
  type Held,
} from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const ONE_AT_ONCE = { concurrency: 1, priority: 0, rateLimit: null };
const MINUTE = 60_000;

describe('A task that waits for its time', () => {
  let folder: string;
  let clock: ManualClock;
  let engines: TaskEngine[];
  let engine: TaskEngine;
  let deliveries: Deliveries;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-promote-'));
    clock = new ManualClock(Date.UTC(2027, 0, 1));
    engines = [];
    engine = await open();
    deliveries = new Deliveries();
    await engine.delivering.consume('default', ONE_AT_ONCE, deliveries.run);
  });

  afterEach(async () => {
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

  const stateOf = async (id: string) => (await engine.inspecting.get(id))!.state;

  /** Everything that is due has been looked at: a task that is enqueued now runs. */
  async function expectNothingElseToRun(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      const marker = newTask(clock, { name: 'marker' });
      await engine.enqueueing.enqueue([marker]);
      const held = await deliveries.next();
      expect(held.id).toBe(marker.id);
      held.end(completed);
      await until(engine, async () => (await stateOf(marker.id)) === 'completed');
    }
  }

  async function expectAt(id: string, time: number): Promise<Held> {
    clock.set(time - 1);
    await expectNothingElseToRun();
    clock.set(time);
    const held = await deliveries.next();
    expect(held.id).toBe(id);
    return held;
  }

  it('runs at that time and not a millisecond before', async () => {
    const time = clock.now() + MINUTE;
    const task = newTask(clock, { runAt: time });
    await engine.enqueueing.enqueue([task]);
    (await expectAt(task.id, time)).end(completed);
  });

  it('runs so whoever enqueued it, and with others that come before and after it', async () => {
    const start = clock.now();
    const other = await open();
    const tasks = [3, 1, 2].map((minutes) => newTask(clock, { runAt: start + minutes * MINUTE }));
    await other.enqueueing.enqueue(tasks);
    (await expectAt(tasks[1]!.id, start + MINUTE)).end(completed);
    (await expectAt(tasks[2]!.id, start + 2 * MINUTE)).end(completed);
    (await expectAt(tasks[0]!.id, start + 3 * MINUTE)).end(completed);
  });

  it('is a retry, too', async () => {
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    const time = clock.now() + MINUTE;
    (await deliveries.next()).end(retryAt(time));
    await until(engine, async () => (await stateOf(task.id)) === 'retryable');
    (await expectAt(task.id, time)).end(completed);
  });

  it('was due before the process began', async () => {
    const task = newTask(clock, { runAt: clock.now() + MINUTE });
    await engine.enqueueing.enqueue([task]);
    await engine.close();
    clock.advance(2 * MINUTE);
    engine = await open();
    await engine.delivering.consume('default', ONE_AT_ONCE, deliveries.run);
    const held = await deliveries.next();
    expect(held.id).toBe(task.id);
    held.end(completed);
  });
});
