import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, EVERY_UNIT, MINUTE, newTask, START, until } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { Schedule } from '../../../contract/index.js';
import type { TaskEngine } from '../../port/index.js';
import { engineOn } from '../engine-on.js';
import { SqliteStore } from '../sqlite-store.js';
import { openConnection } from '../store/open-connection.js';
import { rescueTasksOf } from './rescue-tasks.js';

const SCHEDULE: Schedule = {
  name: 'nightly',
  expression: EVERY_UNIT,
  timeZone: null,
  utcOffset: null,
  queue: 'default',
  task: 'work',
  params: '{}',
  priority: 0,
  maxAttempts: null,
  settings: null,
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'runtime',
  traits: { tags: { customer: '42' } },
};

/** The check of a store finds such a task, and mends it; until then it is as one that has none. */
describe('a task whose traits are no JSON any more', () => {
  let clock: ManualClock;
  let folder: string;
  let file: string;
  let store: SqliteStore;
  let engine: TaskEngine;

  beforeEach(async () => {
    clock = new ManualClock(START);
    folder = mkdtempSync(join(tmpdir(), 'tasks-broken-traits-'));
    file = join(folder, 'tasks.db');
    const options = { database: file, synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
    store = new SqliteStore(options, contextWith(clock), openConnection);
    engine = engineOn(store, contextWith(clock));
    await engine.open();
  });
  afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const tamper = (sql: string, ...values: readonly unknown[]): void => {
    const database = new Database(file);
    database.prepare(sql).run(...values);
    database.close();
  };
  const breakTraits = (id: string): void => tamper(`UPDATE tasks_task SET traits = '{"deadli' WHERE id = ?`, id);
  const stateOf = async (id: string) => (await engine.inspecting.get(id))!.state;

  it('keeps no other task from lapsing', async () => {
    const tasks = [1, 2].map((minutes) => newTask(clock, { traits: { startBy: START + minutes * MINUTE } }));
    const [broken, other] = tasks.map(({ id }) => id) as [string, string];
    await engine.enqueueing.enqueue(tasks);
    breakTraits(broken);
    clock.advance(2 * MINUTE);
    await until(engine, async () => (await stateOf(other)) === 'cancelled');
    expect(await stateOf(broken)).toBe('available');
  });

  it('keeps no other task from being rescued', async () => {
    const tasks = [0, 1].map(() => newTask(clock, { traits: { deadlineAt: START + MINUTE } }));
    await engine.enqueueing.enqueue(tasks);
    breakTraits(tasks[0]!.id);
    tamper(`UPDATE tasks_task SET state = 'running', attempt = 1, worker = 'dead', started_at = ?`, START);
    const { writer } = store.opened;
    const rules = { now: START, maxLostAttempts: 5, keepFor: () => null };
    expect(await writer.write((transaction) => rescueTasksOf(transaction, 'dead', rules))).toBe(2);
    tamper(`UPDATE tasks_task SET state = 'running', attempt = 1, worker = 'dead', started_at = ?`, START);
    expect(await writer.write((transaction) => rescueTasksOf(transaction, 'dead', rules, new Set()))).toBe(2);
    for (const { id } of tasks) expect(await stateOf(id)).toBe('available');
  });

  it('is retried, updated and ticked for', async () => {
    const task = newTask(clock, { runAt: START + MINUTE, traits: { tags: { customer: '42' } } });
    await engine.enqueueing.enqueue([task]);
    breakTraits(task.id);
    const params = { json: '{"a":1}', sensitive: [], version: 2 };
    await engine.acting.update!(task.id, { params });
    expect(await engine.inspecting.get(task.id)).toMatchObject({ params: { a: 1 }, version: 2 });
    breakTraits(task.id);
    await engine.acting.act('cancel', { ids: [task.id] });
    expect((await engine.acting.act('retry', { ids: [task.id] })).changed).toBe(1);
    expect(await stateOf(task.id)).toBe('available');

    await engine.scheduling.save(SCHEDULE);
    tamper(`UPDATE tasks_schedule SET traits = '{"tags'`);
    expect(await engine.scheduling.all()).toMatchObject([{ name: 'nightly' }]);
    clock.advance(MINUTE);
    await until(engine, async () => (await engine.inspecting.list({}, { limit: 5 })).items.length === 2);
  });
});
