import type { TaskError, TaskEvent, TaskEventKind, TaskState } from '../../../contract/index.js';
import { MAX_CHANGED_IDS } from '../../port/index.js';
import type { Database } from './database.js';
import { addToErrorGroups, type ErrorGroupDelta } from '../sql/add-to-error-groups.js';
import { addToHistogram, parseHistogram } from './histogram.js';
import { statement } from './statement.js';
import { KeyCauses } from '../sql/settle-keys.js';

export const ADD_COUNT = `
  INSERT INTO tasks_count (queue, state, count) VALUES (?, ?, ?)
  ON CONFLICT (queue, state) DO UPDATE SET count = count + excluded.count`;

const GET_METRIC = `SELECT * FROM tasks_metric WHERE minute = ? AND queue = ? AND name = ?`;

const PUT_METRIC = `
  INSERT OR REPLACE INTO tasks_metric
    (minute, queue, name, completed, failed, retried, cancelled, wait_total, wait_histogram, run_total, run_histogram)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** A minute of the tasks of one name and queue, as it is stored. */
export interface MetricRow {
  minute: number;
  queue: string;
  name: string;
  completed: number;
  failed: number;
  retried: number;
  cancelled: number;
  wait_total: number;
  wait_histogram: string;
  run_total: number;
  run_histogram: string;
}

/** Counts and times that one transaction adds to a queue's minute. */
interface MetricDelta {
  readonly minute: number;
  readonly queue: string;
  readonly name: string;
  completed: number;
  failed: number;
  retried: number;
  cancelled: number;
  /** Milliseconds from due to started, one for each attempt that ended. */
  readonly waits: number[];
  /** Milliseconds from started to ended. */
  readonly runs: number[];
}

/** The changes of a transaction, for those who act on them once it is committed. */
export interface Committed {
  /** Queues in which tasks became available. */
  readonly available: ReadonlySet<string>;
  /** Queues that were paused. */
  readonly paused: ReadonlySet<string>;
  /** Earliest time at which something that was stored comes due; Infinity where nothing was. */
  readonly dueAt: number;
  /** Earliest time at which a task lapses that was stored; Infinity where none does. */
  readonly lapseAt: number;
  /** Earliest time at which something of a workflow is to be settled; Infinity where nothing is. */
  readonly settleAt: number;
  /** Whether the cancellation of a running task was asked for. */
  readonly cancelRequested: boolean;
  /** Ids of tasks by queue. */
  readonly touched: ReadonlyMap<string, readonly string[]>;
}

/** Somebody who acts on what was committed. */
export interface CommitListener {
  committed(changes: Committed): void;
}

/**
 * One write transaction. Operations run their statements on `database` and note here what they moved; counters and
 * metrics are then written once for the whole batch, just before the commit.
 */
export class Transaction implements Committed {
  readonly available = new Set<string>();
  readonly paused = new Set<string>();
  readonly touched = new Map<string, string[]>();
  /** By key of their group. */
  readonly errorGroups = new Map<string, ErrorGroupDelta>();
  dueAt = Infinity;
  lapseAt = Infinity;
  settleAt = Infinity;
  cancelRequested = false;

  /** What happened to tasks with keys; null as long as nothing did. */
  private causes: KeyCauses | null = null;
  private readonly counts = new Map<string, Map<TaskState, number>>();
  private readonly metrics = new Map<string, MetricDelta>();
  /** Most additions are for the queue and minute of the one before. */
  private lastMetric: MetricDelta | null = null;

  /** @param events where it is noted what happens to tasks; null where nobody listens */
  constructor(
    readonly database: Database,
    readonly events: TaskEvent[] | null = null,
  ) {}

  /** Something happened to a task that listeners are told of once it is committed. */
  tell(event: TaskEventKind, { id, queue, name, attempt }: TaskEvent['task'], error?: TaskError | null): void {
    this.events?.push({ event, task: { id, queue, name, attempt }, ...(error && { error }) });
  }

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
    if (id !== undefined && ids.length < MAX_CHANGED_IDS) ids.push(id);
  }

  /** What happened to tasks with keys, to be noted here: their slots are given out at the end. */
  get keys(): KeyCauses {
    return (this.causes ??= new KeyCauses());
  }

  /** Something was stored that comes due at `time`. */
  due(time: number): void {
    if (time < this.dueAt) this.dueAt = time;
  }

  /** A task was stored that lapses at `time` unless it has started, or ended. */
  lapses(time: number): void {
    if (time < this.lapseAt) this.lapseAt = time;
  }

  /** Something of a workflow is to be settled at `time`; 0: at once. */
  settles(time: number): void {
    if (time < this.settleAt) this.settleAt = time;
  }

  /**
   * When retention is over for what ended at `endedAt`, noted as due; null where it is kept for ever.
   * @param notBefore what it is kept until in any case
   */
  expiry(endedAt: number, keepFor: number | null, notBefore: number | null = null): number | null {
    if (keepFor === null) return null;
    const over = notBefore === null ? endedAt + keepFor : Math.max(endedAt + keepFor, notBefore);
    this.due(over);
    return over;
  }

  /** The metrics of a minute of tasks of one name and queue, to add to. */
  metric({ queue, name }: { readonly queue: string; readonly name: string }, at: number): MetricDelta {
    const minute = at - (at % 60_000);
    const last = this.lastMetric;
    if (last && last.minute === minute && last.queue === queue && last.name === name) return last;
    const key = `${minute} ${queue} ${name}`;
    let delta = this.metrics.get(key);
    if (!delta) {
      delta = { minute, queue, name, completed: 0, failed: 0, retried: 0, cancelled: 0, waits: [], runs: [] };
      this.metrics.set(key, delta);
    }
    return (this.lastMetric = delta);
  }

  /** Gives out the slots of keys, then writes the counters and metrics. The last thing before the commit. */
  finish(): void {
    this.causes?.settle(this);
    addCounts(this.database, this.counts);
    addMetrics(this.database, this.metrics.values());
    if (this.errorGroups.size > 0) addToErrorGroups(this.database, this.errorGroups.values());
  }
}

/** Adds to the number of tasks per queue and state, so that nobody has to count rows. */
function addCounts(database: Database, deltas: ReadonlyMap<string, ReadonlyMap<TaskState, number>>): void {
  const add = statement<[string, TaskState, number]>(database, ADD_COUNT);
  for (const [queue, states] of deltas) {
    for (const [state, delta] of states) if (delta !== 0) add.run(queue, state, delta);
  }
}

/** Adds to the counters of a minute. Read and written within one transaction, so nothing is added in between. */
function addMetrics(database: Database, deltas: Iterable<MetricDelta>): void {
  const get = statement<[number, string, string], MetricRow>(database, GET_METRIC);
  const put = statement<[number, string, string, ...(number | string)[]]>(database, PUT_METRIC);
  for (const delta of deltas) {
    const row = get.get(delta.minute, delta.queue, delta.name);
    put.run(
      delta.minute,
      delta.queue,
      delta.name,
      (row?.completed ?? 0) + delta.completed,
      (row?.failed ?? 0) + delta.failed,
      (row?.retried ?? 0) + delta.retried,
      (row?.cancelled ?? 0) + delta.cancelled,
      (row?.wait_total ?? 0) + sum(delta.waits),
      JSON.stringify(addToHistogram(parseHistogram(row?.wait_histogram), delta.waits)),
      (row?.run_total ?? 0) + sum(delta.runs),
      JSON.stringify(addToHistogram(parseHistogram(row?.run_histogram), delta.runs)),
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
