import type { Database } from '../store/database.js';

/** A row that breaks a rule of its table: the file itself is sound. */
const ROW_PROBLEM = /^CHECK constraint failed in /;

/** Faults that SQLite's own check finds in the structure of the file; empty where it is sound. */
export function damageOf(database: Database): string[] {
  const messages = database.prepare<[], string>('PRAGMA integrity_check').pluck().all();
  return messages.filter((message) => message !== 'ok' && !ROW_PROBLEM.test(message));
}
