import type { MigrationInterface, QueryRunner } from 'typeorm';
import { changeDefinition } from '../change-definition.js';

const ALL = 'WHERE key IS NOT NULL';
const LIVE = `WHERE key IS NOT NULL AND state IN ('held', 'available', 'running')`;

/**
 * What has ended leaves the index of keys: each task that ended was put into another page of it, and nobody looked it up there.
 * Where no task has a key nothing is read but the empty index; else the index is made anew.
 */
export class KeysOfLiveTasks1764900000000 implements MigrationInterface {
  readonly name = 'KeysOfLiveTasks1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    const keyed: unknown[] = await runner.query(
      `SELECT 1 FROM tasks_task INDEXED BY tasks_task_key WHERE queue > '' AND key IS NOT NULL LIMIT 1`,
    );
    if (keyed.length === 0) await changeDefinition(runner, 'tasks_task_key', ALL, LIVE);
    else await makeAnew(runner, LIVE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await makeAnew(runner, ALL);
  }
}

async function makeAnew(runner: QueryRunner, which: string): Promise<void> {
  await runner.query(`DROP INDEX tasks_task_key`);
  await runner.query(
    `CREATE INDEX tasks_task_key ON tasks_task (queue, state, key, priority DESC, turn, seq) ${which}`,
  );
}
