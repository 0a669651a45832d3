import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when no process that came by a task has known its name. */
export class UnhandledTasks1764400000000 implements MigrationInterface {
  readonly name = 'UnhandledTasks1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_task ADD COLUMN unhandled_since INTEGER`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_task DROP COLUMN unhandled_since`);
  }
}
