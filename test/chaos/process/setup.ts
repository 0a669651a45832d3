import type { TasksModuleRootOptions } from '../../../lib/config/index.js';
import type { BrokenEngine } from './broken-engines.js';

/** What a process is told, as JSON in its first argument. */
export interface ProcessSetup {
  /** Of the process, in the ledger. */
  readonly name: string;
  /** Folder of the ledger. */
  readonly ledger: string;
  readonly options: TasksModuleRootOptions;
  /** SQLite file of the app's own, and what it is for: the tasks live in it, or the outbox does. Null: there is none. */
  readonly app: { readonly file: string; readonly holds: 'tasks' | 'outbox' } | null;
  /** What it enqueues; null: nothing. */
  readonly production: Production | null;
  /** Added to the machine's time, in milliseconds. Null: its engine takes no other clock than the machine's. */
  readonly clockOffset: number | null;
  /** The way in which its engine is wrong; null: in none. */
  readonly brokenEngine: BrokenEngine | null;
}

export interface Production {
  readonly seed: number;
  readonly tasksPerSecond: number;
  /** Most tasks that are enqueued by one call. */
  readonly largestBatch: number;
  /** It pauses while the store holds more tasks than this that have not ended. */
  readonly mostOpen: number;
}

export type Order =
  | { readonly order: 'move-clock'; readonly offset: number }
  | { readonly order: 'stop-producing' }
  /** Enqueues a task that ends the process which runs it. */
  | { readonly order: 'poison' }
  | { readonly order: 'pause' | 'resume'; readonly queue: Queue }
  /** Notes in the ledger in what state its engine is. */
  | { readonly order: 'say-state' };

export type Notice = 'ready' | 'stopped-producing';

/** Of every task: what names it, whatever id it got. */
interface Keyed {
  readonly key: string;
}

/** Params of the tasks. */
export interface ChaosTasks {
  quick: Keyed;
  /** Takes `ms`; `heedful`: gives up when its signal is aborted. */
  wait: Keyed & { readonly ms: number; readonly heedful: boolean };
  /** Keeps the CPU for `ms`. */
  block: Keyed & { readonly ms: number };
  /** Throws after `ms` in its first `failures` attempts, of the `retries + 1` that it is granted. */
  fail: Keyed & { readonly failures: number; readonly retries: number; readonly ms: number };
  /** Asks for another time, once, without using up an attempt. */
  snooze: Keyed;
  /** Enqueues `children` quick tasks. */
  spawn: Keyed & { readonly children: number };
  /** Says how far it is, and logs. */
  report: Keyed & { readonly steps: number };
  /** Enqueues a quick task in a transaction of the app, which commits or is rolled back. */
  transact: Keyed & { readonly commits: boolean };
  /** Ends its process. */
  poison: Keyed;
  /** As quick, in the queue whose tasks are not kept. */
  brief: Keyed;
}

/** Tasks of `fast` mostly end at once, and are kept for longer than a round takes; those of `brief` are not kept for long. */
export const QUEUES = ['fast', 'slow', 'brief'] as const;
export type Queue = (typeof QUEUES)[number];

export const QUEUE_OF: Readonly<Record<keyof ChaosTasks, Queue>> = {
  quick: 'fast',
  snooze: 'fast',
  spawn: 'fast',
  transact: 'fast',
  report: 'fast',
  poison: 'fast',
  fail: 'slow',
  wait: 'slow',
  block: 'slow',
  brief: 'brief',
};

/** How long tasks of `brief` are kept, and those of `fast`. */
export const KEPT_BRIEFLY_MS = 1_000;
export const KEPT_LONG_MS = 2 * 60 * 60_000;

/** Before an attempt that failed is followed by the next, and for how much later `snooze` asks. */
export const RETRY_DELAY_MS = 20;
export const SNOOZE_MS = 50;
/** Exit code of a process that a task of the kind `poison` has ended. */
export const POISONED = 86;

/** Name of the cron schedule, and of its tasks: every second. */
export const TICK = 'tick';
export const TICK_MS = 1_000;

/** For so long tasks are put off at most. */
export const MAX_DELAY_MS = 20 * 60_000;
