import { expect, it } from 'vitest';
import type { TaskMetrics } from '../api-types.js';
import { spreadOf } from './spread.js';

const MINUTE_MS = 60_000;

function metrics(histograms: ReadonlyArray<readonly number[]>): TaskMetrics {
  const points = histograms.map((runHistogram, index) => ({ at: index * MINUTE_MS, runHistogram, waitHistogram: [] }));
  return { from: 0, to: points.length * MINUTE_MS, step: MINUTE_MS, points } as unknown as TaskMetrics;
}

it('says how often which time was taken in each step', () => {
  const spread = spreadOf(metrics([[], [0, 0, 1], [0, 0, 1_000, 0, 1]]), 'running');
  expect(spread).toEqual({
    times: [0, MINUTE_MS, 2 * MINUTE_MS],
    step: MINUTE_MS,
    buckets: [2, 4],
    cells: [
      { column: 1, bucket: 2, count: 1, heat: 1 },
      { column: 2, bucket: 2, count: 1_000, heat: 5 },
      { column: 2, bucket: 4, count: 1, heat: 1 },
    ],
    total: 1_002,
  });
});

it('takes several steps as one where they are many, and loses none', () => {
  const spread = spreadOf(metrics(Array.from({ length: 337 }, () => [0, 2])), 'running');
  expect(spread.times.length).toBeLessThanOrEqual(72);
  expect(spread.step).toBe(5 * MINUTE_MS);
  expect(spread.total).toBe(674);
  expect(spread.cells.at(-1)).toMatchObject({ column: 67, count: 4 });
});

it('is empty where nothing was measured', () => {
  expect(spreadOf(metrics([[], []]), 'waiting')).toMatchObject({ buckets: null, cells: [], total: 0 });
});
