import type { DataSource } from 'typeorm';

export interface SqliteEngineOptions {
  /** Path of the file, `:memory:`, or the app's own initialised DataSource, whose file is then used. */
  readonly database: string | DataSource;
  readonly synchronous: 'full' | 'normal';
  /** How long a process may be silent before its tasks are taken from it, in milliseconds. */
  readonly lease: number;
  /** How many attempts of one task in a row may be lost before it fails. */
  readonly maxLostAttempts: number;
}
