import { StoreError } from '../../../contract/index.js';
import { strangenessOfLog } from './strange-log.js';

/** Before a file is opened. @throws StoreError where SQLite would mix two files */
export async function assertOwnLog(path: string): Promise<void> {
  const strangeness = await strangenessOfLog(path);
  if (strangeness === null) return;
  const hint =
    strangeness === 'younger' ? ` If the two were copied here together, say so with "touch ${path}-wal".` : '';
  throw new StoreError(
    `Cannot open the task store ${path}: ${path}-wal is the log of another file, and SQLite would write its pages into this ` +
      `one. Nothing was changed. To begin with ${path} as it is, stop every process that works on it and move ${path}-wal ` +
      `and ${path}-shm away ("nestjs-tasks restore" does so when it puts a backup in place).${hint}`,
  );
}
