import * as contract from '../../../lib/contract/index.js';
import { type Abortable, type TickRecord, waitingTask } from '../../../lib/engine/common/index.js';
import type * as port from '../../../lib/engine/port/index.js';

export type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends ReadonlyArray<infer Item> ? Item[] : T[Key] };

export interface Row {
  /** Its place in the order of enqueueing. */
  readonly seq: number;
  readonly given: port.NewTask;
  /** As a reader sees it, but for params and error, for since when it was left, and for what excused attempts add to `maxAttempts`. */
  readonly task: Writable<contract.Task>;
  excused: number;
  expiresAt: number;
  /** The attempt that runs: an outcome that comes from another one is dropped. */
  heldBy: Abortable | null;
  cancelRequested: boolean;
  /** Since when it has been left to others; null where the last attempt was not. */
  leftSince: number | null;
  result: (port.TaskResult & { readonly until: number }) | null;
}

export type Planned = Writable<contract.ScheduleStatus> & { record: TickRecord };

/** An engine on the store, as one process. */
export interface Process {
  readonly id: string;
  readonly context: port.EngineContext;
  readonly consumers: Set<{ queue: string; options: port.ConsumeOptions; fill(now: number): number }>;
  /** @throws StoreError while it is closed */
  readonly store: MemoryStore;
}

/** What takes the place of a database: it outlives its processes. */
export class MemoryStore {
  readonly processes = new Set<Process>();
  /** By id, in the order of enqueueing. */
  readonly rows = new Map<string, Row>();
  readonly schedules = new Map<string, Planned>();
  readonly paused = new Set<string>();
  /** By queue, until when nothing of it starts. */
  readonly closed = new Map<string, number>();
  /** By queue, when tasks started that its rate limit counts. */
  readonly starts = new Map<string, number[]>();
  readonly points = new Map<string, contract.MetricPoint>();
  readonly secrets = new Map<string, string>();
  readonly sensitive = new Map<string, readonly string[]>();
  readonly audit: Array<{ readonly seq: number; readonly entry: contract.AuditEntry }> = [];
  readonly listeners = new Set<(change: port.EngineChange) => void>();
  private readonly untold = new Set<string>();
  last = 0;

  insert(given: port.NewTask, now: number): port.EnqueueAnswer {
    if (this.rows.has(given.id)) return 'existing';
    const state: contract.TaskState = given.runAt > now ? 'scheduled' : 'available';
    const task = { ...waitingTask(given, { params: null }), state, attempts: [], logs: [], children: [] };
    const idle = { excused: 0, expiresAt: Infinity, heldBy: null, cancelRequested: false };
    this.rows.set(given.id, { seq: (this.last += 1), given, task, leftSince: null, result: null, ...idle });
    this.changed(given.queue);
    return 'stored';
  }

  /** The task of the queue that is to run next. */
  next(queue: string): Row | undefined {
    const waiting = [...this.rows.values()].filter(({ task }) => task.queue === queue && task.state === 'available');
    return waiting.toSorted((one, other) => other.task.priority - one.task.priority)[0];
  }

  /** When another task of the queue may start. What is noted for later was by now, as the clock was set back. */
  mayStartAt(queue: string, limit: contract.RateLimit | null, now: number): number {
    const counted = (this.starts.get(queue) ?? []).map((at) => Math.min(at, now));
    const within = counted.filter((at) => at > now - (limit?.per ?? 0));
    this.starts.set(queue, within);
    const hasRoomAt = limit && within.length >= limit.max ? Math.min(...within) + limit.per : now;
    return Math.max(hasRoomAt, this.closed.get(queue) ?? now);
  }

  /** Makes available what is due and deletes what is kept no longer; returns when there will be more of it. */
  promote(now: number): number {
    let next = Infinity;
    for (const row of this.rows.values()) {
      const waits = row.task.state === 'scheduled' || row.task.state === 'retryable';
      const at = waits ? row.task.runAt : row.expiresAt;
      if (row.result && row.result.until <= now) row.result = null;
      next = Math.min(next, row.result?.until ?? Infinity);
      if (at > now) next = Math.min(next, at);
      else this.move(row, waits ? 'available' : null);
    }
    return next;
  }

  /** @param state null: the task is deleted */
  move({ task }: Row, state: contract.TaskState | null): void {
    if (state === null) this.rows.delete(task.id);
    else task.state = state;
    this.changed(task.queue);
  }

  end(row: Row, state: 'completed' | 'failed' | 'cancelled', keepFor: number | null, now: number): void {
    const minute = now - (now % 60_000);
    const point = this.points.get(`${minute} ${row.task.queue}`) ?? contract.noMetrics(minute, row.task.queue);
    // The times of attempts are not measured, and then nor are those counted that were cancelled.
    if (state !== 'cancelled') this.points.set(`${minute} ${point.queue}`, { ...point, [state]: point[state] + 1 });
    row.task.finishedAt = now;
    row.expiresAt = now + (keepFor ?? Infinity);
    this.move(row, state);
  }

  keepAtMost({ task: { queue, state } }: Row, count: number): void {
    const ended = [...this.rows.values()].filter(({ task }) => task.queue === queue && task.state === state);
    const oldest = ended.toSorted((one, other) => one.task.finishedAt! - other.task.finishedAt!);
    for (const { task } of oldest.slice(0, Math.max(ended.length - count, 0))) this.rows.delete(task.id);
  }

  /** Tells the listeners, soon and once, of all that changed by then. */
  changed(queue: string): void {
    this.untold.add(queue);
    queueMicrotask(() => {
      if (this.untold.delete(queue)) for (const listener of this.listeners) listener({ queue, taskIds: [] });
    });
  }
}
