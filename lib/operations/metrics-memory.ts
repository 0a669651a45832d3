import type { TaskMetrics, TaskMetricsPoint, TaskMetricsSeries } from './operations.types.js';
import { mostFirst } from './task-stats.js';

/** Windows that are remembered: a panel has few. */
const MAX_WINDOWS = 20;
/** After this time nothing is counted into a step any more, in milliseconds: commits may be late, and clocks apart. */
const SETTLED_MS = 10 * 60_000;

/** The first steps of a window, as far as they are known and do not change. */
export interface SettledMetrics {
  readonly points: readonly TaskMetricsPoint[];
  /** Each as long as `points`; none where none were asked for. */
  readonly series: readonly TaskMetricsSeries[];
}

/** Remembers answers. Steps that are long over do not change, so a chart that stays open need not read its week anew. */
export class MetricsMemory {
  private readonly answers = new Map<string, TaskMetrics>();

  /** What is settled of a window that begins at `from`; null where that is nothing. */
  settled(key: string, from: number, step: number, now: number): SettledMetrics | null {
    const before = this.answers.get(key);
    if (!before || before.step !== step || before.from > from || before.to > now) return null;
    const points = before.points.filter(({ at }) => at >= from && at + step <= before.to - SETTLED_MS);
    if (points.length === 0) return null;
    const skipped = (from - before.from) / step;
    const series = (before.series ?? []).map((one) => partOf(one, skipped, skipped + points.length));
    return { points, series };
  }

  remember(key: string, answer: TaskMetrics): void {
    // Again as the newest.
    this.answers.delete(key);
    this.answers.set(key, answer);
    for (const oldest of this.answers.keys()) {
      if (this.answers.size <= MAX_WINDOWS) break;
      this.answers.delete(oldest);
    }
  }
}

/** What was read anew, with what is settled in the place of the steps that were not. */
export function afterSettled(settled: SettledMetrics | null, fresh: TaskMetrics): TaskMetrics {
  if (settled === null) return fresh;
  const known = settled.points.length;
  const points = [...settled.points, ...fresh.points.slice(known)];
  if (!fresh.series) return { ...fresh, points };
  const [before, after] = [settled.series, fresh.series].map((all) => new Map(all.map((one) => [one.key, one])));
  const series = [...new Set([...before!.keys(), ...after!.keys()])].map((key) => {
    const rest = points.length - known;
    const old = before!.get(key) ?? nothing(key, known);
    const recent = after!.get(key) ?? nothing(key, points.length);
    return joined(old, partOf(recent, known, known + rest));
  });
  return { ...fresh, points, series: mostFirst(series.filter(isOfSome)) };
}

function partOf({ key, ...values }: TaskMetricsSeries, from: number, to: number): TaskMetricsSeries {
  const { completed, failed, waitP95, runP95 } = values;
  return {
    key,
    completed: completed.slice(from, to),
    failed: failed.slice(from, to),
    waitP95: waitP95.slice(from, to),
    runP95: runP95.slice(from, to),
  };
}

function joined(one: TaskMetricsSeries, next: TaskMetricsSeries): TaskMetricsSeries {
  return {
    key: one.key,
    completed: [...one.completed, ...next.completed],
    failed: [...one.failed, ...next.failed],
    waitP95: [...one.waitP95, ...next.waitP95],
    runP95: [...one.runP95, ...next.runP95],
  };
}

function nothing(key: string, length: number): TaskMetricsSeries {
  const zeros = Array.from({ length }, () => 0);
  const nulls = Array.from({ length }, () => null);
  return { key, completed: zeros, failed: zeros, waitP95: nulls, runP95: nulls };
}

/** One whose tasks have all left the window is not in it any more. */
function isOfSome({ completed, failed, waitP95 }: TaskMetricsSeries): boolean {
  return (
    [completed, failed].some((counts) => counts.some((count) => count > 0)) || waitP95.some((value) => value !== null)
  );
}
