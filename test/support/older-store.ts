import { DataSource } from 'typeorm';
import type { Clock } from '../../lib/clock/index.js';
import { TASK_STATES, type TaskState } from '../../lib/contract/index.js';
import { MIGRATION_NAMES, TASKS_MIGRATIONS } from '../../lib/engine/sqlite/store/migrations/index.js';
import { newTask, START } from '../conformance/harness.js';

/** How many migrations there were before tasks had tags. */
export const BEFORE_TAGS = MIGRATION_NAMES.indexOf('TaskTraits1764700000000');

/** The states that there were. */
export const STATES_BEFORE_TAGS = TASK_STATES.filter((state) => !['held', 'suspended', 'blocked'].includes(state));

/** A file of the version before tags with a task in every state. Resolves to their ids. */
export async function writeOlderStore(file: string, clock: Clock): Promise<ReadonlyMap<TaskState, string>> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    migrations: TASKS_MIGRATIONS.slice(0, BEFORE_TAGS),
    migrationsTableName: 'tasks_migration',
    migrationsRun: true,
  });
  await source.initialize();
  const ids = new Map(STATES_BEFORE_TAGS.map((state) => [state, newTask(clock).id]));
  for (const [state, id] of ids) {
    const ended = ['completed', 'failed', 'cancelled'].includes(state);
    const begun = state !== 'available' && state !== 'scheduled';
    await source.query(
      `INSERT INTO tasks_task (id, queue, name, state, run_at, created_at, attempt, worker, started_at, finished_at, max_attempts, params)
       VALUES (?, 'default', 'work', ?, ?, ?, ?, ?, ?, ?, 4, '{}')`,
      [id, state, START, START, begun ? 1 : 0, begun ? 'gone' : null, begun ? START : null, ended ? START : null],
    );
  }
  await source.query(
    `INSERT INTO tasks_count (queue, state, count) SELECT queue, state, count(*) FROM tasks_task GROUP BY 1, 2`,
  );
  await source.destroy();
  return ids;
}
