/** Counters of the tasks of one name and queue over one span of time. */
export interface MetricPoint {
  readonly at: number;
  readonly queue: string;
  /** Empty where the engine does not count by name. */
  readonly name: string;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly cancelled: number;
  /** From due to started, in milliseconds: sum, and histogram by power of two (`[n]`: tasks that took less than 2^n). */
  readonly waitTotal: number;
  readonly waitHistogram: readonly number[];
  /** From started to ended. */
  readonly runTotal: number;
  readonly runHistogram: readonly number[];
}

/** A point at which nothing was counted, to fill in. */
export function noMetrics(at: number, queue: string, name = ''): MetricPoint {
  const counts = { completed: 0, failed: 0, retried: 0, cancelled: 0 };
  return { at, queue, name, ...counts, waitTotal: 0, waitHistogram: [], runTotal: 0, runHistogram: [] };
}

export interface MetricsQuery {
  readonly queue?: string;
  /** Name of tasks. */
  readonly name?: string;
  /** Points at this time or later, in UTC milliseconds. */
  readonly from: number;
  /** Points at this time or earlier. */
  readonly to: number;
  /**
   * Length of a step in milliseconds, a whole number of minutes: those that fall into one step from `from` on may come
   * as one point, at the time of the first of them. Default: a minute.
   */
  readonly step?: number;
}
