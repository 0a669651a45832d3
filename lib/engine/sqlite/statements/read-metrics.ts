import type { MetricPoint, MetricsQuery } from '../../task-engine.js';
import type { Database } from '../connection.js';
import { parseHistogram } from '../histogram.js';
import { statement } from '../statement.js';

/** Reads a stretch of the table's key. */
export const METRICS = `
  SELECT * FROM tasks_metric
   WHERE minute >= ? AND minute <= ? AND (? = '' OR queue = ?)
   ORDER BY minute, queue`;

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

export function readMetrics(database: Database, { queue = '', from, to }: MetricsQuery): MetricPoint[] {
  const rows = statement<[number, number, string, string], MetricRow>(database, METRICS).all(from, to, queue, queue);
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
