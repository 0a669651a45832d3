import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import type { Outcome, RunTask, TaskEngine } from '../../lib/engine/port/index.js';
import { completed, contextWith, CONSUME, newTask } from '../conformance/harness.js';
import { askFor } from '../support/run/ask-for.js';
import { until } from '../support/until.js';

const PATIENCE = { patience: 60_000 };
const clock = new SystemClock();
let folder: string;
let engines: TaskEngine[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-two-copies-'));
  engines = [];
});

afterEach(async () => {
  for (const engine of engines) await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

type Sqlite = typeof import('../../lib/engine/sqlite/index.js');

/** The engine of a copy of the package, as two that an app depends on are loaded in one process. */
async function engineOfACopy(): Promise<{ copy: Sqlite; engine: TaskEngine }> {
  vi.resetModules();
  const copy = await import('../../lib/engine/sqlite/index.js');
  const { conformance: entry } = await askFor('thread');
  const options = {
    database: join(folder, 'tasks.db'),
    synchronous: 'full',
    lease: 10_000,
    maxLostAttempts: 5,
  } as const;
  const keepFor = { queues: new Map(), others: { failed: null, cancelled: null } };
  const engine = copy.threadedEngine(options, contextWith(clock), { entry, version: 'conformance', keepFor });
  engines.push(engine);
  await engine.open();
  return { copy, engine };
}

it('two copies of the package in one process share a file, and one stays when the other closes', async () => {
  const one = await engineOfACopy();
  const other = await engineOfACopy();
  expect(one.copy.threadedEngine).not.toBe(other.copy.threadedEngine);

  const runs: string[] = [];
  const run: RunTask = async ({ task }): Promise<Outcome> => {
    runs.push(task.id);
    return completed;
  };
  const tasks = Array.from({ length: 40 }, () => newTask(clock));
  for (const { engine } of [one, other]) await engine.delivering.consume('default', CONSUME, run);
  await Promise.all(tasks.map((task, index) => (index % 2 === 0 ? one : other).engine.enqueueing.enqueue([task])));
  const ended = async () => (await other.engine.inspecting.queues())[0]!.counts.completed;
  await until('all to have run', async () => (await ended()) === tasks.length, PATIENCE);
  expect(runs.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
  expect(await other.engine.inspecting.workers()).toHaveLength(2);

  await one.engine.close();
  const later = newTask(clock);
  await other.engine.enqueueing.enqueue([later]);
  await until('the one that stays to run what comes', async () => (await ended()) === tasks.length + 1, PATIENCE);
  await expect(one.engine.inspecting.get(later.id)).rejects.toThrow('not open');
});
