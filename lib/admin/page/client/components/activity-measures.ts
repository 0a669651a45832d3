import type { TaskMetrics, TaskMetricsPoint } from '../../../../dispatcher/task-dispatcher.types.js';
import { count, duration, durationOrNone, exact } from '../format.js';
import type { Series } from './chart.js';

/** What the chart of the overview can show. */
export const MEASURES = ['throughput', 'waiting', 'running'] as const;
export type Measure = (typeof MEASURES)[number];
export const MEASURE_LABELS: Readonly<Record<Measure, string>> = {
  throughput: 'Completed and failed',
  waiting: 'Waiting time',
  running: 'Running time',
};

/** What a measure shows of its points. */
export interface Drawing {
  readonly series: readonly Series[];
  /** On hover, for each point. */
  readonly titles: readonly string[];
  /** Over the highest bar. */
  readonly top: string;
  readonly summary: string;
  readonly legend: ReadonlyArray<readonly [kind: string, label: string]>;
}

export function drawingOf(measure: Measure, metrics: TaskMetrics): Drawing {
  return measure === 'throughput' ? throughput(metrics) : times(metrics.points, measure);
}

function throughput({ points, step }: TaskMetrics): Drawing {
  const completed = points.map((point) => point.completed);
  const failed = points.map((point) => point.failed);
  const sum = (values: readonly number[]): string => count(values.reduce((total, value) => total + value, 0));
  const peak = Math.max(0, ...points.map((point) => point.completed + point.failed));
  return {
    series: [
      { kind: 'failed', values: failed },
      { kind: 'completed', values: completed },
    ],
    titles: points.map(
      (point) => `${exact(point.at)}: ${count(point.completed)} completed, ${count(point.failed)} failed`,
    ),
    top: peak > 0 ? count(peak) : '',
    summary: `${sum(completed)} completed, ${sum(failed)} failed; at most ${count(peak)} in ${duration(step)}`,
    legend: [
      ['completed', 'completed'],
      ['failed', 'failed'],
    ],
  };
}

/** The part of a bar that half of the tasks took at most, and upon it what nearly all did. */
function times(points: readonly TaskMetricsPoint[], measure: Exclude<Measure, 'throughput'>): Drawing {
  const half = points.map((point) => (measure === 'waiting' ? point.waitP50 : point.runP50));
  const most = points.map((point) => (measure === 'waiting' ? point.waitP95 : point.runP95));
  const peak = Math.max(0, ...most.map((value) => value ?? 0));
  const titles = points.map(
    ({ at }, index) => `${exact(at)}: p50 ${durationOrNone(half[index]!)}, p95 ${durationOrNone(most[index]!)}`,
  );
  return {
    series: [
      { kind: 'half', values: half.map((value) => value ?? 0) },
      { kind: 'most', values: most.map((value, index) => Math.max(0, (value ?? 0) - (half[index] ?? 0))) },
    ],
    titles,
    top: peak > 0 ? duration(peak) : '',
    summary: peak > 0 ? `p95 at most ${duration(peak)}` : 'nothing measured',
    legend: [
      ['half', 'p50'],
      ['most', 'p95'],
    ],
  };
}
