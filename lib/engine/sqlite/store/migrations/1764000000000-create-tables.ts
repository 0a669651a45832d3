import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first schema. Every index here is one that a statement in `../statements` needs; `query-plans.spec.ts` holds
 * them together.
 *
 * The partial indexes are what keeps the cost of a claim independent of how much is stored: a task is in the claim
 * index only while it is available, in the due index only while it waits for its time, in the expiry index only once
 * it has ended. `running` is left out of the two indexes that serve lists, because a task passes through it on its way:
 * the few that are running are found by their worker.
 */
export class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of CREATE) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE IF EXISTS ${table}`);
  }
}

const TABLES = [
  'tasks_log',
  'tasks_attempt',
  'tasks_task',
  'tasks_count',
  'tasks_queue',
  'tasks_name',
  'tasks_worker',
  'tasks_schedule',
  'tasks_metric',
];

const CREATE = [
  `CREATE TABLE tasks_task (
     seq              INTEGER PRIMARY KEY,
     id               TEXT    NOT NULL,
     queue            TEXT    NOT NULL,
     name             TEXT    NOT NULL,
     state            TEXT    NOT NULL CHECK (state IN ('scheduled', 'available', 'running', 'retryable', 'completed', 'failed', 'cancelled')),
     priority         INTEGER NOT NULL DEFAULT 0,
     attempt          INTEGER NOT NULL DEFAULT 0,
     excused          INTEGER NOT NULL DEFAULT 0,
     lost             INTEGER NOT NULL DEFAULT 0,
     max_attempts     INTEGER,
     run_at           INTEGER NOT NULL,
     created_at       INTEGER NOT NULL,
     started_at       INTEGER,
     finished_at      INTEGER,
     expires_at       INTEGER,
     worker           TEXT,
     cancel_requested INTEGER NOT NULL DEFAULT 0,
     progress         TEXT,
     settings         TEXT,
     sensitive        TEXT,
     params           TEXT    NOT NULL
   )`,
  `CREATE UNIQUE INDEX tasks_task_id ON tasks_task (id)`,
  `CREATE INDEX tasks_task_claim ON tasks_task (queue, priority DESC, seq) WHERE state = 'available'`,
  `CREATE INDEX tasks_task_due ON tasks_task (run_at) WHERE state IN ('scheduled', 'retryable')`,
  `CREATE INDEX tasks_task_running ON tasks_task (worker) WHERE state = 'running'`,
  `CREATE INDEX tasks_task_expiry ON tasks_task (expires_at) WHERE expires_at IS NOT NULL`,
  `CREATE INDEX tasks_task_by_queue ON tasks_task (queue, state, seq) WHERE state <> 'running'`,
  `CREATE INDEX tasks_task_by_name ON tasks_task (name, state, seq) WHERE state <> 'running'`,

  `CREATE TABLE tasks_attempt (
     task          INTEGER NOT NULL REFERENCES tasks_task (seq) ON DELETE CASCADE,
     attempt       INTEGER NOT NULL,
     worker        TEXT    NOT NULL,
     started_at    INTEGER NOT NULL,
     finished_at   INTEGER NOT NULL,
     outcome       TEXT    NOT NULL,
     error_name    TEXT,
     error_message TEXT,
     error_stack   TEXT,
     PRIMARY KEY (task, attempt)
   ) WITHOUT ROWID`,

  `CREATE TABLE tasks_log (
     id      INTEGER PRIMARY KEY,
     task    INTEGER NOT NULL REFERENCES tasks_task (seq) ON DELETE CASCADE,
     attempt INTEGER NOT NULL,
     at      INTEGER NOT NULL,
     message TEXT    NOT NULL
   )`,
  `CREATE INDEX tasks_log_task ON tasks_log (task)`,

  `CREATE TABLE tasks_count (
     queue TEXT    NOT NULL,
     state TEXT    NOT NULL,
     count INTEGER NOT NULL,
     PRIMARY KEY (queue, state)
   ) WITHOUT ROWID`,

  `CREATE TABLE tasks_queue (
     name            TEXT PRIMARY KEY NOT NULL,
     paused_at       INTEGER,
     rate_started_at INTEGER NOT NULL DEFAULT 0,
     rate_count      INTEGER NOT NULL DEFAULT 0
   ) WITHOUT ROWID`,

  `CREATE TABLE tasks_name (
     name      TEXT PRIMARY KEY NOT NULL,
     sensitive TEXT NOT NULL
   ) WITHOUT ROWID`,

  `CREATE TABLE tasks_worker (
     id            TEXT PRIMARY KEY NOT NULL,
     host          TEXT    NOT NULL,
     pid           INTEGER NOT NULL,
     pid_space     TEXT    NOT NULL,
     pid_birth     TEXT,
     started_at    INTEGER NOT NULL,
     queues        TEXT    NOT NULL
   ) WITHOUT ROWID`,

  `CREATE TABLE tasks_schedule (
     name         TEXT PRIMARY KEY NOT NULL,
     expression   TEXT    NOT NULL,
     time_zone    TEXT,
     utc_offset   INTEGER,
     queue        TEXT    NOT NULL,
     task         TEXT    NOT NULL,
     params       TEXT    NOT NULL,
     priority     INTEGER NOT NULL,
     max_attempts INTEGER,
     settings     TEXT,
     catch_up     TEXT    NOT NULL,
     threshold    INTEGER,
     overlap      INTEGER NOT NULL,
     disabled     INTEGER NOT NULL,
     source       TEXT    NOT NULL,
     paused       INTEGER NOT NULL DEFAULT 0,
     next_run_at  INTEGER,
     last_run_at  INTEGER,
     last_task_id TEXT
   ) WITHOUT ROWID`,
  `CREATE INDEX tasks_schedule_due ON tasks_schedule (next_run_at) WHERE paused = 0 AND disabled = 0 AND next_run_at IS NOT NULL`,

  `CREATE TABLE tasks_metric (
     minute         INTEGER NOT NULL,
     queue          TEXT    NOT NULL,
     completed      INTEGER NOT NULL,
     failed         INTEGER NOT NULL,
     retried        INTEGER NOT NULL,
     cancelled      INTEGER NOT NULL,
     wait_total     INTEGER NOT NULL,
     wait_histogram TEXT    NOT NULL,
     run_total      INTEGER NOT NULL,
     run_histogram  TEXT    NOT NULL,
     PRIMARY KEY (minute, queue)
   ) WITHOUT ROWID`,
];
