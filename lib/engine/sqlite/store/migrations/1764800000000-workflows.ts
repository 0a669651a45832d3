import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Workflows. What was made ready for them before has never had a row, and gives way; no row of another table is looked at.
 *
 * A task of a workflow says so in its traits, and has a row of `tasks_node_task` beside it: a plain task costs what it did.
 * Its end leaves a row in `tasks_settling`, in the same commit; from there what waits for it is found in chunks. What has been
 * counted is noted where it was counted (`counted`, `ended_as`), so that to count again changes nothing.
 */
export class Workflows1764800000000 implements MigrationInterface {
  readonly name = 'Workflows1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER IF EXISTS tasks_task_beside`);
    await runner.query(`DROP TABLE IF EXISTS tasks_edge`);
    for (const statement of CREATE) await runner.query(statement);
    await runner.query(trigger([...BESIDE, ...BESIDE_NOW]));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER IF EXISTS tasks_task_beside`);
    for (const table of TABLES) await runner.query(`DROP TABLE IF EXISTS ${table}`);
    await runner.query(
      `CREATE TABLE tasks_edge (
         parent INTEGER NOT NULL, child INTEGER NOT NULL, ends_as TEXT NOT NULL, PRIMARY KEY (parent, child)
       ) WITHOUT ROWID`,
    );
    await runner.query(`CREATE INDEX tasks_edge_child ON tasks_edge (child)`);
    await runner.query(
      trigger([
        ...BESIDE,
        'DELETE FROM tasks_edge WHERE parent = old.seq',
        'DELETE FROM tasks_edge WHERE child = old.seq',
      ]),
    );
  }
}

const TABLES = ['tasks_node_work', 'tasks_settling', 'tasks_node_task', 'tasks_edge', 'tasks_node', 'tasks_workflow'];

const CREATE = [
  `CREATE TABLE IF NOT EXISTS tasks_workflow (
     seq         INTEGER PRIMARY KEY,
     id          TEXT    NOT NULL UNIQUE,
     name        TEXT    NOT NULL,
     state       TEXT    NOT NULL CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
     tags        TEXT,
     created_at  INTEGER NOT NULL,
     finished_at INTEGER,
     deadline_at INTEGER,
     expires_at  INTEGER,
     -- Until when a task of it is kept by its own retention, at the longest.
     keep_until  INTEGER NOT NULL DEFAULT 0,
     -- Why what has not ended is being cancelled, or that all is being deleted, and the last node that was gone through.
     ending      TEXT    CHECK (ending IN ('cancelled', 'deadline', 'deleted')),
     walk        INTEGER,
     -- Nodes by state, tasks, and those of them that have ended.
     blocked     INTEGER NOT NULL,
     running     INTEGER NOT NULL,
     completed   INTEGER NOT NULL DEFAULT 0,
     failed      INTEGER NOT NULL DEFAULT 0,
     cancelled   INTEGER NOT NULL DEFAULT 0,
     tasks       INTEGER NOT NULL,
     ended       INTEGER NOT NULL DEFAULT 0
   )`,
  `CREATE INDEX IF NOT EXISTS tasks_workflow_name ON tasks_workflow (name, seq)`,
  `CREATE INDEX IF NOT EXISTS tasks_workflow_state ON tasks_workflow (state, seq)`,
  `CREATE INDEX IF NOT EXISTS tasks_workflow_deadline ON tasks_workflow (deadline_at)
    WHERE deadline_at IS NOT NULL AND state = 'running' AND ending IS NULL`,
  `CREATE INDEX IF NOT EXISTS tasks_workflow_expiry ON tasks_workflow (expires_at) WHERE expires_at IS NOT NULL`,
  `CREATE INDEX IF NOT EXISTS tasks_workflow_walk ON tasks_workflow (seq) WHERE walk IS NOT NULL`,
  `CREATE TABLE IF NOT EXISTS tasks_node (
     seq       INTEGER PRIMARY KEY,
     workflow  INTEGER NOT NULL,
     number    INTEGER NOT NULL,
     name      TEXT    NOT NULL,
     kind      TEXT    NOT NULL CHECK (kind IN ('one', 'each')),
     queue     TEXT    NOT NULL,
     task      TEXT    NOT NULL,
     condition TEXT    NOT NULL CHECK (condition IN ('completed', 'failed', 'ended')),
     delay     INTEGER NOT NULL,
     state     TEXT    NOT NULL CHECK (state IN ('blocked', 'running', 'completed', 'failed', 'cancelled')),
     reason    TEXT    CHECK (reason IN ('condition', 'cancelled', 'deadline')),
     cause     INTEGER,
     -- Of those that it waits for: how many have not ended, have failed, have not completed.
     waits     INTEGER NOT NULL,
     broken    INTEGER NOT NULL DEFAULT 0,
     unmet     INTEGER NOT NULL DEFAULT 0,
     -- Of its tasks: how many there are, have not ended, have failed, were cancelled.
     tasks     INTEGER NOT NULL,
     open      INTEGER NOT NULL,
     failed    INTEGER NOT NULL DEFAULT 0,
     cancelled INTEGER NOT NULL DEFAULT 0
   )`,
  `CREATE UNIQUE INDEX IF NOT EXISTS tasks_node_number ON tasks_node (workflow, number)`,
  `CREATE INDEX IF NOT EXISTS tasks_node_name ON tasks_node (workflow, name)`,
  `CREATE INDEX IF NOT EXISTS tasks_node_state ON tasks_node (workflow, state, number)`,
  // Which node waits for which; how the one that is waited for has ended, as far as that is counted in the other.
  `CREATE TABLE IF NOT EXISTS tasks_edge (
     parent   INTEGER NOT NULL,
     child    INTEGER NOT NULL,
     ended_as TEXT,
     PRIMARY KEY (parent, child)
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS tasks_edge_child ON tasks_edge (child)`,
  // The tasks of nodes, by the name that their results are asked for by; how they have ended, as far as the node counts it.
  `CREATE TABLE IF NOT EXISTS tasks_node_task (
     task     INTEGER PRIMARY KEY,
     node     INTEGER NOT NULL,
     workflow INTEGER NOT NULL,
     name     TEXT    NOT NULL,
     counted  TEXT
   )`,
  `CREATE INDEX IF NOT EXISTS tasks_node_task_node ON tasks_node_task (node, task)`,
  `CREATE INDEX IF NOT EXISTS tasks_node_task_name ON tasks_node_task (workflow, name, task)`,
  // Tasks that have ended, or live again, and are not counted yet; until when each is kept.
  `CREATE TABLE IF NOT EXISTS tasks_settling (
     task       INTEGER PRIMARY KEY,
     keep_until INTEGER NOT NULL
   )`,
  // What is left to do about nodes, and how far it is.
  `CREATE TABLE IF NOT EXISTS tasks_node_work (
     kind  TEXT    NOT NULL,
     node  INTEGER NOT NULL,
     after INTEGER NOT NULL,
     PRIMARY KEY (kind, node)
   ) WITHOUT ROWID`,
];

/** The rows of few tasks that go with them. */
const BESIDE = [
  'DELETE FROM tasks_result WHERE task = old.seq',
  'DELETE FROM tasks_tag WHERE task = old.seq',
  'DELETE FROM tasks_own_id WHERE created_at = old.created_at AND task = old.seq',
  'DELETE FROM tasks_lapse WHERE task = old.seq',
  'DELETE FROM tasks_unique WHERE task = old.seq',
  'DELETE FROM tasks_step WHERE task = old.seq',
  'DELETE FROM tasks_signal WHERE task = old.seq',
];

const BESIDE_NOW = [
  'DELETE FROM tasks_node_task WHERE task = old.seq',
  'DELETE FROM tasks_settling WHERE task = old.seq',
];

function trigger(statements: readonly string[]): string {
  return `CREATE TRIGGER tasks_task_beside AFTER DELETE ON tasks_task WHEN old.beside IS NOT NULL BEGIN
    ${statements.map((statement) => `${statement};`).join('\n')}
  END`;
}
