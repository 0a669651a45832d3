import type { UnhandledKind } from './unhandled-kind.js';

/** What there is to know of a store beside what it holds: neither a task nor a queue says it. */
export interface StoreCondition {
  /** Bytes of the log that is copied into the store now and then; null where the engine has none of its own. */
  readonly logBytes: number | null;
  /** Kinds of tasks that no process handles which came by them. */
  readonly unhandled: readonly UnhandledKind[];
}

/** A log that begins anew is cut to 64 MiB; one of more than twice that is kept from it, and grows. */
export const MAX_LOG_BYTES = 128 * 1024 ** 2;
