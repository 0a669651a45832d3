import type { QueryRunner } from 'typeorm';
import { dataSourceOf } from '../../common/index.js';
import { databaseOf } from './app-data-source.js';

/**
 * Changes a CHECK of a table, of which SQLite has no statement that would not copy the table, or the condition of an index,
 * which would be made anew. Rows and entries stay as they are: the caller vouches that each meets the new text. The way is
 * SQLite's own, "Making Other Kinds Of Table Schema Changes" at https://www.sqlite.org/lang_altertable.html.
 *
 * @param from part of the definition, as it was written
 * @param to what takes its place; nothing happens where it is there already
 */
export async function changeDefinition(runner: QueryRunner, object: string, from: string, to: string): Promise<void> {
  const database = databaseOf(dataSourceOf(runner));
  const definition = database.prepare<[string], string>(`SELECT sql FROM sqlite_schema WHERE name = ?`).pluck();
  const sql = definition.get(object);
  if (sql === undefined || sql.includes(to)) return;
  if (!sql.includes(from)) throw new Error(`${object} has no ${from} to change.`);
  database.unsafeMode(true);
  try {
    database.transaction(() => {
      const version = database.pragma('schema_version', { simple: true }) as number;
      database.pragma('writable_schema = ON');
      database.prepare(`UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?`).run(from, to, object);
      database.pragma(`schema_version = ${version + 1}`);
    })();
  } finally {
    database.pragma('writable_schema = RESET');
    database.unsafeMode(false);
  }
}
