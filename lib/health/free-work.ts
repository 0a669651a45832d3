import type { ResolvedConfig } from '../config/index.js';
import type { LimitStatus, QueueFlow } from '../contract/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import type { QueueStats } from '../operations/index.js';

export interface FreeWorkParts {
  readonly config: Pick<ResolvedConfig, 'limits' | 'clock'>;
  readonly engine: Pick<TaskEngine, 'limiting' | 'keying'> & {
    readonly delivering: Pick<TaskEngine['delivering'], 'isHeldBack'>;
  };
}

/** Of a queue that has no limit of its own only whether it was told to wait is asked. */
const NO_LIMIT = { max: Number.MAX_SAFE_INTEGER, per: 1 };

/**
 * Whether a queue has due tasks that nothing holds back on purpose: no limit of the queue or of its tasks, no slots over all
 * processes, no pause of some tasks. Tasks that wait for slots of their key are not due yet. What the engine does not tell
 * is taken for holding them back: a probe that is wrong has every process restarted.
 */
export async function hasFreeWork(queue: QueueStats, { config, engine }: FreeWorkParts): Promise<boolean> {
  const { limiting, keying, delivering } = engine;
  const { counts, rateLimit } = queue;
  const flow: QueueFlow | null = keying ? (await keying.keys(queue.queue, { limit: 1 })).flow : queue.flow;
  if (flow?.globalConcurrency !== undefined && counts.running >= flow.globalConcurrency) return false;
  const own = flow?.rateLimit ?? rateLimit;
  if (!limiting) return delivering.isHeldBack ? !(await delivering.isHeldBack(queue.queue, own)) : own === null;
  const shared = [...config.limits].map(([name, limit]) => ({ name, kind: 'shared' as const, ...limit }));
  const asked = [{ name: queue.queue, kind: 'queue' as const, ...(own ?? NO_LIMIT) }, ...shared];
  const [limits, pauses] = await Promise.all([limiting.limits(asked), limiting.pauses()]);
  if (limits.some((limit) => limit.kind === 'queue' && !hasPlace(limit, config.clock.now()))) return false;
  // Of all queues: those of this one are among them.
  const parked = [...limits, ...pauses].reduce((total, { waiting }) => total + waiting, 0);
  return counts.available > parked;
}

function hasPlace({ used, max, closedUntil }: LimitStatus, now: number): boolean {
  return used < max && (closedUntil === null || closedUntil <= now);
}
