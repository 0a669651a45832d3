import type { OutboxDepth, StoreCondition, WorkerStatus } from '../contract/index.js';
import type { QueueStats } from '../operations/index.js';

/** Ways in which work does not flow, the gravest first where problems are equally severe. */
export const PROBLEM_KINDS = [
  'no-process',
  'unmanned',
  'unhandled',
  'failing',
  'stuck',
  'outbox',
  'retry-storm',
  'behind',
  'backlog',
  'cron-failing',
  'cron-late',
  'long-log',
  'paused',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** Where a person looks at it: a list of tasks, groups of errors, schedules, or the overview. */
export type ProblemPlace =
  | { readonly page: 'tasks'; readonly state: 'available' | 'running' | 'retryable'; readonly queue?: string }
  | { readonly page: 'name'; readonly name: string }
  | { readonly page: 'errors'; readonly queue: string }
  | { readonly page: 'crons' }
  | { readonly page: 'overview' };

/** One thing that a person should look at. */
export interface Problem {
  readonly kind: ProblemKind;
  /** `bad`: work is lost or stands still. `warn`: it will, or is late. */
  readonly severity: 'bad' | 'warn';
  /** Null: of the whole store. */
  readonly queue: string | null;
  /** What is wrong, with the numbers that say so. */
  readonly text: string;
  readonly place: ProblemPlace;
}

/** A schedule, as far as problems are found by it. */
export interface CronSituation {
  readonly name: string;
  readonly paused: boolean;
  readonly disabled: boolean;
  readonly nextRunAt: number | null;
  /** The newest first. */
  readonly lastRuns: ReadonlyArray<{ readonly state: string }>;
}

/** A store at one moment. */
export interface Situation {
  /** UTC milliseconds. */
  readonly now: number;
  readonly queues: readonly QueueStats[];
  readonly workers: readonly WorkerStatus[];
  /** Queues with tasks in the outbox; empty without one. */
  readonly outbox: readonly OutboxDepth[];
  readonly crons: readonly CronSituation[];
  readonly condition: StoreCondition;
  /** Who paused a queue, and when, as far as the audit record knows. */
  readonly pausedBy: ReadonlyMap<string, { readonly who: string | null; readonly at: number }>;
}
