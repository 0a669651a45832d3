import type { TaskMetrics } from '../../../../dispatcher/task-dispatcher.types.js';
import { count, duration, durationOrNone, exact } from '../format.js';
import type { BarKind, BarsOverTime, Scale } from './bar-chart.js';

/** What the chart of the overview can show. */
export const MEASURES = ['throughput', 'waiting', 'running'] as const;
export type Measure = (typeof MEASURES)[number];
export const MEASURE_LABELS: Readonly<Record<Measure, string>> = {
  throughput: 'Completed and failed',
  waiting: 'Waiting time',
  running: 'Running time',
};

/** What a measure shows of its points. */
export interface Drawing extends BarsOverTime {
  readonly summary: string;
  readonly legend: ReadonlyArray<readonly [kind: BarKind, label: string]>;
}

/** 1, 2, 5, 10, 20, 50 and so on. */
const ROUND_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const COUNTS: Scale = { format: count, steps: ROUND_STEPS };
const MINUTE_MS = 60_000;
const DURATIONS: Scale = {
  format: duration,
  steps: [
    ...ROUND_STEPS.filter((step) => step <= 20_000),
    ...[0.5, 1, 2, 5, 10, 30, 60, 120, 360, 720, 1_440, 2_880, 7_200].map((minutes) => minutes * MINUTE_MS),
  ],
};

export function drawingOf(measure: Measure, metrics: TaskMetrics): Drawing {
  return measure === 'throughput' ? throughput(metrics) : durations(metrics, measure);
}

/** The steps begin at the moments of their points. */
function middles({ points, step }: TaskMetrics): number[] {
  return points.map(({ at }) => at + step / 2);
}

function throughput(metrics: TaskMetrics): Drawing {
  const { points, step } = metrics;
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
    times: middles(metrics),
    scale: COUNTS,
    summary: `${sum(completed)} completed, ${sum(failed)} failed; at most ${count(peak)} in ${duration(step)}`,
    legend: [
      ['completed', 'completed'],
      ['failed', 'failed'],
    ],
  };
}

/** The part of a bar that half of the tasks took at most, and upon it what nearly all did. */
function durations(metrics: TaskMetrics, measure: Exclude<Measure, 'throughput'>): Drawing {
  const { points } = metrics;
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
    times: middles(metrics),
    scale: DURATIONS,
    summary: peak > 0 ? `p95 at most ${duration(peak)}` : 'nothing measured',
    legend: [
      ['half', 'p50'],
      ['most', 'p95'],
    ],
  };
}
