import { describe, expect, it } from 'vitest';
import { noMetrics } from '../contract/index.js';
import { afterSettled, MetricsMemory } from './metrics-memory.js';
import { metricsSeries, metricsSpan, taskMetrics } from './task-stats.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2027, 0, 10);

describe('MetricsMemory', () => {
  const answer = (now: number, window: number) => taskMetrics(now, window, []);
  const settled = (memory: MetricsMemory, now: number, window: number, key = 'all') => {
    const { from, step } = metricsSpan(now, window);
    return (memory.settled(key, from, step, now)?.points ?? []).map(({ at }) => at);
  };
  const after = (now: number, window: number): MetricsMemory => {
    const memory = new MetricsMemory();
    memory.remember('all', answer(now, window));
    return memory;
  };

  it('knows the steps that are long over, from the first on without a gap', () => {
    const memory = after(NOW, 7 * DAY_MS);
    const { from, step } = metricsSpan(NOW + HOUR_MS, 7 * DAY_MS);
    const known = settled(memory, NOW + HOUR_MS, 7 * DAY_MS);
    expect(known).toEqual(known.map((_, index) => from + index * step));
    expect(known.at(-1)! + step).toBeLessThanOrEqual(NOW - 10 * MINUTE_MS);
    expect(known.at(-1)! + 2 * step).toBeGreaterThan(NOW - 10 * MINUTE_MS);
  });

  it.each<[string, number, number, string?]>([
    ['another window', NOW, DAY_MS],
    ['a longer window with the same step', NOW, 7 * DAY_MS + HOUR_MS],
    ['another question', NOW, 7 * DAY_MS, 'emails'],
    ['a clock that went back', NOW - 1, 7 * DAY_MS],
    ['a time by which all of it is out of the window', NOW + 8 * DAY_MS, 7 * DAY_MS],
  ])('knows nothing of %s', (_what, now, window, key) => {
    expect(settled(after(NOW, 7 * DAY_MS), now, window, key)).toEqual([]);
  });

  it('forgets the windows that were not asked for lately', () => {
    const memory = after(NOW, 7 * DAY_MS);
    for (let other = 0; other < 20; other += 1) memory.remember(`other ${other}`, answer(NOW, HOUR_MS));
    expect(settled(memory, NOW, 7 * DAY_MS)).toEqual([]);
  });

  it('answers with series as if all had been read anew', () => {
    const count = (at: number, name: string, completed: number) => ({ ...noMetrics(at, 'default', name), completed });
    const { from: first, step } = metricsSpan(NOW, DAY_MS);
    const read = [
      // Out of the window by the second answer.
      count(first, 'old', 9),
      ...Array.from({ length: 280 }, (_, index) => count(first + index * step, index % 2 ? 'send' : 'load', index)),
    ];
    const later = NOW + HOUR_MS;
    const recent = [count(NOW - 2 * MINUTE_MS, 'send', 5), count(later - MINUTE_MS, 'new', 5_000)];
    const whole = (now: number, points: typeof read) => {
      const metrics = taskMetrics(now, DAY_MS, points);
      return { ...metrics, series: metricsSeries(metrics, points, 'name') };
    };
    const memory = new MetricsMemory();
    memory.remember('all', whole(NOW, [...read, recent[0]!]));
    const { from } = metricsSpan(later, DAY_MS);
    const over = memory.settled('all', from, step, later);
    const fresh = from + over!.points.length * step;
    const all = [...read, ...recent].filter(({ at }) => at >= from);
    const joined = afterSettled(
      over,
      whole(
        later,
        all.filter(({ at }) => at >= fresh),
      ),
    );
    expect(joined).toEqual(whole(later, all));
    expect(joined.series!.map(({ key }) => key)).toEqual(['send', 'load', 'new']);
  });
});
