import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunTask } from '../../task-engine.js';
import type { ClaimedTask } from '../statements/claim-tasks.js';
import { QueueConsumer, type ConsumerHost } from './queue-consumer.js';
import { Stretch } from './stretch.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('Stretch', () => {
  it('is over when its time has passed, until the event loop has turned', async () => {
    const stretch = new Stretch(2);
    expect(stretch.isOver).toBe(false);
    vi.advanceTimersByTime(2);
    expect(stretch.isOver).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stretch.isOver).toBe(true);
    await turn();
    expect(stretch.isOver).toBe(false);
  });
});

describe('A consumer whose handlers wait for nothing', () => {
  it('lets the event loop turn between them, and runs them all', async () => {
    const host: ConsumerHost = {
      now: () => 0,
      fetch: () => undefined,
      fetched: async () => undefined,
      settle: (_running, _outcome, onSettled) => onSettled(),
      report: () => undefined,
      forget: () => undefined,
    };
    let ran = 0;
    const run: RunTask = async () => {
      ran += 1;
      vi.advanceTimersByTime(1);
      return { kind: 'completed', keepFor: null, maxAttempts: 1 };
    };
    const consumer = new QueueConsumer('work', { concurrency: 1, priority: 0, rateLimit: null }, run, host);
    consumer.deliver(Array.from({ length: 10 }, () => ({}) as ClaimedTask));

    const ranByTurn: number[] = [];
    for (let before = -1; ran > before;) {
      before = ran;
      await turn();
      ranByTurn.push(ran);
    }
    expect(ranByTurn).toEqual([3, 6, 9, 10, 10]);
    await consumer.close(0);
  });
});
