import { DataSource, type Logger } from 'typeorm';
import { requirePeer } from '../../common/index.js';
import type { EngineLogger } from '../../port/index.js';
import { databaseOf } from './app-data-source.js';
import { Connection } from './connection.js';
import { IN_MEMORY } from './database-path.js';
import { loadDriver } from './driver.js';
import { TASKS_ENTITIES } from './entities/index.js';
import { MIGRATIONS_TABLE } from './known-schema.js';
import type { OpenDatabase } from './open-file.js';
import { patiently } from './retry-while-busy.js';
import { MigrationsWithWord } from './migrations-with-word.js';
import { assertOwnLog } from './own-log.js';
import { makeStoreFile } from './store-path.js';

/** TypeORM reports some failures to the console even where logging is off. Whoever opens the store is given the error. */
const SILENT: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/**
 * Opens the file, creating it where there is none, and brings its schema up to date.
 * @throws TasksConfigError where a package that this takes is missing or of another version
 */
export async function openConnection(
  file: string,
  synchronous: 'full' | 'normal',
  logger: Pick<EngineLogger, 'log' | 'warn'> = { log: () => undefined, warn: () => undefined },
): Promise<Connection> {
  const path = file === IN_MEMORY ? IN_MEMORY : makeStoreFile(file);
  requirePeer('typeorm', 'The SQLite engine');
  if (path !== IN_MEMORY) await assertOwnLog(path);
  const migrations = new MigrationsWithWord(path, logger);
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    driver: await loadDriver(),
    database: path,
    timeout: 0,
    entities: TASKS_ENTITIES,
    migrations: migrations.classes,
    migrationsTableName: MIGRATIONS_TABLE,
    logger: SILENT,
  });
  const connect = async (): Promise<OpenDatabase> => {
    await patiently(() => dataSource.initialize());
    const end = async (): Promise<void> => {
      if (dataSource.isInitialized) await dataSource.destroy();
    };
    return { database: databaseOf(dataSource), end };
  };
  const migrate = (): Promise<void> => migrations.run(dataSource, databaseOf(dataSource));
  return Connection.open({ path, synchronous, connect, migrate, logger });
}
