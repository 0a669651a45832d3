const DAY_MS = 24 * 60 * 60 * 1_000;

/** A value beyond these limits is taken for a mistake. */
export const MAX_RETRIES = 1_000;
export const MAX_PRIORITY = 1_000_000;
export const MAX_CONCURRENCY = 10_000;
/** Turns that a key may have while others have one. */
export const MAX_KEY_WEIGHT = 1_000;
export const MAX_LOST_ATTEMPTS = 1_000;
export const MAX_KEPT_TASKS = 1_000_000_000;
/** An attempt that may take no time at all could never succeed. */
export const TIMEOUT_BOUNDS = { min: 1 };
/** Several heartbeats fit into the shortest; after the longest, a dead process's tasks have waited long enough. */
export const LEASE_BOUNDS = { min: 100, max: DAY_MS };
export const SHUTDOWN_GRACE_BOUNDS = { min: 0, max: DAY_MS };
/** Bytes: `{}` must fit; the most is well within what SQLite and a JavaScript string can hold. */
export const PARAMS_SIZE_BOUNDS = { min: 2, max: 256 * 1_024 ** 2 };
export const RESULT_SIZE_BOUNDS = PARAMS_SIZE_BOUNDS;

/** Characters of the name of a task or a schedule. */
export const MAX_NAME_LENGTH = 200;
/** Characters of a task's id. */
/** Of a durable step, and of a signal. */
export const MAX_STEP_NAME_LENGTH = 200;
export const MAX_TASK_ID_LENGTH = 255;
/** Tags of a task. */
export const MAX_TAGS = 10;
/** Characters of a tag's name, and of its value. */
export const MAX_TAG_LENGTH = 128;
/** Bytes of what a task carries, as JSON. */
export const MAX_CONTEXT_BYTES = 4 * 1_024;
/** Characters of a text that is searched for. */
export const MAX_SEARCH_LENGTH = 1_000;
/** The last moment that a Date can hold, in UTC milliseconds. */
export const MAX_TIME = 8.64e15;

export const DEFAULT_PAGE_SIZE = 50;
/** Queues, or names of tasks, that one filter lists. */
export const MAX_FILTER_VALUES = 100;
/** Tasks that a page lists. */
export const MAX_PAGE_SIZE = 500;
/** Tasks that a bulk action names. */
export const MAX_BULK_IDS = 10_000;
