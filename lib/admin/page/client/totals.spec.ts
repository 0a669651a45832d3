import { describe, expect, it } from 'vitest';
import type { Queue } from './api-types.js';
import { noTasks } from '../../../contract/index.js';
import { totalsOf } from './totals.js';

const NOW = Date.UTC(2027, 0, 1);
const queue = (given: Partial<Queue> & { available?: number; running?: number }): Queue =>
  ({
    queue: 'emails',
    counts: { ...noTasks(), available: given.available ?? 0, running: given.running ?? 0 },
    oldestAvailableAt: null,
    workers: 2,
    rates: { completedPerMinute: 0, failedPerMinute: 0 },
    ...given,
  }) as Queue;

describe('totalsOf', () => {
  it('adds up all queues', () => {
    const totals = totalsOf([
      queue({ available: 2, rates: { completedPerMinute: 3, failedPerMinute: 1 }, oldestAvailableAt: NOW - 1_000 }),
      queue({
        running: 1,
        workers: 4,
        rates: { completedPerMinute: 4, failedPerMinute: 0 },
        oldestAvailableAt: NOW - 9_000,
      }),
    ]);
    expect(totals).toMatchObject({ waiting: 2, running: 1, workers: 6, perMinute: 7, failureRate: 1 / 8 });
    expect(totals.oldestAvailableAt).toBe(NOW - 9_000);
    expect(totalsOf([])).toMatchObject({ failureRate: null, oldestAvailableAt: null });
  });
});
