import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, newTask } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import type { Outcome, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';
import { EXPIRED_RESULTS, type Prunable, Pruner } from './pruner.js';

const NOW = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const ONE_AT_ONCE = { concurrency: 1, priority: 0, rateLimit: null };
const COMPLETED: Outcome = { kind: 'completed', keepFor: MINUTE, maxAttempts: 1 };

describe('a task whose retention is over', () => {
  let folder: string;
  let clock: ManualClock;
  let engines: TaskEngine[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-prune-'));
    clock = new ManualClock(NOW);
    engines = [];
  });

  afterEach(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** As another process would open it. */
  async function open(): Promise<TaskEngine> {
    const engine = sqliteEngine(
      { database: join(folder, 'tasks.db'), synchronous: 'full', lease: 30_000, maxLostAttempts: 3 },
      contextWith(clock),
    );
    engines.push(engine);
    await engine.open();
    return engine;
  }

  async function complete(engine: TaskEngine): Promise<string> {
    const task = newTask(clock, { queue: 'work', maxAttempts: 1 });
    await engine.delivering.consume('work', ONE_AT_ONCE, async () => COMPLETED);
    await engine.enqueueing.enqueue([task]);
    await until('its end', async () => (await engine.inspecting.get(task.id))!.state === 'completed');
    return task.id;
  }

  it('is deleted by another process where the one that ended it is gone', async () => {
    const other = await open();
    // Works on something else, and has looked around before.
    await other.delivering.consume('other', ONE_AT_ONCE, async () => COMPLETED);
    const worker = await open();
    const id = await complete(worker);
    await worker.close();

    clock.advance(MINUTE - 1);
    expect(await other.inspecting.get(id)).not.toBeNull();
    clock.advance(1);
    await until('its deletion', async () => (await other.inspecting.get(id)) === null);
  });

  it('is deleted, too, where the clock was set back since the last was', async () => {
    const engine = await open();
    const first = await complete(engine);
    clock.advance(MINUTE);
    await until('the deletion of the first', async () => (await engine.inspecting.get(first)) === null);
    clock.advance(-MINUTE * 10);
    const second = await complete(engine);
    clock.advance(MINUTE);
    await until('the deletion of the second', async () => (await engine.inspecting.get(second)) === null);
  });
});

describe('A pruner', () => {
  let site: DutySite;
  let pruner: Pruner;

  beforeEach(async () => {
    site = await DutySite.open();
  });
  afterEach(async () => {
    await pruner.stop();
    await site.close();
  });

  async function start(what?: Prunable): Promise<void> {
    pruner = new Pruner(site.context(), site.connection, site.writer, what);
    pruner.start();
    await pruner.rest();
  }

  async function at(time: number): Promise<void> {
    site.clock.set(NOW + time);
    await pruner.rest();
  }

  /** Tasks that have ended, and are kept until then. */
  async function ended(many: number, keptUntil: number): Promise<void> {
    await site.store(many);
    site.endAll('completed', 'default', NOW + keptUntil);
  }

  it('sleeps until something is over, and deletes it a batch a transaction', async () => {
    await start();
    expect(site.writes).toBe(0);
    expect(site.clock.nextAt).toBeNull();
    await ended(401, MINUTE);
    pruner.expect(NOW);
    await pruner.rest();
    expect(site.writes).toBe(0);
    expect(site.clock.nextAt).toBe(NOW + MINUTE);
    await at(MINUTE);
    expect([site.writes, site.count('completed')]).toEqual([3, 0]);
    expect(site.clock.nextAt).toBeNull();
  });

  it('rests for a second, in which what expires one by one comes together', async () => {
    await ended(1, 10);
    await start();
    await at(10);
    expect([site.writes, site.count('completed')]).toEqual([1, 0]);
    await ended(1, 10);
    pruner.expect(NOW + 10);
    await pruner.rest();
    await ended(1, 200);
    pruner.expect(NOW + 200);
    await at(200);
    await ended(1, 900);
    pruner.expect(NOW + 900);
    await at(1_009);
    expect([site.writes, site.count('completed')]).toEqual([0, 3]);
    expect(site.clock.nextAt).toBe(NOW + 1_010);
    await at(1_010);
    expect([site.writes, site.count('completed')]).toEqual([1, 0]);
  });

  it('goes on after its rest, or later where nothing is over by then', async () => {
    await ended(1, 10);
    await ended(1, 500);
    await ended(1, 5_000);
    await start();
    await at(10);
    expect(site.clock.nextAt).toBe(NOW + 1_010);
    await at(1_010);
    expect(site.count('completed')).toBe(1);
    expect(site.clock.nextAt).toBe(NOW + 5_000);
  });

  it('deletes figures that are a month old, with what is over', async () => {
    const { database } = site.connection;
    const put = database.prepare(
      `INSERT INTO tasks_metric (minute, queue, name, completed, failed, retried, cancelled, wait_total, wait_histogram,
         run_total, run_histogram) VALUES (?, 'default', 'work', 1, 0, 0, 0, 0, '', 0, '')`,
    );
    const month = 31 * 24 * 60 * MINUTE;
    for (const minute of [NOW - month - 1, NOW - month, NOW]) put.run(minute);
    await ended(1, 0);
    await start();
    const left = database.prepare('SELECT minute FROM tasks_metric ORDER BY minute').pluck().all();
    expect(left).toEqual([NOW - month, NOW]);
  });

  it('deletes results before their tasks, where they are kept for a shorter time', async () => {
    await ended(1, MINUTE);
    const { database } = site.connection;
    database.exec(`INSERT INTO tasks_result (task, value, expires_at) SELECT seq, '1', ${NOW + 10} FROM tasks_task`);
    await start(EXPIRED_RESULTS);
    const results = database.prepare('SELECT count(*) FROM tasks_result').pluck();
    await at(9);
    expect(results.get()).toBe(1);
    await at(10);
    expect([results.get(), site.count('completed')]).toEqual([0, 1]);
  });
});
