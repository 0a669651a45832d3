import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import { ownIdentity } from '../../lib/engine/sqlite/process/process-identity.js';
import { TASKS_MIGRATIONS } from '../../lib/engine/sqlite/store/migrations/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { newTask } from '../conformance/harness.js';
import { bootApp, dispatcherOf, ended, tempDirectory } from '../module/support.js';
import { cli } from './support/cli.js';

/** Those of the version before tasks had tags, results and ids of their own. */
const BEFORE = TASKS_MIGRATIONS.slice(0, 3);
const HOUR = 3_600_000;

class Work {
  @TaskHandler('work', { result: true })
  work({ n }: { n: number }, task: TaskContext): { n: number; attempt: number } {
    return { n, attempt: task.attempt };
  }
}

/** A task of the older file, as its row says; the rest is as the tables have it by default. */
type Row = Readonly<Record<string, string | number | null>> & { readonly id: string; readonly state: string };

/** A file as the version before left it: tasks in every state, one of them in the hands of a process that is gone. */
async function olderFile(file: string): Promise<Record<string, string>> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    migrations: BEFORE,
    migrationsTableName: 'tasks_migration',
    migrationsRun: true,
  });
  await source.initialize();
  await source.destroy();

  const now = Date.now();
  const ids: Record<string, string> = {};
  const row = (name: string, state: string, more: Record<string, string | number | null> = {}): Row => {
    const { id } = newTask({ now: () => now });
    ids[name] = id;
    const plain = { queue: 'default', name: 'work', max_attempts: 4, run_at: now, created_at: now };
    return { id, state, ...plain, params: `{"n":${Object.keys(ids).length}}`, ...more };
  };
  const over = { attempt: 1, worker: 'before', started_at: now - 9, finished_at: now - 5, expires_at: now + HOUR };
  const rows = [
    row('available', 'available', { priority: 3 }),
    row('scheduled', 'scheduled', { run_at: now + HOUR }),
    row('due', 'scheduled', { run_at: now - 1 }),
    row('retryable', 'retryable', { attempt: 1, worker: 'before', started_at: now - 9, run_at: now - 1 }),
    row('running', 'running', { attempt: 1, worker: 'gone', started_at: now - 9 }),
    row('completed', 'completed', { ...over, progress: '{"percent":50}' }),
    row('failed', 'failed', over),
    row('cancelled', 'cancelled', { finished_at: now - 5, expires_at: now + HOUR }),
    row('held', 'available', { queue: 'held', parent_id: ids.completed! }),
  ];
  const database = new Database(file);
  const insert = (table: string, values: Readonly<Record<string, unknown>>): unknown =>
    database
      .prepare(
        `INSERT INTO ${table} (${Object.keys(values).join()}) VALUES (${Object.keys(values)
          .map(() => '?')
          .join()})`,
      )
      .run(...Object.values(values));
  for (const each of rows) insert('tasks_task', each);
  const seqOf = database.prepare<[string], number>('SELECT seq FROM tasks_task WHERE id = ?').pluck();
  for (const [name, outcome] of [
    ['retryable', 'retried'],
    ['completed', 'completed'],
    ['failed', 'failed'],
  ] as const) {
    const task = seqOf.get(ids[name]!)!;
    const error = outcome === 'completed' ? {} : { error_name: 'RangeError', error_message: 'broken' };
    const attempt = { task, attempt: 1, worker: 'before', started_at: now - 9, finished_at: now - 5, outcome };
    insert('tasks_attempt', { ...attempt, ...error });
    insert('tasks_log', { task, attempt: 1, at: now - 7, message: `of ${name}` });
  }
  database.exec(`INSERT INTO tasks_count SELECT queue, state, count(*) FROM tasks_task GROUP BY queue, state`);
  insert('tasks_queue', { name: 'held', paused_at: now });
  const pid = spawnSync(process.execPath, ['-e', '']).pid;
  const worker = { host: 'host', pid, pid_space: ownIdentity().pidSpace, started_at: now, queues: '{"default":1}' };
  insert('tasks_worker', { id: 'gone', ...worker });
  const schedule = { queue: 'default', task: 'work', params: '{"n":99}', priority: 0, overlap: 1, disabled: 0 };
  const when = { expression: '0 0 1 1 *', catch_up: 'once', source: 'runtime', next_run_at: now + HOUR };
  insert('tasks_schedule', { name: 'yearly', ...schedule, ...when });
  database.close();
  return ids;
}

/** What stands beside the tasks: results, tags, ids of one's own and times. */
function beside(file: string): unknown[][] {
  const database = new Database(file, { readonly: true });
  const tables = ['tasks_result', 'tasks_tag', 'tasks_own_id', 'tasks_lapse'];
  const rows = tables.map((table) => database.prepare(`SELECT * FROM ${table} ORDER BY task`).all());
  database.close();
  return rows;
}

it('goes on with a file of the version before, whatever state its tasks are in', { timeout: 120_000 }, async () => {
  const file = join(tempDirectory(), 'tasks.db');
  const ids = await olderFile(file);
  const queues = { default: {}, held: {} };
  const options = { database: file, queues, workers: { default: 1 }, lease: 2_000 };
  const app = await bootApp({ tasks: options, providers: [Work] });
  const [tasks, schedules] = [dispatcherOf(app), app.get(CronSchedules)];

  const numbers = new Map(Object.keys(ids).map((name, index) => [name, index + 1]));
  for (const [name, attempt] of Object.entries({ available: 1, due: 1, retryable: 2, running: 2 })) {
    const task = await ended(tasks, ids[name]!);
    expect(task, name).toMatchObject({ state: 'completed', attempt, result: { n: numbers.get(name), attempt } });
  }
  expect((await tasks.get(ids.running!)).attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'completed']);
  expect(await tasks.get(ids.completed!)).toMatchObject({
    state: 'completed',
    progress: { percent: 50 },
    attempts: [{ outcome: 'completed' }],
    logs: [{ message: 'of completed' }],
    children: [{ id: ids.held }],
  });
  expect(await tasks.get(ids.completed!)).not.toHaveProperty('result');
  expect(await tasks.get(ids.failed!)).toMatchObject({ state: 'failed', error: { name: 'RangeError' } });
  await tasks.retry(ids.failed!);
  expect(await tasks.result(ids.failed!)).toEqual({ n: numbers.get('failed'), attempt: 2 });
  await tasks.retry(ids.cancelled!);
  expect(await ended(tasks, ids.cancelled!)).toMatchObject({ state: 'completed', attempt: 1 });
  await tasks.update(ids.scheduled!, { runAt: Date.now() - 1 });
  expect(await ended(tasks, ids.scheduled!)).toMatchObject({ state: 'completed' });
  expect(await tasks.get(ids.held!)).toMatchObject({ state: 'available', parentId: ids.completed });

  // What came since stands beside what was there.
  const tags = { customer: '42' };
  expect(await tasks.run('default', 'work', { n: 7 }, { id: 'own:1', tags })).toEqual({ n: 7, attempt: 1 });
  expect((await tasks.list({ tags })).items.map(({ id }) => id)).toEqual(['own:1']);
  await tasks.queue('held', 'work', { n: 8 }, { id: 'own:2', expires: '1h', tags });
  expect((await tasks.list({ from: Date.now() - HOUR })).items).toHaveLength(11);
  expect(await schedules.list()).toMatchObject([{ name: 'yearly' }]);
  await tasks.delete(ids.completed!);
  await app.close();

  expect(await cli('check', '--database', file)).toMatchObject({ code: 0 });
  const before = beside(file);
  expect(before.map((rows) => rows.length)).toEqual([8, 2, 2, 1]);
  const backup = `${file}.backup`;
  expect(await cli('backup', '--database', file, '--to', backup)).toMatchObject({ code: 0 });
  expect(beside(backup)).toEqual(before);
  expect(await cli('restore', '--from', backup, '--database', file)).toMatchObject({ code: 0 });
  expect(beside(file)).toEqual(before);
  expect(await cli('check', '--database', file)).toMatchObject({ code: 0 });
  // The version before asks for these names within each transaction, and refuses a file that has others.
  const database = new Database(file, { readonly: true });
  const names = database.prepare<[], string>('SELECT name FROM tasks_migration ORDER BY id').pluck().all();
  database.close();
  expect(names.slice(0, BEFORE.length)).toEqual(BEFORE.map((Migration) => new Migration().name));
  expect(names.length).toBeGreaterThan(BEFORE.length);
});
