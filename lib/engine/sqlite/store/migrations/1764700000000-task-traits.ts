import type { MigrationInterface, QueryRunner } from 'typeorm';
import { changeCheck } from '../change-check.js';

const STATES = `'scheduled', 'available', 'running', 'retryable', 'completed', 'failed', 'cancelled'`;

/**
 * Room for what few tasks have: tags, a time by which they must have started or ended, a version of their params, results,
 * keys, steps and edges.
 *
 * The facts themselves stand in the task's row, as JSON: a plain task says by itself that there is nothing to look at and
 * nothing to release. A fact that tasks are looked up by has a table of its own beside it, whose rows go with their task where
 * that is marked as having some (`beside`). No index of `tasks_task` is added, and no foreign key leads to it: a plain task
 * costs what it did, to its deletion, and a file is migrated at once, however many tasks it holds.
 */
export class TaskTraits1764700000000 implements MigrationInterface {
  readonly name = 'TaskTraits1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [column, type] of COLUMNS) {
      if (!(await hasColumn(runner, 'tasks_task', column)))
        await runner.query(`ALTER TABLE tasks_task ADD COLUMN ${column} ${type}`);
    }
    if (!(await hasColumn(runner, 'tasks_schedule', 'traits'))) {
      await runner.query(`ALTER TABLE tasks_schedule ADD COLUMN traits TEXT`);
    }
    for (const statement of CREATE) await runner.query(statement);
    await changeCheck(runner, 'tasks_task', `(${STATES})`, `(${STATES}, 'held', 'blocked', 'suspended')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await changeCheck(runner, 'tasks_task', `(${STATES}, 'held', 'blocked', 'suspended')`, `(${STATES})`);
    await runner.query(`DROP TRIGGER IF EXISTS tasks_task_beside`);
    for (const table of TABLES) await runner.query(`DROP TABLE IF EXISTS ${table}`);
    await runner.query(`ALTER TABLE tasks_schedule DROP COLUMN traits`);
    for (const [column] of COLUMNS.toReversed()) await runner.query(`ALTER TABLE tasks_task DROP COLUMN ${column}`);
  }
}

/** A process that died in the middle has added some of them. */
async function hasColumn(runner: QueryRunner, table: string, column: string): Promise<boolean> {
  const found: unknown[] = await runner.query(`SELECT 1 FROM pragma_table_info(?) WHERE name = ?`, [table, column]);
  return found.length > 0;
}

const COLUMNS = [
  ['traits', 'TEXT'],
  ['beside', 'INTEGER'],
] as const;

const TABLES = [
  'tasks_result',
  'tasks_tag',
  'tasks_own_id',
  'tasks_lapse',
  'tasks_limit',
  'tasks_unique',
  'tasks_step',
  'tasks_signal',
  'tasks_edge',
  'tasks_unhandled',
];

const CREATE = [
  // What a task's handler returned, until the result's own retention is over.
  `CREATE TABLE IF NOT EXISTS tasks_result (
     task       INTEGER PRIMARY KEY,
     value      TEXT    NOT NULL,
     sensitive  TEXT,
     expires_at INTEGER
   )`,
  `CREATE INDEX IF NOT EXISTS tasks_result_expiry ON tasks_result (expires_at) WHERE expires_at IS NOT NULL`,
  // Tags by their values, the tasks of each in the order of their arrival.
  `CREATE TABLE IF NOT EXISTS tasks_tag (
     name  TEXT NOT NULL,
     value TEXT NOT NULL,
     task  INTEGER NOT NULL,
     PRIMARY KEY (name, value, task)
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS tasks_tag_task ON tasks_tag (task)`,
  // Tasks whose ids do not tell when they were enqueued, by when they were.
  `CREATE TABLE IF NOT EXISTS tasks_own_id (
     created_at INTEGER NOT NULL,
     task       INTEGER NOT NULL,
     PRIMARY KEY (created_at, task)
   ) WITHOUT ROWID`,
  // The next time at which something ends a task that waits: it has not started by then, or its deadline is over.
  `CREATE TABLE IF NOT EXISTS tasks_lapse (
     task INTEGER PRIMARY KEY,
     at   INTEGER NOT NULL
   )`,
  `CREATE INDEX IF NOT EXISTS tasks_lapse_at ON tasks_lapse (at)`,
  // When the next start fits into a limit: one row a limit, by the generic cell rate algorithm.
  `CREATE TABLE IF NOT EXISTS tasks_limit (
     name    TEXT PRIMARY KEY NOT NULL,
     next_at REAL NOT NULL
   ) WITHOUT ROWID`,
  // The holder of each unique key.
  `CREATE TABLE IF NOT EXISTS tasks_unique (
     key        TEXT PRIMARY KEY NOT NULL,
     task       TEXT NOT NULL,
     until      TEXT NOT NULL,
     expires_at INTEGER
   ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS tasks_step (
     task        INTEGER NOT NULL,
     name        TEXT    NOT NULL,
     number      INTEGER NOT NULL,
     position    INTEGER NOT NULL,
     kind        TEXT    NOT NULL,
     result      TEXT,
     started_at  INTEGER,
     finished_at INTEGER,
     PRIMARY KEY (task, name, number)
   ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS tasks_signal (
     id      INTEGER PRIMARY KEY,
     task    INTEGER NOT NULL,
     name    TEXT    NOT NULL,
     payload TEXT,
     sent_at INTEGER NOT NULL
   )`,
  `CREATE INDEX IF NOT EXISTS tasks_signal_task ON tasks_signal (task, name, id)`,
  // What waits for what: a task that ends leads to those that wait for it.
  `CREATE TABLE IF NOT EXISTS tasks_edge (
     parent  INTEGER NOT NULL,
     child   INTEGER NOT NULL,
     ends_as TEXT NOT NULL,
     PRIMARY KEY (parent, child)
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS tasks_edge_child ON tasks_edge (child)`,
  // Kinds of tasks that some process knew no handler of; whether any still waits, the tasks say.
  `CREATE TABLE IF NOT EXISTS tasks_unhandled (
     queue TEXT NOT NULL,
     name  TEXT NOT NULL,
     PRIMARY KEY (queue, name)
   ) WITHOUT ROWID`,
  `CREATE TRIGGER IF NOT EXISTS tasks_task_beside AFTER DELETE ON tasks_task WHEN old.beside IS NOT NULL BEGIN
     DELETE FROM tasks_result WHERE task = old.seq;
     DELETE FROM tasks_tag WHERE task = old.seq;
     DELETE FROM tasks_own_id WHERE created_at = old.created_at AND task = old.seq;
     DELETE FROM tasks_lapse WHERE task = old.seq;
     DELETE FROM tasks_step WHERE task = old.seq;
     DELETE FROM tasks_signal WHERE task = old.seq;
     DELETE FROM tasks_edge WHERE parent = old.seq;
     DELETE FROM tasks_edge WHERE child = old.seq;
   END`,
];
