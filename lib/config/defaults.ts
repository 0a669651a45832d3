import type { TaskSettings } from './resolved-config.js';

const SECOND_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

/** Settings of a task that nothing else is said about. */
export const DEFAULT_SETTINGS: TaskSettings = {
  maxRetries: 3,
  retryDelay: 60 * SECOND_MS,
  backoff: 'fixed',
  jitter: 0,
  timeout: null,
  priority: 0,
  retention: { completed: 7 * DAY_MS, failed: 30 * DAY_MS, cancelled: 7 * DAY_MS },
};

export const DEFAULT_NAME = 'default';
export const DEFAULT_QUEUE = 'default';
export const DEFAULT_CONFIG_FILE = 'config/config.yaml';

/** Concurrent workers of a queue where no `workers` are given. */
export const DEFAULT_CONCURRENCY = 5;

export const DEFAULT_SYNCHRONOUS = 'full';
export const DEFAULT_THREAD = true;
export const DEFAULT_OUTBOX_MIGRATE = true;
export const DEFAULT_ADMIN_ACCESS = 'key';
export const DEFAULT_AUTO_START = true;
export const DEFAULT_CRON = 'all';
export const DEFAULT_ENHANCERS = 'own';
export const DEFAULT_MAX_PARAMS_BYTES = 1_024 ** 2;
export const DEFAULT_MAX_RESULT_BYTES = 1_024 ** 2;
export const DEFAULT_SHUTDOWN_GRACE_MS = 10 * SECOND_MS;
export const DEFAULT_LEASE_MS = 10 * SECOND_MS;
export const DEFAULT_MAX_LOST_ATTEMPTS = 5;
export const DEFAULT_UNKNOWN_TASKS_WAIT_MS = DAY_MS;

/** `data/tasks.db`, or `data/tasks-<name>.db` where a process has several stores. */
export function defaultDatabase(name: string): string {
  return `data/${withStoreName('tasks', name)}.db`;
}

/** `admin/tasks`, or `admin/tasks-<name>` where a process has several stores. */
export function defaultAdminPath(name: string): string {
  return `admin/${withStoreName('tasks', name)}`;
}

function withStoreName(word: string, name: string): string {
  return name === DEFAULT_NAME ? word : `${word}-${name}`;
}
