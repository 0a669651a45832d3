import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import type { MetricRow } from './read-metrics.js';
import { addToHistogram, parseHistogram } from '../histogram.js';

/** What one transaction adds to a queue's minute. */
export interface MetricDelta {
  readonly minute: number;
  readonly queue: string;
  completed: number;
  failed: number;
  retried: number;
  cancelled: number;
  /** Milliseconds from due to started, one for each attempt that ended. */
  readonly waits: number[];
  /** Milliseconds from started to ended. */
  readonly runs: number[];
}

export const GET_METRIC = `SELECT * FROM tasks_metric WHERE minute = ? AND queue = ?`;

export const PUT_METRIC = `
  INSERT OR REPLACE INTO tasks_metric
    (minute, queue, completed, failed, retried, cancelled, wait_total, wait_histogram, run_total, run_histogram)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Adds to the counters of a queue's minute. Read and written within one transaction, so nothing is added in between. */
export function addMetrics(database: Database, deltas: Iterable<MetricDelta>): void {
  const get = statement<[number, string], MetricRow>(database, GET_METRIC);
  const put = statement<[number, string, ...(number | string)[]]>(database, PUT_METRIC);
  for (const delta of deltas) {
    const row = get.get(delta.minute, delta.queue);
    put.run(
      delta.minute,
      delta.queue,
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
