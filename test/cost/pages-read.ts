import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const PAGE_BYTES = 4_096;
/** Counts every byte that the process reads: https://docs.kernel.org/filesystems/proc.html#proc-pid-io */
export const IO = '/proc/self/io';

/**
 * How many pages of the file `work` visits: those that a connection with nothing in its cache has to read. What `work`
 * changes is rolled back.
 * @param sql statements that are prepared before, so that the schema is not counted
 */
export function pagesRead(
  file: string,
  sql: string,
  work: (statement: Database.Statement<unknown[], unknown>) => void,
): number {
  const database = new Database(file);
  try {
    const statement = database.prepare<unknown[], unknown>(sql);
    database.exec('BEGIN IMMEDIATE');
    const before = bytesRead();
    work(statement);
    const bytes = bytesRead() - before;
    database.exec('ROLLBACK');
    // The counter's own text is far shorter than a page.
    return Math.floor(bytes / PAGE_BYTES);
  } finally {
    database.close();
  }
}

function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(IO, 'utf8'))![1]);
}
