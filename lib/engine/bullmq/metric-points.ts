import { wallTime } from '../../clock/index.js';
import { type MetricPoint, type MetricsQuery, noMetrics } from '../../contract/index.js';
import type { QueueSet } from './queue-set.js';

const MINUTE_MS = 60_000;

/** Points of what BullMQ counts: how many tasks ended in each minute, completed or failed. */
export async function metricPoints(
  set: QueueSet,
  queues: readonly string[],
  { queue, name, from, to }: MetricsQuery,
): Promise<MetricPoint[]> {
  // BullMQ counts by queue alone.
  if (name !== undefined) return [];
  const points: MetricPoint[] = [];
  const wanted = Math.max(1, Math.ceil((wallTime() - from) / MINUTE_MS) + 1);
  for (const known of queue === undefined ? queues : queues.filter((one) => one === queue)) {
    const [completed, failed] = await Promise.all([
      minutes(set, known, 'completed', wanted),
      minutes(set, known, 'failed', wanted),
    ]);
    for (const at of [...new Set([...completed.keys(), ...failed.keys()])].toSorted((a, b) => a - b)) {
      if (at < from || at > to) continue;
      points.push({
        ...noMetrics(at, known),
        completed: completed.get(at) ?? 0,
        failed: failed.get(at) ?? 0,
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
  const counted = await set.raw.counted(queue, kind, wanted);
  const counts = new Map<number, number>();
  if (!counted) return counts;
  const current = Math.floor(counted.at / MINUTE_MS) * MINUTE_MS;
  for (const [index, count] of [counted.count - counted.countBefore, ...counted.minutes].entries()) {
    if (count > 0) counts.set(current - index * MINUTE_MS, count);
  }
  return counts;
}
