import type { MigrationInterface, QueryRunner } from 'typeorm';
import { changeDefinition } from '../change-definition.js';

const STATES = `'scheduled', 'available', 'running', 'retryable', 'completed', 'failed', 'cancelled'`;

/**
 * Room for what few tasks have: tags, a time by which they must have started or ended, a version of their params, results,
 * keys, steps and edges.
 *
 * The facts themselves stand in the task's row, as JSON: a plain task says by itself that there is nothing to look at and
 * nothing to release. A fact that tasks are looked up by has a table of its own beside it, whose rows go with their task where
 * that is marked as having some (`beside`). No foreign key leads to it, and the two indexes of `tasks_task` that are added
 * have only tasks with a key: a plain task costs what it did, to its deletion. Each of them is made by one look at every task.
 *
 * A task with a key is claimed by its turn, from `tasks_task_turn`, so it is left out of `tasks_task_claim`. That one is not
 * made anew for it: no task has a key yet, and what is in it stays in it.
 */
export class TaskTraits1764700000000 implements MigrationInterface {
  readonly name = 'TaskTraits1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [column, type] of COLUMNS) {
      if (!(await hasColumn(runner, 'tasks_task', column)))
        await runner.query(`ALTER TABLE tasks_task ADD COLUMN ${column} ${type}`);
    }
    for (const [column, type] of QUEUE_COLUMNS) {
      if (!(await hasColumn(runner, 'tasks_queue', column)))
        await runner.query(`ALTER TABLE tasks_queue ADD COLUMN ${column} ${type}`);
    }
    if (!(await hasColumn(runner, 'tasks_schedule', 'traits'))) {
      await runner.query(`ALTER TABLE tasks_schedule ADD COLUMN traits TEXT`);
    }
    for (const statement of CREATE) await runner.query(statement);
    await changeDefinition(runner, 'tasks_task', `(${STATES})`, `(${STATES}, 'held', 'blocked', 'suspended')`);
    await changeDefinition(runner, 'tasks_task_claim', CLAIMED, PLAIN);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`UPDATE tasks_task SET state = 'available' WHERE state = 'held'`);
    for (const index of INDEXES) await runner.query(`DROP INDEX IF EXISTS ${index}`);
    await runner.query(`CREATE INDEX tasks_task_claim ON tasks_task (queue, priority DESC, seq) ${CLAIMED}`);
    await changeDefinition(runner, 'tasks_task', `(${STATES}, 'held', 'blocked', 'suspended')`, `(${STATES})`);
    await runner.query(`DROP TRIGGER IF EXISTS tasks_task_beside`);
    for (const table of TABLES) await runner.query(`DROP TABLE IF EXISTS ${table}`);
    await runner.query(`ALTER TABLE tasks_schedule DROP COLUMN traits`);
    for (const [column] of QUEUE_COLUMNS) await runner.query(`ALTER TABLE tasks_queue DROP COLUMN ${column}`);
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
  // Tasks of one key share its slots; empty where a task has none and takes its turn with others.
  ['key', 'TEXT'],
  // Its place among those of its priority that are available; the least comes first.
  ['turn', 'REAL'],
  // What keeps an available task from being claimed: a limit that has no place, or a pause; null for all others.
  ['parked', 'TEXT'],
] as const;

const QUEUE_COLUMNS = [
  // 1 once a task with a key has come: claims look at those too.
  ['keyed', 'INTEGER'],
  // JSON of the flow control that a configuration has declared, and of what was set over it since.
  ['flow', 'TEXT'],
  ['flow_set', 'TEXT'],
  // Until when nothing of it starts, as somebody was told to wait, and since when.
  ['closed_at', 'INTEGER'],
  ['closed_until', 'INTEGER'],
] as const;

const INDEXES = ['tasks_task_turn', 'tasks_task_key', 'tasks_task_claim', 'tasks_task_parked'];

/** The condition of the index by which plain tasks are claimed. */
const CLAIMED = `WHERE state = 'available'`;
const PLAIN = `${CLAIMED} AND key IS NULL AND parked IS NULL`;

const TABLES = [
  'tasks_result',
  'tasks_tag',
  'tasks_own_id',
  'tasks_lapse',
  'tasks_start',
  'tasks_limit',
  'tasks_key_limit',
  'tasks_pause',
  'tasks_unique',
  'tasks_step',
  'tasks_signal',
  'tasks_edge',
  'tasks_unhandled',
];

const CREATE = [
  `CREATE INDEX IF NOT EXISTS tasks_task_turn ON tasks_task (queue, priority DESC, turn, seq)
    WHERE state = 'available' AND key IS NOT NULL AND parked IS NULL`,
  `CREATE INDEX IF NOT EXISTS tasks_task_parked ON tasks_task (parked, queue, priority DESC, turn, seq)
    WHERE parked IS NOT NULL AND state = 'available'`,
  `CREATE INDEX IF NOT EXISTS tasks_task_key ON tasks_task (queue, state, key, priority DESC, turn, seq)
    WHERE key IS NOT NULL`,
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
  // Starts that count in a limit: those of one time together (task 0), and a row for each place that is lent to an attempt.
  `CREATE TABLE IF NOT EXISTS tasks_start (
     name    TEXT    NOT NULL,
     at      INTEGER NOT NULL,
     task    INTEGER NOT NULL,
     attempt INTEGER NOT NULL,
     worker  TEXT    NOT NULL,
     count   INTEGER NOT NULL,
     PRIMARY KEY (name, at, task)
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS tasks_start_task ON tasks_start (task, attempt, worker) WHERE task > 0`,
  `CREATE INDEX IF NOT EXISTS tasks_start_worker ON tasks_start (worker) WHERE task > 0`,
  // A limit that queues share: until when nothing starts, as somebody was told to wait.
  `CREATE TABLE IF NOT EXISTS tasks_limit (
     name         TEXT PRIMARY KEY NOT NULL,
     closed_at    INTEGER,
     closed_until INTEGER
   ) WITHOUT ROWID`,
  // A key whose starts count in the limit of each key, or whose tasks wait for a place: when it is to be looked at again.
  `CREATE TABLE IF NOT EXISTS tasks_key_limit (
     name  TEXT    PRIMARY KEY NOT NULL,
     queue TEXT    NOT NULL,
     waits INTEGER NOT NULL,
     at    INTEGER NOT NULL
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS tasks_key_limit_at ON tasks_key_limit (queue, waits, at)`,
  // Pauses of some tasks, by what they are about: JSON of a `PauseSelector`.
  `CREATE TABLE IF NOT EXISTS tasks_pause (
     selector  TEXT PRIMARY KEY NOT NULL,
     paused_at INTEGER NOT NULL
   ) WITHOUT ROWID`,
  // The task that took each unique key last. Whether it holds it still, its own row says.
  `CREATE TABLE IF NOT EXISTS tasks_unique (
     key        TEXT PRIMARY KEY NOT NULL,
     task       INTEGER NOT NULL,
     until      TEXT NOT NULL,
     attempt    INTEGER NOT NULL,
     taken_at   INTEGER NOT NULL,
     expires_at INTEGER,
     merged     TEXT
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS tasks_unique_task ON tasks_unique (task)`,
  // What tasks have recorded of their durable steps.
  `CREATE TABLE IF NOT EXISTS tasks_step (
     task        INTEGER NOT NULL,
     kind        TEXT    NOT NULL,
     name        TEXT    NOT NULL,
     number      INTEGER NOT NULL,
     position    INTEGER NOT NULL,
     attempt     INTEGER NOT NULL,
     wait        TEXT,
     sensitive   TEXT,
     started_at  INTEGER NOT NULL,
     finished_at INTEGER,
     result      TEXT,
     PRIMARY KEY (task, kind, name, number)
   ) WITHOUT ROWID`,
  // What a suspended task waits for.
  `CREATE INDEX IF NOT EXISTS tasks_step_open ON tasks_step (task) WHERE finished_at IS NULL`,
  // Signals that were sent and not taken yet, in their order.
  `CREATE TABLE IF NOT EXISTS tasks_signal (
     id        INTEGER PRIMARY KEY,
     task      INTEGER NOT NULL,
     name      TEXT    NOT NULL,
     sent_at   INTEGER NOT NULL,
     sensitive TEXT,
     payload   TEXT    NOT NULL
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
     DELETE FROM tasks_unique WHERE task = old.seq;
     DELETE FROM tasks_step WHERE task = old.seq;
     DELETE FROM tasks_signal WHERE task = old.seq;
     DELETE FROM tasks_edge WHERE parent = old.seq;
     DELETE FROM tasks_edge WHERE child = old.seq;
   END`,
];
