import { DataSource } from 'typeorm';
import { TASKS_ENTITIES, TASKS_MIGRATIONS } from '../../lib/engine/sqlite/index.js';

/** Creates the library's tables in a file, as the library itself would. */
export async function createTables(file: string): Promise<void> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    entities: TASKS_ENTITIES,
    migrations: TASKS_MIGRATIONS,
    migrationsTableName: 'tasks_migration',
  });
  await source.initialize();
  try {
    await source.query('PRAGMA journal_mode = WAL');
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}
