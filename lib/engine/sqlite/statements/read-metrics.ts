import type { MetricPoint, MetricsQuery } from '../../task-engine.js';
import type { Database } from '../connection.js';
import { parseHistogram } from '../histogram.js';
import { statement } from '../statement.js';

/** Rows read in one go: a week of several queues has tens of thousands. */
export const METRICS_AT_ONCE = 1_000;

/** Reads a stretch of the table's key, from beyond a minute's queue on. */
export const METRICS = `
  SELECT * FROM tasks_metric
   WHERE (minute, queue) > (?, ?) AND minute <= ? AND (? = '' OR queue = ?)
   ORDER BY minute, queue
   LIMIT ${METRICS_AT_ONCE}`;

/** A queue's minute as it is stored. */
export interface MetricRow {
  minute: number;
  queue: string;
  completed: number;
  failed: number;
  retried: number;
  cancelled: number;
  wait_total: number;
  wait_histogram: string;
  run_total: number;
  run_histogram: string;
}

/** Up to {@link METRICS_AT_ONCE} points that come after `last`; with null the first. */
export function readMetrics(
  database: Database,
  { queue = '', from, to }: MetricsQuery,
  last: Pick<MetricPoint, 'at' | 'queue'> | null,
): MetricPoint[] {
  const metrics = statement<[number, string, number, string, string], MetricRow>(database, METRICS);
  // No queue's name is empty.
  const rows = metrics.all(last?.at ?? from, last?.queue ?? '', to, queue, queue);
  return rows.map((row) => ({
    at: row.minute,
    queue: row.queue,
    completed: row.completed,
    failed: row.failed,
    retried: row.retried,
    cancelled: row.cancelled,
    waitTotal: row.wait_total,
    waitHistogram: parseHistogram(row.wait_histogram),
    runTotal: row.run_total,
    runHistogram: parseHistogram(row.run_histogram),
  }));
}
