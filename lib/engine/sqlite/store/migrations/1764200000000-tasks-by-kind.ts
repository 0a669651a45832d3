import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One index for lists by queue and by name instead of one for each: a task that is run is taken out of it once and put
 * into it once. What has a name is found through the queues in which there is any of that name, and the other way round.
 */
export class TasksByKind1764200000000 implements MigrationInterface {
  readonly name = 'TasksByKind1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX tasks_task_by_kind ON tasks_task (queue, name, state, seq) WHERE state <> 'running'`,
    );
    await runner.query(`DROP INDEX tasks_task_by_queue`);
    await runner.query(`DROP INDEX tasks_task_by_name`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX tasks_task_by_queue ON tasks_task (queue, state, seq) WHERE state <> 'running'`);
    await runner.query(`CREATE INDEX tasks_task_by_name ON tasks_task (name, state, seq) WHERE state <> 'running'`);
    await runner.query(`DROP INDEX tasks_task_by_kind`);
  }
}
