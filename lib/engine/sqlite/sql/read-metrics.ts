import type { MetricPoint, MetricsQuery } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { sumOfHistograms } from '../store/histogram.js';

/** Rows that are summed in one go, and those of the step that the last of them is in. */
const METRICS_AT_ONCE = 5_000;
const MINUTE_MS = 60_000;

/** The minute of the row that is so far on in the table's key. */
export const METRICS_AHEAD = `
  SELECT minute FROM tasks_metric WHERE minute >= ? AND minute <= ? ORDER BY minute LIMIT 1 OFFSET ${METRICS_AT_ONCE}`;

/**
 * Sums a stretch of the table's key by step, queue and name. Sums and lists are made by SQLite: a row that crosses into
 * JavaScript costs several times what it costs here, and a week has tens of thousands.
 */
export const METRICS = `
  SELECT min(minute) AS at, queue, name,
         sum(completed) AS completed, sum(failed) AS failed, sum(retried) AS retried, sum(cancelled) AS cancelled,
         sum(wait_total) AS wait_total, group_concat(wait_histogram, '') AS wait_histograms,
         sum(run_total) AS run_total, group_concat(run_histogram, '') AS run_histograms
    FROM tasks_metric
   WHERE minute >= ? AND minute <= ? AND (? = '' OR queue = ?) AND (? = '' OR name = ?)
   GROUP BY CAST((minute - ?) / ? AS INTEGER), queue, name`;

interface Sums {
  readonly at: number;
  readonly queue: string;
  readonly name: string;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly cancelled: number;
  readonly wait_total: number;
  readonly wait_histograms: string;
  readonly run_total: number;
  readonly run_histograms: string;
}

export interface MetricsRead {
  readonly points: readonly MetricPoint[];
  /** Where the next reading begins; null where all was read. */
  readonly next: number | null;
}

/** Reads some of the points that are asked for. @param begin a time at which a step begins */
export function readMetrics(
  database: Database,
  { queue = '', name = '', from, to, step = MINUTE_MS }: MetricsQuery,
  begin: number,
): MetricsRead {
  const ahead = statement<[number, number], { minute: number }>(database, METRICS_AHEAD).get(begin, to);
  const next = ahead ? from + (Math.floor((ahead.minute - from) / step) + 1) * step : Infinity;
  const until = next > to ? to : next - 1;
  const rows = statement<[number, number, ...(string | number)[]], Sums>(database, METRICS).all(
    begin,
    until,
    queue,
    queue,
    name,
    name,
    from,
    step,
  );
  return { points: rows.map(pointOf), next: next > to ? null : next };
}

function pointOf({ at, queue, name, completed, failed, retried, cancelled, ...times }: Sums): MetricPoint {
  return {
    at,
    queue,
    name,
    completed,
    failed,
    retried,
    cancelled,
    waitTotal: times.wait_total,
    waitHistogram: sumOfHistograms(times.wait_histograms),
    runTotal: times.run_total,
    runHistogram: sumOfHistograms(times.run_histograms),
  };
}
