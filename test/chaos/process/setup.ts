import type { TasksModuleRootOptions } from '../../../lib/index.js';
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

export type Order = { readonly order: 'move-clock'; readonly offset: number } | { readonly order: 'stop-producing' };

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
}

export const QUEUE_OF: Readonly<Record<keyof ChaosTasks, 'fast' | 'slow'>> = {
  quick: 'fast',
  snooze: 'fast',
  spawn: 'fast',
  transact: 'fast',
  report: 'fast',
  fail: 'slow',
  wait: 'slow',
  block: 'slow',
};

/** Name of the cron schedule, and of its tasks: every second. */
export const TICK = 'tick';
export const TICK_MS = 1_000;
