import type { PauseSelector } from './task-pause.js';
import type { RateLimit } from './rate-limit.js';

/** What a queue lets run beside each other, over all processes of the store. Each part is absent where nothing limits it. */
export interface QueueFlow {
  /** Most tasks of one key that are ready or run; the others are held. */
  readonly keyConcurrency?: number;
  /** Most tasks of one key that start in a span of time. */
  readonly keyRateLimit?: RateLimit;
  /** Keys take turns, instead of the order of arrival. */
  readonly fair?: true;
  /** How many turns a key has while others have one; 1 for a key that is not in it. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Most tasks of the queue that run. */
  readonly globalConcurrency?: number;
  /** Workers of the queue in each process that has any, where they were set at run time; else as each process's options say. */
  readonly concurrency?: number;
  /** The rate limit of the queue, where it was set at run time; else each process goes by its own. */
  readonly rateLimit?: RateLimit;
}

/** A key of which tasks wait, run, or are held. */
export interface KeyDepth {
  readonly key: string;
  /** Tasks that wait for one of their key to end; at most {@link MAX_KEY_COUNTED} are counted. */
  readonly held: number;
  readonly available: number;
  readonly running: number;
  /** Of the rate limit that each key has; absent where keys have none. */
  readonly starts?: {
    /** Starts that count now, with the places that are lent to attempts about to start. */
    readonly used: number;
    /** Available tasks that wait for a place, as far as a worker would have taken them by now. */
    readonly waiting: number;
    /** When there may be a place for those; null where none waits. */
    readonly nextAt: number | null;
  };
}

/** Tasks of one key and state are counted up to this many. */
export const MAX_KEY_COUNTED = 10_000;

/** Why a task is held. */
export interface TaskHold {
  readonly key: string;
  /** How many tasks of the key may be ready or run. */
  readonly concurrency: number;
  /** Those that are, by their ids; the first hundred. */
  readonly holders: readonly string[];
  /** Held tasks of the key that come before it; at most {@link MAX_KEY_COUNTED} are counted. */
  readonly ahead: number;
}

/** What keeps an available task from starting, as a worker found it; absent where nothing does, or none has come by it. */
export type TaskBlock =
  | { readonly by: 'limit'; readonly limit: string }
  | { readonly by: 'key'; readonly key: string }
  | { readonly by: 'pause'; readonly selector: PauseSelector };

/** Keys of one queue, in their order. */
export interface KeyPage {
  readonly queue: string;
  readonly flow: QueueFlow;
  readonly keys: readonly KeyDepth[];
  /** The last of them, after which there are more; null where there are none. */
  readonly next: string | null;
}
