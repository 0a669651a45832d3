import type { TaskState } from '../task.js';
import type { Database } from './connection.js';
import { addCounts } from './statements/add-counts.js';
import { addMetrics, type MetricDelta } from './statements/add-metrics.js';

/** What a transaction changed, for those who act on it once it is committed. */
export interface Committed {
  /** Queues in which tasks became available. */
  readonly available: ReadonlySet<string>;
  /** Earliest time at which something that was stored comes due; Infinity where nothing was. */
  readonly dueAt: number;
  /** Whether schedules changed. */
  readonly schedules: boolean;
  /** Whether the cancellation of a running task was asked for. */
  readonly cancelRequested: boolean;
  /** Ids of tasks by queue. */
  readonly touched: ReadonlyMap<string, readonly string[]>;
}

/** Ids are for a panel that shows what changed; beyond this many it reads anew anyhow. */
const MOST_IDS_PER_QUEUE = 200;

/**
 * One write transaction. Operations run their statements on `database` and note here what they moved; counters and
 * metrics are then written once for the whole batch, just before the commit.
 */
export class Transaction implements Committed {
  readonly available = new Set<string>();
  readonly touched = new Map<string, string[]>();
  dueAt = Infinity;
  schedules = false;
  cancelRequested = false;

  private readonly counts = new Map<string, Map<TaskState, number>>();
  private readonly metrics = new Map<string, MetricDelta>();
  /** What is added comes in rows of the same queue and minute. */
  private lastMetric: MetricDelta | null = null;

  constructor(readonly database: Database) {}

  /** `count` tasks of `queue` went from one state to another; null where they are new, or deleted. */
  moved(queue: string, from: TaskState | null, to: TaskState | null, count = 1): void {
    let states = this.counts.get(queue);
    if (!states) this.counts.set(queue, (states = new Map()));
    if (from) states.set(from, (states.get(from) ?? 0) - count);
    if (to) states.set(to, (states.get(to) ?? 0) + count);
    if (to === 'available') this.available.add(queue);
  }

  /** A task of `queue`, or the queue itself, changed. */
  touch(queue: string, id?: string): void {
    let ids = this.touched.get(queue);
    if (!ids) this.touched.set(queue, (ids = []));
    if (id !== undefined && ids.length < MOST_IDS_PER_QUEUE) ids.push(id);
  }

  /** Something was stored that comes due at `time`. */
  due(time: number): void {
    if (time < this.dueAt) this.dueAt = time;
  }

  /** When retention is over for what ended at `endedAt`, noted as due; null where it is kept for ever. */
  expiry(endedAt: number, keepFor: number | null): number | null {
    if (keepFor === null) return null;
    this.due(endedAt + keepFor);
    return endedAt + keepFor;
  }

  /** The metrics of one queue's minute, to add to. */
  metric(queue: string, at: number): MetricDelta {
    const minute = at - (at % 60_000);
    const last = this.lastMetric;
    if (last && last.minute === minute && last.queue === queue) return last;
    const key = `${minute} ${queue}`;
    let delta = this.metrics.get(key);
    if (!delta) {
      delta = { minute, queue, completed: 0, failed: 0, retried: 0, cancelled: 0, waits: [], runs: [] };
      this.metrics.set(key, delta);
    }
    return (this.lastMetric = delta);
  }

  /** Writes the counters and metrics. The last thing before the commit. */
  finish(): void {
    addCounts(this.database, this.counts);
    addMetrics(this.database, this.metrics.values());
  }
}
