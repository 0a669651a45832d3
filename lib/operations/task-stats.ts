import type { ResolvedConfig, TaskSettings } from '../config/index.js';
import { noTasks, type MetricPoint, type QueueDepth, type QueueFlow, type WorkerInfo } from '../contract/index.js';
import type {
  LatencyEstimate,
  QueueStats,
  ShownSettings,
  TaskMetrics,
  TaskMetricsPoint,
  TaskMetricsSeries,
} from './operations.types.js';

const MINUTE_MS = 60_000;

/** Span of time that a queue's rates and latency are taken over. */
export const RECENT_MS = 5 * MINUTE_MS;

/** Steps that people read easily. A window is cut into the shortest that needs at most {@link MAX_POINTS}. */
const STEPS_MS = [1, 5, 10, 30, 60, 120, 360, 1_440].map((minutes) => minutes * MINUTE_MS);
const MAX_POINTS = 400;

/**
 * Every queue that is configured or has tasks, by name.
 *
 * @param points of the last {@link RECENT_MS}
 */
export function queueStats(
  config: ResolvedConfig,
  depths: readonly QueueDepth[],
  points: readonly MetricPoint[],
  workers: readonly WorkerInfo[],
): QueueStats[] {
  const depthOf = new Map(depths.map((depth) => [depth.queue, depth]));
  const names = [...new Set([...config.queues.keys(), ...depthOf.keys()])].sort();
  return names.map((queue) => {
    const configured = config.queues.get(queue);
    const depth = depthOf.get(queue);
    const set = depth?.set ?? {};
    const recent = new Totals(points.filter((point) => point.queue === queue));
    return {
      queue,
      counts: depth?.counts ?? noTasks(),
      paused: depth?.paused ?? false,
      foreign: depth?.foreign ?? false,
      oldestAvailableAt: depth?.oldestAvailableAt ?? null,
      configured: configured !== undefined,
      concurrency: concurrencyOf(configured?.concurrency ?? 0, set),
      workers: workers.reduce((sum, worker) => sum + (worker.queues[queue] ?? 0), 0),
      settings: shownSettings(configured?.settings ?? config.defaults),
      rateLimit: set.rateLimit ?? configured?.rateLimit ?? null,
      flow: flowOf(configured?.flow ?? {}, set),
      rates: {
        completedPerMinute: (recent.completed * MINUTE_MS) / RECENT_MS,
        failedPerMinute: (recent.failed * MINUTE_MS) / RECENT_MS,
      },
      latency: recent.latency(),
    };
  });
}

/** A process that works on none of the queue is given no workers at run time either. */
function concurrencyOf(configured: number, set: QueueFlow): number {
  return configured === 0 ? 0 : (set.concurrency ?? configured);
}

/** Limits that hold over all processes; null where there are none. */
function flowOf(configured: QueueFlow, { concurrency: _, rateLimit: __, ...set }: QueueFlow): QueueFlow | null {
  const flow = { ...configured, ...set };
  return Object.keys(flow).length > 0 ? flow : null;
}

/** The points of a window that ends at `now`, one for each step, without gaps. */
export function taskMetrics(
  now: number,
  window: number,
  read: readonly MetricPoint[],
  hasHistograms = false,
): TaskMetrics {
  const { from, step } = metricsSpan(now, window);
  const points: TaskMetricsPoint[] = [];
  const byStep = new Map<number, MetricPoint[]>();
  for (const point of read) {
    const begin = from + Math.floor((point.at - from) / step) * step;
    const group = byStep.get(begin);
    if (group) group.push(point);
    else byStep.set(begin, [point]);
  }
  for (let at = from; at <= now; at += step) {
    const totals = new Totals(byStep.get(at) ?? []);
    points.push({ at, ...totals.shown(), ...(hasHistograms && totals.histograms()) });
  }
  return { from, to: now, step, points };
}

/** A series for each queue or name of the points that were read: those with most tasks first. */
export function metricsSeries(
  { from, step, points }: TaskMetrics,
  read: readonly MetricPoint[],
  by: 'queue' | 'name',
): TaskMetricsSeries[] {
  const groups = new Map<string, Map<number, MetricPoint[]>>();
  for (const point of read) {
    const steps = groups.get(point[by]) ?? new Map<number, MetricPoint[]>();
    groups.set(point[by], steps);
    const index = Math.floor((point.at - from) / step);
    const group = steps.get(index);
    if (group) group.push(point);
    else steps.set(index, [point]);
  }
  const series = [...groups].map(([key, steps]) => {
    const shown = points.map((_, index) => new Totals(steps.get(index) ?? []).shown());
    return {
      key,
      completed: shown.map(({ completed }) => completed),
      failed: shown.map(({ failed }) => failed),
      waitP95: shown.map(({ waitP95 }) => waitP95),
      runP95: shown.map(({ runP95 }) => runP95),
    };
  });
  return mostFirst(series);
}

/** Those with most tasks first. */
export function mostFirst(series: readonly TaskMetricsSeries[]): TaskMetricsSeries[] {
  const sizes = new Map(
    series.map((one) => [one, [...one.completed, ...one.failed].reduce((sum, number) => sum + number, 0)]),
  );
  return series.toSorted((one, other) => sizes.get(other)! - sizes.get(one)!);
}

/** Where a window's first step begins, on a round time so that a chart does not jitter, and how long a step is. */
export function metricsSpan(now: number, window: number): { from: number; step: number } {
  const step = STEPS_MS.find((candidate) => window / candidate <= MAX_POINTS) ?? STEPS_MS.at(-1)!;
  return { from: Math.floor((now - window) / step) * step, step };
}

/**
 * The value that a share of the measured ones do not exceed, taken as evenly spread within its bucket.
 *
 * @param histogram by power of two: `[0]` counts what took less than 1 ms, `[n]` what took from 2^(n-1) to 2^n
 * @param share 0.5 for the median
 * @returns whole milliseconds; null where nothing was measured
 */
export function percentile(histogram: readonly number[], share: number): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let below = 0;
  for (const [bucket, count] of histogram.entries()) {
    if (count > 0 && below + count >= share * total) {
      const low = bucket === 0 ? 0 : 2 ** (bucket - 1);
      return Math.round(low + (2 ** bucket - low) * ((share * total - below) / count));
    }
    below += count;
  }
  return null;
}

/** Sums of points: counters, and histograms bucket by bucket. */
class Totals {
  completed = 0;
  failed = 0;
  retried = 0;
  cancelled = 0;
  private waitTotal = 0;
  private runTotal = 0;
  private readonly wait: number[] = [];
  private readonly run: number[] = [];

  constructor(points: readonly MetricPoint[]) {
    for (const point of points) {
      this.completed += point.completed;
      this.failed += point.failed;
      this.retried += point.retried;
      this.cancelled += point.cancelled;
      this.waitTotal += point.waitTotal;
      this.runTotal += point.runTotal;
      addTo(this.wait, point.waitHistogram);
      addTo(this.run, point.runHistogram);
    }
  }

  latency(): LatencyEstimate {
    return {
      waitP50: percentile(this.wait, 0.5),
      waitP95: percentile(this.wait, 0.95),
      runP50: percentile(this.run, 0.5),
      runP95: percentile(this.run, 0.95),
    };
  }

  histograms(): Required<Pick<TaskMetricsPoint, 'waitHistogram' | 'runHistogram'>> {
    return { waitHistogram: this.wait, runHistogram: this.run };
  }

  shown(): Omit<TaskMetricsPoint, 'at'> {
    return {
      completed: this.completed,
      failed: this.failed,
      retried: this.retried,
      cancelled: this.cancelled,
      ...this.latency(),
      waitAvg: average(this.waitTotal, this.wait),
      runAvg: average(this.runTotal, this.run),
      waitMax: percentile(this.wait, 1),
      runMax: percentile(this.run, 1),
    };
  }
}

function addTo(sums: number[], counts: readonly number[]): void {
  for (let bucket = 0; bucket < counts.length; bucket += 1) sums[bucket] = (sums[bucket] ?? 0) + counts[bucket]!;
}

function average(total: number, histogram: readonly number[]): number | null {
  const count = histogram.reduce((sum, each) => sum + each, 0);
  return count === 0 ? null : Math.round(total / count);
}

function shownSettings(settings: TaskSettings): ShownSettings {
  const { maxRetries, retryDelay, backoff, jitter, timeout, priority, retention } = settings;
  return {
    maxRetries,
    retryDelay,
    backoff: typeof backoff === 'function' ? 'custom' : backoff,
    jitter,
    timeout,
    priority,
    retention: { ...retention },
  };
}
