import type Database from 'better-sqlite3';
import { uuidv7 } from 'uuidv7';
import type { Contestant } from '../contestant.js';
import { dataOf, QUEUE, type BenchData } from '../params.js';
import { openDatabase } from '../store/database.js';
import { CREATE_ORDERS, INSERT_ORDER } from '../store/orders.js';
import { createTables } from '../store/schema.js';
import type { Workload } from '../workload.js';

/** Tasks that are claimed and acknowledged in one transaction. */
const BATCH = 100;
const WORKER = uuidv7();
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

const INSERT_TASK = `
  INSERT INTO tasks_task (id, queue, name, state, priority, max_attempts, run_at, created_at, params)
  VALUES (?, ?, 'bench_task', 'available', 0, 4, ?, ?, ?)`;
const CLAIM_TASKS = `
  UPDATE tasks_task SET state = 'running', attempt = attempt + 1, worker = ?, started_at = ?
   WHERE seq IN (
     SELECT seq FROM tasks_task
      WHERE state = 'available' AND key IS NULL AND parked IS NULL AND queue = ?
      ORDER BY priority DESC, seq
      LIMIT (? + 0))
  RETURNING seq, attempt, params`;
const END_TASK = `
  UPDATE tasks_task SET state = 'completed', finished_at = ?, expires_at = ?
   WHERE seq = ? AND attempt = ? AND worker = ? AND state = 'running'`;
const INSERT_ATTEMPT = `
  INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome) VALUES (?, ?, ?, ?, ?, 'completed')`;

interface Claimed {
  readonly seq: number;
  readonly attempt: number;
  readonly params: string;
}

/**
 * The limit: what SQLite itself takes for the library's tables and indexes, through better-sqlite3 and prepared
 * statements. No checks of params, no promises, no heartbeat, no counters and metrics. Work is claimed and acknowledged in
 * hundreds, whatever the concurrency.
 */
export class RawSqlite implements Contestant {
  private database: Database.Database | null = null;
  private prepared: Statements | null = null;
  private stopped = false;
  private looping: Promise<void> = Promise.resolve();

  constructor(private readonly file: string) {}

  async enqueue(index: number): Promise<void> {
    (await this.statements()).insert(index, 1);
  }

  async enqueueTogether(from: number, callers: number): Promise<void> {
    (await this.statements()).insert(from, callers);
  }

  async enqueueMany(from: number, count: number): Promise<void> {
    (await this.statements()).insert(from, count);
  }

  async enqueueWithin(index: number): Promise<void> {
    (await this.statements()).insertWithin(index);
  }

  async start(_concurrency: number, workload: Workload): Promise<void> {
    const { step } = await this.statements();
    this.looping = this.loop(step, workload);
  }

  async left(): Promise<number> {
    await this.statements();
    return this.database!.prepare(`SELECT count(*) FROM tasks_task WHERE state IN ('available', 'running')`)
      .pluck()
      .get() as number;
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.looping;
    this.database?.close();
    this.database = null;
  }

  private async statements(): Promise<Statements> {
    if (!this.prepared) {
      await createTables(this.file);
      this.database = openDatabase(this.file);
      this.database.exec(CREATE_ORDERS);
      this.prepared = prepare(this.database);
    }
    return this.prepared;
  }

  private async loop(step: Statements['step'], workload: Workload): Promise<void> {
    let tasks: Claimed[] = [];
    while (!this.stopped) {
      tasks = step(tasks, BATCH);
      for (const task of tasks) {
        const running = workload.run((JSON.parse(task.params) as BenchData).data.index);
        if (running) await running;
      }
      await new Promise((resolve) => (tasks.length > 0 ? setImmediate(resolve) : setTimeout(resolve, 1)));
    }
    step(tasks, 0);
  }
}

interface Statements {
  /** Inserts tasks in one transaction. */
  insert(from: number, count: number): void;
  /** Inserts a row of the app and a task in one transaction. */
  insertWithin(index: number): void;
  /** Acknowledges `done` and claims up to `size` more, in one transaction. */
  step(done: readonly Claimed[], size: number): Claimed[];
}

function prepare(database: Database.Database): Statements {
  const order = database.prepare(INSERT_ORDER);
  const task = database.prepare(INSERT_TASK);
  const claim = database.prepare<unknown[], Claimed>(CLAIM_TASKS);
  const end = database.prepare(END_TASK);
  const record = database.prepare(INSERT_ATTEMPT);
  const insertOne = (index: number, time: number): void => {
    task.run(uuidv7(), QUEUE, time, time, JSON.stringify(dataOf(index)));
  };
  return {
    insert: database.transaction((from: number, count: number) => {
      const time = Date.now();
      for (let index = from; index < from + count; index += 1) insertOne(index, time);
    }).immediate,
    insertWithin: database.transaction((index: number) => {
      order.run(index);
      insertOne(index, Date.now());
    }).immediate,
    step: database.transaction((done: readonly Claimed[], size: number) => {
      const time = Date.now();
      for (const { seq, attempt } of done) {
        end.run(time, time + KEPT_MS, seq, attempt, WORKER);
        record.run(seq, attempt, WORKER, time, time);
      }
      return size > 0 ? claim.all(WORKER, time, QUEUE, size) : [];
    }).immediate,
  };
}
