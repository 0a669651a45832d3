import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, newTask } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import type { Outcome, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

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
