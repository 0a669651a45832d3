import type { TaskMetrics } from '../api-types.js';

/** Columns of a picture of how times are spread: more are too narrow to tell from each other. */
const MAX_COLUMNS = 72;

export interface SpreadCell {
  readonly column: number;
  /** Times of it are less than 2^bucket milliseconds, and not less than half of that. */
  readonly bucket: number;
  readonly count: number;
  /** 1 to 5, of the fullest cell. */
  readonly heat: number;
}

/** How the times of tasks are spread in each stretch of time. */
export interface Spread {
  /** Beginnings of the columns, in UTC milliseconds. */
  readonly times: readonly number[];
  /** Length of a column in milliseconds. */
  readonly step: number;
  /** The first and the last bucket that a time fell into; null where there was none. */
  readonly buckets: readonly [first: number, last: number] | null;
  readonly cells: readonly SpreadCell[];
  readonly total: number;
}

/** @param measure times of waiting or of running; points must have their histograms */
export function spreadOf({ points, step }: TaskMetrics, measure: 'waiting' | 'running'): Spread {
  const perColumn = Math.max(1, Math.ceil(points.length / MAX_COLUMNS));
  const columns = Array.from({ length: Math.ceil(points.length / perColumn) }, (_, column) => {
    const sums = new Map<number, number>();
    for (const point of points.slice(column * perColumn, (column + 1) * perColumn)) {
      const histogram = (measure === 'waiting' ? point.waitHistogram : point.runHistogram) ?? [];
      for (const [bucket, count] of histogram.entries())
        if (count > 0) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
    }
    return sums;
  });
  const counts = columns.flatMap((sums) => [...sums.values()]);
  const known = columns.flatMap((sums) => [...sums.keys()]);
  const most = Math.max(1, ...counts);
  return {
    times: columns.map((_, column) => points[column * perColumn]!.at),
    step: step * perColumn,
    buckets: known.length === 0 ? null : [Math.min(...known), Math.max(...known)],
    cells: columns.flatMap((sums, column) =>
      [...sums].map(([bucket, count]) => ({ column, bucket, count, heat: heatOfCount(count, most) })),
    ),
    total: counts.reduce((sum, count) => sum + count, 0),
  };
}

/** On a scale by powers, so that one slow task is seen beside a thousand quick ones. */
function heatOfCount(count: number, most: number): number {
  return most === 1 ? 5 : 1 + Math.round((4 * Math.log(count)) / Math.log(most));
}
