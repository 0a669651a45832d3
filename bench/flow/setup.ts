import type { QueueFlow, RateLimit } from '../../lib/contract/index.js';
import type { NewTask } from '../../lib/engine/port/index.js';

export const QUEUE = 'work';

/** What one process of the bench works on, and how. */
export interface WorkerSetup {
  readonly file: string;
  readonly concurrency: number;
  readonly rateLimit: RateLimit | null;
  readonly flow: QueueFlow | null;
  /** It ends when it has seen nothing to do for so many milliseconds, or after `forMs`. */
  readonly idleMs: number;
  readonly forMs: number;
}

/** When handlers were called, in milliseconds since the epoch. */
export interface WorkerReport {
  readonly starts: readonly number[];
}

export function taskOf(id: string): NewTask {
  const now = Date.now();
  const task = { id, queue: QUEUE, name: 'work', params: '{}', priority: 0, runAt: now, createdAt: now };
  return { ...task, maxAttempts: 1, settings: null, sensitive: [] };
}

/** What an app of the bench drains. */
export interface DrainSetup {
  readonly file: string;
  readonly concurrency: number;
  /** How many keys its tasks have, each of which runs one at a time; null: none. */
  readonly keys: number | null;
  readonly tasks: number;
}

export interface DrainReport {
  /** Tasks a second. */
  readonly rate: number;
}
