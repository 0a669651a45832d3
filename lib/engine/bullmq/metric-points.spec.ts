import { describe, expect, it } from 'vitest';
import { metricPoints } from './metric-points.js';
import type { QueueSet } from './queue-set.js';

const MINUTE = 60_000;
const NOW = Math.floor(Date.now() / MINUTE) * MINUTE + 20_000;
const CURRENT = NOW - 20_000;

interface Counted {
  readonly at: number;
  readonly count: number;
  readonly countBefore: number;
  readonly minutes: readonly number[];
}

/** The counts of each queue and kind in BullMQ: the minute under way, and the list of those before it. */
function countsOf(counted: Record<string, Counted | null>, asked: number[] = []): QueueSet {
  const raw = {
    counted: async (queue: string, kind: string, wanted: number) => {
      asked.push(wanted);
      return counted[`${queue} ${kind}`] ?? null;
    },
  };
  return { raw } as unknown as QueueSet;
}

const mail = (minutes: readonly number[], under: number): Counted => ({
  at: NOW,
  count: 100 + under,
  countBefore: 100,
  minutes,
});

describe('what BullMQ counted', () => {
  it('is told by minute, the oldest first, with the one under way', async () => {
    const set = countsOf({ 'mail completed': mail([5, 0, 3], 2), 'mail failed': mail([0, 1], 0) });
    const points = await metricPoints(set, ['mail'], { from: 0, to: NOW + MINUTE });
    expect(points.map(({ at, completed, failed }) => [(at - CURRENT) / MINUTE, completed, failed])).toEqual([
      [-3, 3, 0],
      [-2, 0, 1],
      [-1, 5, 0],
      [0, 2, 0],
    ]);
    expect(points[0]).toMatchObject({ queue: 'mail', retried: 0, cancelled: 0, waitTotal: 0, runTotal: 0 });
  });

  it('is told for the minutes that are asked for: from the first to the last', async () => {
    const set = countsOf({ 'mail completed': mail([1, 1, 1], 1) });
    const points = await metricPoints(set, ['mail'], { from: CURRENT - 2 * MINUTE, to: CURRENT - MINUTE });
    expect(points.map(({ at }) => (at - CURRENT) / MINUTE)).toEqual([-2, -1]);
  });

  it('is told of every queue, or of one; of one that is not known nothing', async () => {
    const set = countsOf({ 'mail completed': mail([], 1), 'news failed': mail([], 2) });
    const all = { from: 0, to: NOW + MINUTE };
    const queues = async (queue?: string): Promise<string[]> =>
      (await metricPoints(set, ['mail', 'news'], { ...all, ...(queue !== undefined && { queue }) })).map(
        (point) => point.queue,
      );
    expect(await queues()).toEqual(['mail', 'news']);
    expect(await queues('news')).toEqual(['news']);
    expect(await queues('other')).toEqual([]);
  });

  it('is not told by the name of a task, which BullMQ does not count by', async () => {
    const set = countsOf({ 'mail completed': mail([5], 2) });
    expect(await metricPoints(set, ['mail'], { name: 'send', from: 0, to: NOW + MINUTE })).toEqual([]);
  });

  it('has no minutes in which nothing ended', async () => {
    const set = countsOf({ 'mail completed': mail([5, 0, 3], 0) });
    const points = await metricPoints(set, ['mail'], { from: 0, to: NOW + MINUTE });
    expect(points.map(({ at }) => (at - CURRENT) / MINUTE)).toEqual([-3, -1]);
  });

  it('is nothing where nothing was counted', async () => {
    expect(await metricPoints(countsOf({}), ['mail'], { from: 0, to: NOW + MINUTE })).toEqual([]);
  });

  it('is asked for as far back as the question goes, and no further', async () => {
    const asked: number[] = [];
    await metricPoints(countsOf({}, asked), ['mail'], { from: Date.now() - 10 * MINUTE, to: Date.now() });
    expect(asked).toHaveLength(2);
    for (const wanted of asked) {
      expect(wanted).toBeGreaterThanOrEqual(11);
      expect(wanted).toBeLessThanOrEqual(12);
    }
    await metricPoints(countsOf({}, asked), ['mail'], { from: Date.now() + 10 * MINUTE, to: Date.now() });
    expect(asked.at(-1)).toBe(1);
  });
});
