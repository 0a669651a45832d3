import type BetterSqlite3 from 'better-sqlite3';

/** A connection of better-sqlite3, on which statements are run. */
export type Database = BetterSqlite3.Database;
