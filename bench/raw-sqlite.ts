import Database from 'better-sqlite3';
import type { QueryRunner } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { CreateTables1764000000000 } from '../lib/engine/sqlite/migrations/1764000000000-create-tables.js';
import { CLAIM_TASKS } from '../lib/engine/sqlite/statements/claim-tasks.js';
import { END_TASK } from '../lib/engine/sqlite/statements/finish-attempt.js';
import { INSERT_ATTEMPT } from '../lib/engine/sqlite/statements/insert-attempt.js';
import { INSERT_TASK } from '../lib/engine/sqlite/statements/insert-tasks.js';
import type { Contestant, Latency } from './contestant.js';
import { percentile, rate } from './measurement.js';
import { NAME, params, QUEUE } from './tasks.js';

/** Tasks that are claimed and acknowledged in one transaction. */
const BATCH = 100;
const WORKER = uuidv7();
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

interface Claimed {
  readonly seq: number;
  readonly attempt: number;
  readonly params: string;
}

/**
 * What the store alone costs: better-sqlite3 with the library's own tables, indexes and statements, and nothing of the
 * library around them. No checks of params, no promises, no heartbeat, no counters and metrics.
 */
export class RawSqlite implements Contestant {
  constructor(private readonly file: string) {}

  async enqueue(count: number, callers: number): Promise<number> {
    return this.enqueueMany(count, callers);
  }

  async enqueueMany(count: number, size: number): Promise<number> {
    return this.withDatabase((database) => {
      const insert = inserter(database);
      return rate(count, () => {
        for (let start = 0; start < count; start += size) insert(start, size);
      });
    });
  }

  async drain(count: number): Promise<number> {
    return this.withDatabase(async (database) => {
      const insert = inserter(database);
      for (let start = 0; start < count; start += 1_000) insert(start, 1_000);
      const step = claimer(database);
      const runs = new Map<number, number>();
      const result = await rate(count, () => {
        for (let tasks = step([], BATCH); tasks.length > 0; tasks = step(tasks, BATCH)) {
          for (const task of tasks) {
            const { index } = (JSON.parse(task.params) as { data: { index: number } }).data;
            runs.set(index, (runs.get(index) ?? 0) + 1);
          }
        }
      });
      const done = database.prepare(`SELECT count(*) AS done FROM tasks_task WHERE state = 'completed'`).pluck().get();
      if (runs.size !== count || done !== count)
        throw new Error(`${runs.size} tasks ran, ${String(done)} are completed`);
      return result;
    });
  }

  async pickUp(count: number): Promise<Latency> {
    return this.withDatabase((database) => {
      const insert = inserter(database);
      const step = claimer(database);
      const times: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const began = performance.now();
        insert(index, 1);
        const tasks = step([], 1);
        times.push(performance.now() - began);
        step(tasks, 0);
      }
      return { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
    });
  }

  private async withDatabase<T>(work: (database: Database.Database) => T | Promise<T>): Promise<T> {
    const database = new Database(this.file);
    try {
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma('cache_size = -32000');
      database.pragma('temp_store = MEMORY');
      const runner = { query: async (sql: string) => void database.exec(sql) } as unknown as QueryRunner;
      await new CreateTables1764000000000().up(runner);
      return await work(database);
    } finally {
      database.close();
    }
  }
}

/** Inserts `size` tasks in one transaction. */
function inserter(database: Database.Database): (start: number, size: number) => void {
  const insert = database.prepare(INSERT_TASK);
  return database.transaction((start: number, size: number) => {
    const now = Date.now();
    for (let index = start; index < start + size; index += 1) {
      const json = JSON.stringify(params(index));
      insert.run(uuidv7(), QUEUE, NAME, 'available', 0, 4, now, now, null, null, json);
    }
  }).immediate;
}

/** Acknowledges `done` and claims up to `size` more, in one transaction. */
function claimer(database: Database.Database): (done: readonly Claimed[], size: number) => Claimed[] {
  const claim = database.prepare<unknown[], Claimed>(CLAIM_TASKS);
  const end = database.prepare(END_TASK);
  const record = database.prepare(INSERT_ATTEMPT);
  return database.transaction((done: readonly Claimed[], size: number) => {
    const now = Date.now();
    for (const { seq, attempt } of done) {
      end.run('completed', now, now, now + KEPT_MS, 4, seq, attempt, WORKER);
      record.run(seq, attempt, WORKER, now, now, 'completed', null, null, null);
    }
    return size > 0 ? claim.all(WORKER, now, QUEUE, size) : [];
  }).immediate;
}
