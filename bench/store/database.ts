import Database from 'better-sqlite3';

/** A connection as durable as the library's own. */
export function openDatabase(file: string): Database.Database {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('journal_size_limit = 67108864');
  database.pragma('cache_size = -32000');
  database.pragma('temp_store = MEMORY');
  return database;
}
