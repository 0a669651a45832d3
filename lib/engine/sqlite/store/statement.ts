import type { Statement } from 'better-sqlite3';
import type { Database } from './database.js';

const prepared = new WeakMap<Database, Map<string, Statement<unknown[], unknown>>>();

/**
 * The statement of `sql` on this connection, prepared once.
 *
 * @param sql a limit that is a parameter stands in it as `LIMIT (? + 0)` where it runs often: SQLite looks at the number of a
 *   plain `LIMIT ?` when it plans, and so plans anew whenever one is bound, which is most of the work of a small statement
 */
export function statement<Parameters extends unknown[], Row = unknown>(
  database: Database,
  sql: string,
): Statement<Parameters, Row> {
  let statements = prepared.get(database);
  if (!statements) prepared.set(database, (statements = new Map()));
  let found = statements.get(sql);
  if (!found) statements.set(sql, (found = database.prepare<unknown[], unknown>(sql)));
  return found as Statement<Parameters, Row>;
}

/** Placeholders of `rows` rows, as they follow VALUES. */
export function placeholders(columns: number, rows: number): string {
  const row = `(${Array<string>(columns).fill('?').join(', ')})`;
  return Array<string>(rows).fill(row).join(', ');
}
