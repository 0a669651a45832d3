import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Secrets that the processes of a store share, such as the key of the panel. */
export class Secrets1764300000000 implements MigrationInterface {
  readonly name = 'Secrets1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE tasks_secret (
         name  TEXT PRIMARY KEY NOT NULL,
         value TEXT NOT NULL
       ) WITHOUT ROWID`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tasks_secret`);
  }
}
