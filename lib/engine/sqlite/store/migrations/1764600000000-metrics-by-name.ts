import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = `completed, failed, retried, cancelled, wait_total, wait_histogram, run_total, run_histogram`;

function create(table: string, more: string, key: string): string {
  return `CREATE TABLE ${table} (
     minute         INTEGER NOT NULL,
     queue          TEXT    NOT NULL,
     ${more}
     completed      INTEGER NOT NULL,
     failed         INTEGER NOT NULL,
     retried        INTEGER NOT NULL,
     cancelled      INTEGER NOT NULL,
     wait_total     INTEGER NOT NULL,
     wait_histogram TEXT    NOT NULL,
     run_total      INTEGER NOT NULL,
     run_histogram  TEXT    NOT NULL,
     PRIMARY KEY (${key})
   ) WITHOUT ROWID`;
}

/** A minute of a queue is counted by the names of its tasks. Minutes before have the empty name, which no task has. */
export class MetricsByName1764600000000 implements MigrationInterface {
  readonly name = 'MetricsByName1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(create('tasks_metric_new', 'name TEXT NOT NULL,', 'minute, queue, name'));
    await runner.query(
      `INSERT INTO tasks_metric_new (minute, queue, name, ${COLUMNS})
       SELECT minute, queue, '', ${COLUMNS} FROM tasks_metric`,
    );
    await runner.query(`DROP TABLE tasks_metric`);
    await runner.query(`ALTER TABLE tasks_metric_new RENAME TO tasks_metric`);
  }

  /** The times of several names in a minute cannot be added in SQL: those of one of them stay. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(create('tasks_metric_old', '', 'minute, queue'));
    await runner.query(
      `INSERT INTO tasks_metric_old (minute, queue, ${COLUMNS})
       SELECT minute, queue, sum(completed), sum(failed), sum(retried), sum(cancelled),
              sum(wait_total), max(wait_histogram), sum(run_total), max(run_histogram)
         FROM tasks_metric GROUP BY minute, queue`,
    );
    await runner.query(`DROP TABLE tasks_metric`);
    await runner.query(`ALTER TABLE tasks_metric_old RENAME TO tasks_metric`);
  }
}
