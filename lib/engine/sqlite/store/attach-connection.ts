import type { EngineLogger } from '../../port/index.js';
import { Connection } from './connection.js';
import { connectTo } from './open-file.js';

/**
 * Opens a file whose tables this process has just brought up to date. That takes TypeORM, which a thread that only works
 * on the file can be without: it would take longer to load than all else, and more memory.
 */
export function attachConnection(
  path: string,
  synchronous: 'full' | 'normal',
  logger: Pick<EngineLogger, 'warn'>,
): Promise<Connection> {
  return Connection.open({ path, synchronous, connect: () => connectTo(path), migrate: async () => undefined, logger });
}
