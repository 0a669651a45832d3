import { TasksError } from './tasks-errors.js';

/**
 * The store could not do what was asked: disk full, file read-only, corrupt or locked for too long, server away. In a file
 * nothing was stored; a server that did not answer may have stored it all the same.
 */
export class StoreError extends TasksError {
  override readonly name = 'StoreError';
  readonly code = 'store_unavailable';
}

/** The store was written by a newer version of the library. */
export class SchemaVersionError extends TasksError {
  override readonly name = 'SchemaVersionError';
  readonly code = 'schema_too_new';
}
