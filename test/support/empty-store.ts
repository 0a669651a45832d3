import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { imageOfEmptyStore } from '../../lib/engine/sqlite/by-hand/memory-image.js';
import { attachConnection } from '../../lib/engine/sqlite/store/attach-connection.js';
import type { Connection } from '../../lib/engine/sqlite/store/connection.js';

/** Makes a store without tasks at a path: making its tables anew would take longer than most tests. */
export async function writeEmptyStore(file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await imageOfEmptyStore(), { mode: 0o600 });
}

/** Makes one and opens it, without TypeORM, which takes longer than most tests, too. */
export async function openEmptyStore(
  file: string,
  warn: (message: string) => void = () => undefined,
): Promise<Connection> {
  await writeEmptyStore(file);
  return attachConnection(realpathSync(file), 'normal', { warn });
}
