import type { TaskMetrics, TaskMetricsPoint } from './task-dispatcher.types.js';

/** Windows that are remembered: a panel has few. */
const MOST_WINDOWS = 20;
/** After this time nothing is counted into a step any more, in milliseconds: commits may be late, and clocks apart. */
const SETTLED_MS = 10 * 60_000;

/** What was answered before. Steps that are long over do not change, so a chart that stays open need not read its week anew. */
export class MetricsMemory {
  private readonly answers = new Map<string, TaskMetrics>();

  /** The first points of a window that begins at `from`, as far as they are known and do not change; often none. */
  settled(key: string, from: number, step: number, now: number): readonly TaskMetricsPoint[] {
    const before = this.answers.get(key);
    if (!before || before.step !== step || before.from > from || before.to > now) return [];
    return before.points.filter(({ at }) => at >= from && at + step <= before.to - SETTLED_MS);
  }

  remember(key: string, answer: TaskMetrics): void {
    // Again as the newest.
    this.answers.delete(key);
    this.answers.set(key, answer);
    for (const oldest of this.answers.keys()) {
      if (this.answers.size <= MOST_WINDOWS) break;
      this.answers.delete(oldest);
    }
  }
}
