const DAY_MS = 24 * 60 * 60 * 1_000;

/** What is beyond these is taken for a mistake. */
export const MAX_RETRIES_LIMIT = 1_000;
export const PRIORITY_LIMIT = 1_000_000;
export const CONCURRENCY_LIMIT = 10_000;
export const LOST_ATTEMPTS_LIMIT = 1_000;
/** An attempt that may take no time at all could never succeed. */
export const TIMEOUT_BOUNDS = { min: 1 };
/** Several heartbeats fit into the shortest; after the longest, a dead process's tasks have waited long enough. */
export const LEASE_BOUNDS = { min: 100, max: DAY_MS };
export const SHUTDOWN_GRACE_BOUNDS = { min: 0, max: DAY_MS };
/** Bytes: `{}` must fit; the most is well within what SQLite and a JavaScript string can hold. */
export const PARAMS_SIZE_BOUNDS = { min: 2, max: 256 * 1_024 ** 2 };
