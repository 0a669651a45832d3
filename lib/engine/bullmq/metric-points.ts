import type { MetricPoint, MetricsQuery } from '../task-engine.js';
import type { QueueSet } from './queue-set.js';

const MINUTE_MS = 60_000;

/** What BullMQ counts: how many ended in each minute, completed or failed. */
export async function metricPoints(
  set: QueueSet,
  queues: readonly string[],
  { queue, from, to }: MetricsQuery,
): Promise<MetricPoint[]> {
  const points: MetricPoint[] = [];
  const wanted = Math.max(1, Math.ceil((Date.now() - from) / MINUTE_MS) + 1);
  for (const name of queue === undefined ? queues : queues.filter((known) => known === queue)) {
    const [completed, failed] = await Promise.all([
      minutes(set, name, 'completed', wanted),
      minutes(set, name, 'failed', wanted),
    ]);
    for (const at of [...new Set([...completed.keys(), ...failed.keys()])].toSorted((a, b) => a - b)) {
      if (at < from || at >= to) continue;
      points.push({
        at,
        queue: name,
        completed: completed.get(at) ?? 0,
        failed: failed.get(at) ?? 0,
        retried: 0,
        cancelled: 0,
        waitTotal: 0,
        waitHistogram: [],
        runTotal: 0,
        runHistogram: [],
      });
    }
  }
  return points;
}

/** The minute that BullMQ is counting in is the difference of its two counts; those before it stand in its list. */
async function minutes(
  set: QueueSet,
  queue: string,
  kind: 'completed' | 'failed',
  wanted: number,
): Promise<Map<number, number>> {
  const counted = await set.counted(queue, kind, wanted);
  const counts = new Map<number, number>();
  if (!counted) return counts;
  const current = Math.floor(counted.at / MINUTE_MS) * MINUTE_MS;
  for (const [index, count] of [counted.count - counted.countBefore, ...counted.minutes].entries()) {
    if (count > 0) counts.set(current - index * MINUTE_MS, count);
  }
  return counts;
}
