import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MetricPoint, MetricsQuery } from '../../../contract/index.js';
import type { Connection } from '../store/connection.js';
import { openConnection } from '../store/open-connection.js';
import { readMetrics } from './read-metrics.js';

const MINUTE_MS = 60_000;
const START = 29_000_000 * MINUTE_MS;
const MINUTES = 4_000;

let connection: Connection;

beforeAll(async () => {
  connection = await openConnection(':memory:', 'full');
  connection.database.exec(`
    INSERT INTO tasks_metric (minute, queue, name, completed, failed, retried, cancelled,
                              wait_total, wait_histogram, run_total, run_histogram)
    WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${MINUTES - 1})
    SELECT ${START} + i * ${MINUTE_MS}, queue, 'name_' || (i % 7), i % 5, 1, 0, 0, i, '[0,' || i || ']', 3, '[]'
      FROM numbers, (SELECT 'mail' AS queue UNION SELECT 'news' UNION SELECT 'sums')`);
});

afterAll(() => connection.close());

function read(query: MetricsQuery): { points: MetricPoint[]; goes: number } {
  const points: MetricPoint[] = [];
  let goes = 0;
  for (let begin: number | null = query.from; begin !== null; goes += 1) {
    const part = readMetrics(connection.database, query, begin);
    points.push(...part.points);
    begin = part.next;
  }
  return { points, goes };
}

const END = START + (MINUTES - 1) * MINUTE_MS;

it('reads every minute once, in several goes where they are many', () => {
  const { points, goes } = read({ from: START - 30_000, to: END });
  expect(goes).toBeGreaterThan(2);
  expect(points).toHaveLength(MINUTES * 3);
  expect(new Set(points.map(({ at, queue }) => `${at} ${queue}`)).size).toBe(MINUTES * 3);
  expect(points[3]).toEqual({
    at: START + MINUTE_MS,
    queue: 'mail',
    name: 'name_1',
    completed: 1,
    failed: 1,
    retried: 0,
    cancelled: 0,
    waitTotal: 1,
    waitHistogram: [0, 1],
    runTotal: 3,
    runHistogram: [],
  });
});

it.each([
  { step: 30 * MINUTE_MS },
  { step: 30 * MINUTE_MS, name: 'name_3' },
  { step: 7 * MINUTE_MS, queue: 'news', name: 'name_0' },
  { step: 360 * MINUTE_MS, queue: 'news' },
])('sums minutes by steps of $step ms, of the queue $queue and the name $name', ({ step, ...filter }) => {
  const [from, to] = [START + 5 * MINUTE_MS, END - 5 * MINUTE_MS];
  const sums = new Map<string, readonly number[]>();
  for (const { at, queue, name, completed, waitTotal, waitHistogram } of read({ from, to, ...filter }).points) {
    const key = `${Math.floor((at - from) / step)} ${queue} ${name}`;
    const [count = 0, total = 0, waits = 0] = sums.get(key) ?? [];
    sums.set(key, [count + completed, total + waitTotal, waits + waitHistogram[1]!]);
  }
  const { points } = read({ from, to, step, ...filter });
  expect(points.length).toBe(sums.size);
  for (const { at, queue, name, completed, waitTotal, waitHistogram } of points) {
    const key = `${Math.floor((at - from) / step)} ${queue} ${name}`;
    expect([completed, waitTotal, waitHistogram[1]], key).toEqual(sums.get(key));
  }
});
