import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../connection.js';
import { MIGRATIONS } from './index.js';

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
      migrations: MIGRATIONS.slice(0, 1),
      migrationsTableName: 'tasks_migration',
      migrationsRun: true,
    });
    await source.initialize();
    await source.query(
      `INSERT INTO tasks_task (id, queue, name, state, run_at, created_at, params) VALUES ('1', 'q', 'n', 'available', 5, 5, '{"a":1}')`,
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
    ]);
    expect(database.prepare('SELECT name, last_task_ids FROM tasks_schedule').all()).toEqual([
      { name: 's', last_task_ids: '[]' },
    ]);
    expect(database.prepare('SELECT name FROM tasks_migration ORDER BY id').all()).toEqual(
      MIGRATIONS.map(({ name }) => ({ name })),
    );
    await close();
  });

  it('comes to the schema of a new file, and back', async () => {
    await olderStore();
    const migrated = await opened();
    const fresh = await Connection.open(':memory:', 'full');
    const columns = (database: Connection['database'], table: string) =>
      (database.pragma(`table_info(${table})`) as Column[]).map(({ name }) => name);
    for (const table of ['tasks_task', 'tasks_schedule', 'tasks_audit']) {
      expect(columns(migrated.database, table)).toEqual(columns(fresh.database, table));
    }
    await fresh.close();
    await migrated.close();

    const source = new DataSource({
      type: 'better-sqlite3',
      database: file,
      migrations: MIGRATIONS,
      migrationsTableName: 'tasks_migration',
    });
    await source.initialize();
    for (const _ of MIGRATIONS.slice(1)) await source.undoLastMigration();
    expect(
      await source.query(`SELECT name FROM sqlite_master WHERE name IN ('tasks_audit', 'tasks_task_children')`),
    ).toEqual([]);
    expect(await source.query('SELECT id FROM tasks_task')).toEqual([{ id: '1' }]);
    await source.destroy();
  });

  async function opened() {
    const connection = await Connection.open(file, 'full');
    return { database: connection.database, close: () => connection.close() };
  }
});
