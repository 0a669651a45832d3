import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { QUEUE } from '../params.js';
import { openDatabase } from './database.js';
import { createTables } from './schema.js';
import { DATA } from './stores.js';

/** How much a store holds. */
export interface Contents {
  readonly finished: number;
  readonly scheduled: number;
  readonly waiting: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Beyond any run, so that neither retention nor a due time comes into it. */
const FAR_MS = 3_650 * DAY_MS;
/** When tasks are scheduled for that no run comes to. */
export const FAR_FUTURE = Date.now() + FAR_MS;
/** Where tasks do not run, as finished ones and those scheduled for later, their indexes only keep their ids apart. */
const FINISHED_FROM = 1_000_000_000;
const SCHEDULED_FROM = 2_000_000_000;
/** Rows of one transaction. */
const CHUNK = 500_000;

const NUMBERS = 'WITH RECURSIVE numbers (i) AS (SELECT @from UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < @to)';
/** A UUID of version 7, later ones greater, as the ids that the library makes. */
const ID = `printf('%08x-%04x-7000-8000-%012x', @now >> 16, @now & 65535, i)`;
const PARAMS = `'{"to":"user' || i || '@example.com","subject":"Welcome!","template":"welcome","data":{"index":' || i || '}}'`;

const INSERT_UNFINISHED = `
  INSERT INTO tasks_task (id, queue, name, state, max_attempts, run_at, created_at, params)
  ${NUMBERS} SELECT ${ID}, @queue, 'bench_task', @state, 4, @at, @now, ${PARAMS} FROM numbers`;
const INSERT_FINISHED = `
  INSERT INTO tasks_task (id, queue, name, state, attempt, max_attempts, run_at, created_at, started_at, finished_at, expires_at, worker, params)
  ${NUMBERS} SELECT ${ID}, @queue, 'bench_task', 'completed', 1, 4, @now, @now, @now, @now, @expires, 'filled', ${PARAMS} FROM numbers`;
const INSERT_ATTEMPTS = `
  INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome)
  SELECT seq, 1, 'filled', @now, @now, 'completed' FROM tasks_task WHERE seq > @after`;
const ADD_COUNT = `
  INSERT INTO tasks_count (queue, state, count) VALUES (?, ?, ?)
  ON CONFLICT (queue, state) DO UPDATE SET count = count + excluded.count`;

/**
 * A file of the library's with these contents, which is kept for the next time. What ran since, the caller makes up for
 * with {@link topUp}.
 */
export async function keptStore(contents: Contents): Promise<string> {
  mkdirSync(DATA, { recursive: true });
  const { finished, scheduled, waiting } = contents;
  const name = `kept-${finished}-${scheduled}-${waiting}`;
  const file = join(DATA, `${name}-${await schemaHash()}.db`);
  if (existsSync(file)) return file;
  // One of another schema is of no use any more.
  for (const old of readdirSync(DATA)) if (old.startsWith(`${name}-`)) rmSync(join(DATA, old), { recursive: true });
  const unfinished = `${file}.filling`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${unfinished}${suffix}`, { force: true });
  await fillStore(unfinished, contents, FAR_FUTURE);
  renameSync(unfinished, file);
  return file;
}

/**
 * Fills a new file through SQL alone, its counters as if the library had done it. Waiting tasks have the indexes from 0 on.
 * @param scheduledFrom first index of the scheduled ones
 */
export async function fillStore(
  file: string,
  contents: Contents,
  scheduledAt: number,
  scheduledFrom = SCHEDULED_FROM,
): Promise<void> {
  await createTables(file);
  const database = openDatabase(file);
  try {
    database.pragma('journal_mode = MEMORY');
    database.pragma('synchronous = OFF');
    database.pragma('cache_size = -500000');
    insertFinished(database, contents.finished);
    insert(database, 'scheduled', scheduledFrom, contents.scheduled, scheduledAt);
    insert(database, 'available', 0, contents.waiting, Date.now());
    setNextIndex(database, contents.waiting);
    database.pragma('journal_mode = WAL');
  } finally {
    database.close();
  }
}

/** Adds waiting tasks until there are `waiting`; resolves to the least index of those that wait, which follow on each other. */
export function topUp(file: string, waiting: number): number {
  const database = openDatabase(file);
  try {
    forgetRunning(database);
    const next = nextIndex(database);
    const there = countOf(database, 'available');
    const missing = Math.max(0, waiting - there);
    insert(database, 'available', next, missing, Date.now());
    setNextIndex(database, next + missing);
    database.pragma('wal_checkpoint(TRUNCATE)');
    return next - there;
  } finally {
    database.close();
  }
}

/** How many tasks the library's own counters have in a state. */
export function storedCount(file: string, state: 'available' | 'scheduled' | 'completed'): number {
  const database = openDatabase(file);
  try {
    return countOf(database, state);
  } finally {
    database.close();
  }
}

function countOf(database: Database.Database, state: string): number {
  const count = database
    .prepare('SELECT count FROM tasks_count WHERE queue = ? AND state = ?')
    .pluck()
    .get(QUEUE, state);
  return (count as number | undefined) ?? 0;
}

/** What a process held that was killed: it would run again among the tasks that are counted. */
function forgetRunning(database: Database.Database): void {
  database.transaction(() => {
    database.prepare(`DELETE FROM tasks_task WHERE state = 'running'`).run();
    database.prepare(`UPDATE tasks_count SET count = 0 WHERE queue = ? AND state = 'running'`).run(QUEUE);
  })();
}

function insert(
  database: Database.Database,
  state: 'scheduled' | 'available',
  from: number,
  count: number,
  at: number,
): void {
  const statement = database.prepare(INSERT_UNFINISHED);
  const add = database.prepare(ADD_COUNT);
  for (let start = from; start < from + count; start += CHUNK) {
    const to = Math.min(start + CHUNK, from + count);
    database.transaction(() => {
      statement.run({ from: start, to, queue: QUEUE, state, at, now: Date.now() });
      add.run(QUEUE, state, to - start);
    })();
  }
}

function insertFinished(database: Database.Database, count: number): void {
  const tasks = database.prepare(INSERT_FINISHED);
  const attempts = database.prepare(INSERT_ATTEMPTS);
  const add = database.prepare(ADD_COUNT);
  const last = database.prepare('SELECT ifnull(max(seq), 0) FROM tasks_task').pluck();
  for (let start = FINISHED_FROM; start < FINISHED_FROM + count; start += CHUNK) {
    const to = Math.min(start + CHUNK, FINISHED_FROM + count);
    database.transaction(() => {
      const now = Date.now();
      const after = last.get();
      tasks.run({ from: start, to, queue: QUEUE, now, expires: now + FAR_MS });
      attempts.run({ now, after });
      add.run(QUEUE, 'completed', to - start);
    })();
  }
}

/** SQLite has a number for an application's own use, and the library makes none of it. */
function nextIndex(database: Database.Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

function setNextIndex(database: Database.Database, index: number): void {
  database.pragma(`user_version = ${index}`);
}

async function schemaHash(): Promise<string> {
  const file = join(DATA, `schema-${process.pid}.db`);
  await createTables(file);
  const database = openDatabase(file);
  const schema = database.prepare('SELECT sql FROM sqlite_master ORDER BY name').pluck().all();
  database.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  return createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, 8);
}
