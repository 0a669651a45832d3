import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What processes that share a file have to know of one another: for how long each of them may be silent, as their settings
 * may differ.
 */
export class OneFileForMany1764350000000 implements MigrationInterface {
  readonly name = 'OneFileForMany1764350000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_worker ADD COLUMN lease INTEGER`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_worker DROP COLUMN lease`);
  }
}
