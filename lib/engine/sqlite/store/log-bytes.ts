import { statSync } from 'node:fs';

/** Bytes of the log of a database file; 0 where there is none. */
export function logBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
