import { describe, expect, it } from 'vitest';
import type { MetricPoint } from '../contract/index.js';
import { metricsSeries, metricsSpan, percentile, taskMetrics } from './task-stats.js';

const MINUTE = 60_000;
const NOW = Date.UTC(2027, 0, 1, 12, 0, 30);

function point(at: number, over: Partial<MetricPoint> = {}): MetricPoint {
  return {
    at,
    queue: 'default',
    name: 'work',
    completed: 0,
    failed: 0,
    retried: 0,
    cancelled: 0,
    waitTotal: 0,
    waitHistogram: [],
    runTotal: 0,
    runHistogram: [],
    ...over,
  };
}

describe('percentile', () => {
  it('is null where nothing was measured', () => {
    expect(percentile([], 0.5)).toBeNull();
    expect(percentile([0, 0], 0.5)).toBeNull();
  });

  it('lies in the bucket that holds it, as far in as its share', () => {
    // 100 values from 8 to 16 ms.
    expect(percentile([0, 0, 0, 0, 100], 0.5)).toBe(12);
    expect(percentile([0, 0, 0, 0, 100], 0.95)).toBe(16);
    // 90 below 1 ms, 10 from 512 to 1,024 ms.
    const skewed = [90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10];
    expect(percentile(skewed, 0.5)).toBe(1);
    expect(percentile(skewed, 0.95)).toBe(768);
  });

  it('passes over empty buckets', () => {
    expect(percentile([1, 0, 0, 1], 1)).toBe(8);
  });
});

describe('metricsSpan', () => {
  it.each([
    [60, 1],
    [6 * 60, 1],
    [24 * 60, 5],
    [7 * 24 * 60, 30],
    [30 * 24 * 60, 120],
  ])('cuts %i minutes into steps of %i', (window, step) => {
    const span = metricsSpan(NOW, window * MINUTE);
    expect(span.step).toBe(step * MINUTE);
    expect(span.from % span.step).toBe(0);
    expect(span.from).toBeLessThanOrEqual(NOW - window * MINUTE);
  });
});

describe('taskMetrics', () => {
  it('has a point for each step, those without tasks too', () => {
    const { from, to, step, points } = taskMetrics(NOW, 60 * MINUTE, []);
    expect({ from, to, step }).toEqual({ from: Date.UTC(2027, 0, 1, 11), to: NOW, step: MINUTE });
    expect(points).toHaveLength(61);
    expect(points[0]).toEqual({
      at: from,
      completed: 0,
      failed: 0,
      retried: 0,
      cancelled: 0,
      waitP50: null,
      waitP95: null,
      runP50: null,
      runP95: null,
      waitAvg: null,
      runAvg: null,
      waitMax: null,
      runMax: null,
    });
  });

  it('adds up the queues and minutes of a step', () => {
    const at = Date.UTC(2027, 0, 1, 10, 30);
    const { points } = taskMetrics(NOW, 24 * 60 * MINUTE, [
      point(at, { completed: 3, waitTotal: 30, waitHistogram: [0, 0, 0, 0, 3] }),
      point(at + MINUTE, { completed: 1, failed: 2, waitTotal: 10, waitHistogram: [0, 0, 0, 0, 1, 0] }),
      point(at + 4 * MINUTE, { queue: 'emails', retried: 5, cancelled: 1 }),
      point(at + 5 * MINUTE, { completed: 7 }),
    ]);
    expect(points.find((each) => each.at === at)).toMatchObject({
      completed: 4,
      failed: 2,
      retried: 5,
      cancelled: 1,
      waitAvg: 10,
      waitP50: 12,
      runAvg: null,
    });
    expect(points.find((each) => each.at === at + 5 * MINUTE)).toMatchObject({ completed: 7 });
  });
});

describe('metricsSeries', () => {
  it('has a step for each of the window, those with most tasks first', () => {
    const at = NOW - 30_000 - 2 * MINUTE;
    const read = [
      point(at, { queue: 'few', completed: 1 }),
      point(at, { queue: 'many', name: 'a', completed: 4, waitHistogram: [0, 0, 1] }),
      point(at, { queue: 'many', name: 'b', failed: 2 }),
      point(at + MINUTE, { queue: 'many', name: 'a', completed: 1 }),
    ];
    const metrics = taskMetrics(NOW, 5 * MINUTE, read);
    const series = metricsSeries(metrics, read, 'queue');
    expect(series.map(({ key }) => key)).toEqual(['many', 'few']);
    expect(series[0]!.completed).toEqual(metrics.points.map((_, index) => [0, 0, 0, 4, 1, 0][index]));
    expect(series[0]!.failed[3]).toBe(2);
    expect(series[0]!.waitP95.filter((value) => value !== null)).toHaveLength(1);
    expect(metricsSeries(metrics, read, 'name').map(({ key }) => key)).toEqual(['a', 'b', 'work']);
  });
});
