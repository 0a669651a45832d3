import type { MigrationInterface, QueryRunner } from 'typeorm';
import { errorGroupKey, messagePattern } from '../../../common/index.js';

/** Failed tasks read at once. */
const BATCH = 500;
const HOUR_MS = 3_600_000;

/**
 * The group of errors that a failed task belongs to, written down when it fails: how many there are of each is then counted
 * in an index that holds failed tasks alone, and nobody has to read their errors. When a group failed first and last, and
 * how often in each hour, is history and outlives the tasks.
 */
export class ErrorGroups1764500000000 implements MigrationInterface {
  readonly name = 'ErrorGroups1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_task ADD COLUMN error_group TEXT`);
    await runner.query(
      `CREATE INDEX tasks_task_error_group ON tasks_task (error_group, queue) WHERE error_group IS NOT NULL`,
    );
    await runner.query(
      `CREATE TABLE tasks_error_group (
         key        TEXT PRIMARY KEY NOT NULL,
         name       TEXT    NOT NULL,
         error_name TEXT    NOT NULL,
         message    TEXT    NOT NULL,
         first_at   INTEGER NOT NULL,
         last_at    INTEGER NOT NULL
       ) WITHOUT ROWID`,
    );
    await runner.query(`CREATE INDEX tasks_error_group_last ON tasks_error_group (last_at)`);
    await runner.query(
      `CREATE TABLE tasks_error_hour (
         key    TEXT    NOT NULL,
         hour   INTEGER NOT NULL,
         queue  TEXT    NOT NULL,
         failed INTEGER NOT NULL,
         PRIMARY KEY (key, hour, queue)
       ) WITHOUT ROWID`,
    );
    await groupStoredErrors(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tasks_error_hour`);
    await runner.query(`DROP TABLE tasks_error_group`);
    await runner.query(`DROP INDEX tasks_task_error_group`);
    await runner.query(`ALTER TABLE tasks_task DROP COLUMN error_group`);
  }
}

interface FailedRow {
  readonly seq: number;
  readonly queue: string;
  readonly name: string;
  readonly at: number;
  readonly errorName: string | null;
  readonly message: string | null;
}

async function groupStoredErrors(runner: QueryRunner): Promise<void> {
  for (let last = 0; ;) {
    const rows = (await runner.query(
      `SELECT seq, queue, name, coalesce(tasks_task.finished_at, created_at) AS at, error_name AS errorName,
              substr(error_message, 1, 1000) AS message
         FROM tasks_task
         LEFT JOIN tasks_attempt
           ON task = seq AND tasks_attempt.attempt =
              (SELECT max(attempt) FROM tasks_attempt WHERE task = seq AND error_name IS NOT NULL)
        WHERE state = 'failed' AND seq > ?
        ORDER BY seq
        LIMIT ${BATCH}`,
      [last],
    )) as FailedRow[];
    for (const row of rows) await groupFailure(runner, row);
    if (rows.length < BATCH) return;
    last = rows.at(-1)!.seq;
  }
}

async function groupFailure(runner: QueryRunner, { seq, queue, name, at, ...error }: FailedRow): Promise<void> {
  const [errorName, message] = [error.errorName ?? 'Error', error.message ?? ''];
  const key = errorGroupKey(name, { name: errorName, message });
  await runner.query(`UPDATE tasks_task SET error_group = ? WHERE seq = ?`, [key, seq]);
  await runner.query(
    `INSERT INTO tasks_error_group (key, name, error_name, message, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`,
    [key, name, errorName, messagePattern(message), at, at],
  );
  await runner.query(
    `INSERT INTO tasks_error_hour (key, hour, queue, failed) VALUES (?, ?, ?, 1)
     ON CONFLICT (key, hour, queue) DO UPDATE SET failed = failed + 1`,
    [key, Math.floor(at / HOUR_MS), queue],
  );
}
