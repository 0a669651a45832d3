import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which ticks of a schedule were dealt with: a clock that was ahead passes over some that are still to come. */
export class PassedOverTicks1764750000000 implements MigrationInterface {
  readonly name = 'PassedOverTicks1764750000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks_schedule ADD COLUMN ticked_until INTEGER`);
    await runner.query(`ALTER TABLE tasks_schedule ADD COLUMN passed_over TEXT`);
    // Of what ran before nothing is known: none of it comes again.
    await runner.query(`UPDATE tasks_schedule SET ticked_until = coalesce(next_run_at, last_run_at + 1)`);
    await runner.query(
      `CREATE INDEX tasks_schedule_passed_over ON tasks_schedule (next_run_at) WHERE passed_over IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX tasks_schedule_passed_over`);
    await runner.query(`ALTER TABLE tasks_schedule DROP COLUMN passed_over`);
    await runner.query(`ALTER TABLE tasks_schedule DROP COLUMN ticked_until`);
  }
}
