import { TasksError } from './tasks-errors.js';

/** The store could not do what was asked: disk full, file read-only, corrupt or locked for too long. Nothing was stored. */
export class StoreError extends TasksError {
  readonly code = 'store_unavailable';
}

/** The store was written by a newer version of the library. */
export class SchemaVersionError extends TasksError {
  readonly code = 'schema_too_new';
}
