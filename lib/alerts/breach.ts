import type { ResolvedAlertRule, ResolvedConfig } from '../config/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import { hasFreeWork } from '../health/index.js';
import type { Operations, QueueStats } from '../operations/index.js';

export interface BreachParts {
  readonly config: Pick<ResolvedConfig, 'clock' | 'limits'>;
  readonly engine: Pick<TaskEngine, 'limiting' | 'keying' | 'delivering'>;
  readonly operations: { readonly queues: Pick<Operations['queues'], 'metrics'> };
}

/** How a rule stands for a queue. */
export interface Breach {
  /** From 1 on the rule is broken. */
  readonly level: number;
  /** The figures, in a sentence. */
  readonly message: string;
}

/** Measures a rule on a queue as it stands. @throws StoreError */
export async function measure(rule: ResolvedAlertRule, stats: QueueStats, parts: BreachParts): Promise<Breach> {
  if (stats.paused) return { level: 0, message: `Queue "${stats.queue}" is paused.` };
  return rule.kind === 'failed' ? shareOfFailures(rule, stats, parts) : waiting(rule, stats, parts);
}

async function shareOfFailures(
  { share, over, atLeast }: ResolvedAlertRule & { kind: 'failed' },
  { queue }: QueueStats,
  { operations }: BreachParts,
): Promise<Breach> {
  const { points } = await operations.queues.metrics({ queue, window: over });
  const failed = points.reduce((sum, point) => sum + point.failed, 0);
  const ended = points.reduce((sum, point) => sum + point.completed, failed);
  const message =
    `Queue "${queue}": of ${ended} tasks that ended in the last ${minutes(over)}, ${failed} failed for good; ` +
    `the rule allows ${Math.round(share * 1_000) / 10} %.`;
  return { level: ended < atLeast ? 0 : failed / ended / share, message };
}

async function waiting(
  { kind, longest }: ResolvedAlertRule & { kind: 'latency' | 'noWorkers' | 'stuck' },
  stats: QueueStats,
  parts: BreachParts,
): Promise<Breach> {
  const { queue, counts, workers, oldestAvailableAt } = stats;
  const waited = oldestAvailableAt === null ? 0 : Math.max(0, parts.config.clock.now() - oldestAvailableAt);
  const level = waited / longest;
  const figures = `Queue "${queue}": ${counts.available} tasks are due, the oldest for ${minutes(waited)}`;
  const allowed = `the rule allows ${minutes(longest)}`;
  switch (kind) {
    case 'latency':
      return { level, message: `${figures}; ${allowed}.` };
    case 'noWorkers':
      return { level: workers === 0 ? level : 0, message: `${figures}, and ${workers} workers are there; ${allowed}.` };
    case 'stuck': {
      const idle = level >= 1 && workers > 0 && counts.running === 0 && (await hasFreeWork(stats, parts));
      return {
        level: idle ? level : 0,
        message: `${figures}, ${workers} workers are there, and ${counts.running} tasks run; ${allowed}.`,
      };
    }
  }
}

function minutes(milliseconds: number): string {
  return milliseconds < 120_000
    ? `${Math.round(milliseconds / 1_000)} s`
    : `${Math.round(milliseconds / 6_000) / 10} min`;
}
