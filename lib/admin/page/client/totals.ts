import type { Queue } from './api-types.js';

/** Figures of all queues together. */
export interface Totals {
  readonly waiting: number;
  readonly running: number;
  readonly workers: number;
  readonly failed: number;
  readonly perMinute: number;
  readonly failedPerMinute: number;
  /** From 0 to 1; null where nothing ended in the last five minutes. */
  readonly failureRate: number | null;
  readonly oldestAvailableAt: number | null;
}

export function totalsOf(queues: readonly Queue[]): Totals {
  const sum = (of: (queue: Queue) => number): number => queues.reduce((total, queue) => total + of(queue), 0);
  const completed = sum(({ rates }) => rates.completedPerMinute);
  const failed = sum(({ rates }) => rates.failedPerMinute);
  const oldest = queues.flatMap(({ oldestAvailableAt }) => oldestAvailableAt ?? []);
  return {
    waiting: sum(({ counts }) => counts.available),
    running: sum(({ counts }) => counts.running),
    workers: sum(({ workers }) => workers),
    failed: sum(({ counts }) => counts.failed),
    perMinute: completed,
    failedPerMinute: failed,
    failureRate: failureRate(completed, failed),
    oldestAvailableAt: oldest.length > 0 ? Math.min(...oldest) : null,
  };
}

export function failureRate(completedPerMinute: number, failedPerMinute: number): number | null {
  const ended = completedPerMinute + failedPerMinute;
  return ended === 0 ? null : failedPerMinute / ended;
}
