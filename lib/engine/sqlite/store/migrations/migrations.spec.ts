import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../connection.js';
import { openConnection } from '../open-connection.js';
import { TASKS_MIGRATIONS } from './index.js';

interface Column {
  readonly name: string;
}

describe('a file of an older schema', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-migrations-'));
    file = join(folder, 'tasks.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A store as the first version of the schema made it, with a task and a schedule. */
  async function olderStore(): Promise<void> {
    const source = new DataSource({
      type: 'better-sqlite3',
      database: file,
      migrations: TASKS_MIGRATIONS.slice(0, 1),
      migrationsTableName: 'tasks_migration',
      migrationsRun: true,
    });
    await source.initialize();
    await source.query(
      `INSERT INTO tasks_task (id, queue, name, state, run_at, created_at, params) VALUES ('1', 'q', 'n', 'available', 5, 5, '{"a":1}')`,
    );
    await source.query(
      `INSERT INTO tasks_task (id, queue, name, state, run_at, created_at, finished_at, params)
       VALUES ('2', 'q', 'n', 'failed', 5, 5, 7, '{}'), ('3', 'r', 'n', 'failed', 5, 5, 9, '{}')`,
    );
    await source.query(
      `INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome, error_name, error_message)
       VALUES (2, 1, 'w', 6, 7, 'failed', 'RangeError', 'Order 1 is gone'),
              (3, 1, 'w', 6, 9, 'failed', 'RangeError', 'Order 2 is gone')`,
    );
    await source.query(
      `INSERT INTO tasks_schedule (name, expression, queue, task, params, priority, catch_up, overlap, disabled, source)
       VALUES ('s', '* * * * *', 'q', 'n', '{}', 0, 'once', 1, 0, 'runtime')`,
    );
    await source.destroy();
  }

  it('is migrated when it is opened, with what it holds', async () => {
    await olderStore();
    const { database, close } = await opened();
    expect(database.prepare('SELECT id, params, parent_id FROM tasks_task').all()).toEqual([
      { id: '1', params: '{"a":1}', parent_id: null },
      { id: '2', params: '{}', parent_id: null },
      { id: '3', params: '{}', parent_id: null },
    ]);
    // What had failed already is in its group of errors.
    expect(
      database.prepare('SELECT name, error_name, message, first_at, last_at FROM tasks_error_group').all(),
    ).toEqual([{ name: 'n', error_name: 'RangeError', message: 'Order … is gone', first_at: 7, last_at: 9 }]);
    expect(database.prepare('SELECT queue, failed FROM tasks_error_hour ORDER BY queue').all()).toEqual([
      { queue: 'q', failed: 1 },
      { queue: 'r', failed: 1 },
    ]);
    expect(
      database.prepare('SELECT id FROM tasks_task WHERE error_group = (SELECT key FROM tasks_error_group)').all(),
    ).toEqual([{ id: '2' }, { id: '3' }]);
    expect(database.prepare('SELECT name, last_task_ids FROM tasks_schedule').all()).toEqual([
      { name: 's', last_task_ids: '[]' },
    ]);
    expect(database.prepare('SELECT name FROM tasks_migration ORDER BY id').all()).toEqual(
      TASKS_MIGRATIONS.map(({ name }) => ({ name })),
    );
    await close();
  });

  it('comes to the schema of a new file, and back', async () => {
    await olderStore();
    const migrated = await opened();
    const fresh = await openConnection(':memory:', 'full');
    const columns = (database: Connection['database'], table: string) =>
      (database.pragma(`table_info(${table})`) as Column[]).map(({ name }) => name);
    for (const table of ['tasks_task', 'tasks_schedule', 'tasks_audit', 'tasks_secret', 'tasks_error_group']) {
      expect(columns(migrated.database, table)).toEqual(columns(fresh.database, table));
    }
    await fresh.close();
    await migrated.close();

    const source = new DataSource({
      type: 'better-sqlite3',
      database: file,
      migrations: TASKS_MIGRATIONS,
      migrationsTableName: 'tasks_migration',
    });
    await source.initialize();
    for (const _ of TASKS_MIGRATIONS.slice(1)) await source.undoLastMigration();
    expect(
      await source.query(`SELECT name FROM sqlite_master WHERE name IN ('tasks_audit', 'tasks_task_children')`),
    ).toEqual([]);
    expect(await source.query('SELECT id FROM tasks_task')).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
    await source.destroy();
  });

  async function opened() {
    const connection = await openConnection(file, 'full');
    return { database: connection.database, close: () => connection.close() };
  }
});
