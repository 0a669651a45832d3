import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the panel tells beyond the tasks themselves: who changed what through it, which runs a schedule had, and which
 * task enqueued which. The index is partial, so that a task without a parent costs nothing.
 */
export class PanelRecords1764100000000 implements MigrationInterface {
  readonly name = 'PanelRecords1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_task ADD COLUMN parent_id TEXT`);
    await runner.query(`CREATE INDEX tasks_task_children ON tasks_task (parent_id) WHERE parent_id IS NOT NULL`);
    await runner.query(`ALTER TABLE tasks_schedule ADD COLUMN last_task_ids TEXT NOT NULL DEFAULT '[]'`);
    await runner.query(
      `CREATE TABLE tasks_audit (
         id      INTEGER PRIMARY KEY,
         at      INTEGER NOT NULL,
         who     TEXT,
         action  TEXT    NOT NULL,
         target  TEXT    NOT NULL,
         changed INTEGER NOT NULL
       )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tasks_audit`);
    await runner.query(`ALTER TABLE tasks_schedule DROP COLUMN last_task_ids`);
    await runner.query(`DROP INDEX tasks_task_children`);
    await runner.query(`ALTER TABLE tasks_task DROP COLUMN parent_id`);
  }
}
