import type { EngineLogger } from '../../port/index.js';
import { Connection } from '../store/connection.js';
import { IN_MEMORY } from '../store/database-path.js';
import { loadDriver } from '../store/driver.js';
import { openConnection } from '../store/open-connection.js';
import type { OpenDatabase } from '../store/open-file.js';

/** An empty store with its tables, as bytes: making them takes a hundred times as long as copying them. */
let image: Promise<Buffer> | null = null;

/** Opens a store of its own in memory, at once from the second one of a process on. */
export function openMemory(
  _file: string,
  synchronous: 'full' | 'normal',
  logger: Pick<EngineLogger, 'log' | 'warn'>,
): Promise<Connection> {
  const connect = async (): Promise<OpenDatabase> => {
    const Driver = await loadDriver();
    const database = new Driver(await imageOfEmptyStore(), { timeout: 0 });
    return { database, end: () => void database.close() };
  };
  return Connection.open({ path: IN_MEMORY, synchronous, connect, migrate: async () => undefined, logger });
}

/** An empty store with its tables, which is made once in a process. */
export function imageOfEmptyStore(): Promise<Buffer> {
  image ??= makeImage().catch((error: unknown) => {
    image = null;
    throw error;
  });
  return image;
}

async function makeImage(): Promise<Buffer> {
  const connection = await openConnection(IN_MEMORY, 'normal');
  try {
    return connection.database.serialize();
  } finally {
    await connection.close();
  }
}
