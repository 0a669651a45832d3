import { describe, expect, it } from 'vitest';
import type { Queue } from './api-types.js';
import { totalsOf, verdictOf } from './verdict.js';

const NOW = Date.UTC(2027, 0, 1);
const NONE = { scheduled: 0, available: 0, running: 0, retryable: 0, completed: 0, failed: 0, cancelled: 0 };

interface Given {
  readonly queue?: string;
  readonly available?: number;
  readonly running?: number;
  readonly workers?: number;
  readonly completed?: number;
  readonly failed?: number;
  readonly oldest?: number;
  readonly paused?: boolean;
  readonly foreign?: boolean;
}

function queue({ queue: name = 'emails', workers = 2, paused = false, foreign = false, ...given }: Given): Queue {
  return {
    queue: name,
    counts: { ...NONE, available: given.available ?? 0, running: given.running ?? 0 },
    paused,
    oldestAvailableAt: given.oldest === undefined ? null : NOW - given.oldest,
    workers,
    rates: { completedPerMinute: given.completed ?? 0, failedPerMinute: given.failed ?? 0 },
    foreign,
  } as Queue;
}

const verdict = (...queues: Given[]): { kind: string; text: string } => {
  const { kind, text } = verdictOf(queues.map(queue), NOW);
  return { kind, text };
};

describe('verdictOf', () => {
  it('is good while work flows, and quiet where there is none', () => {
    expect(verdict({ completed: 120, available: 3, oldest: 500 })).toEqual({
      kind: 'good',
      text: 'Work is flowing: 120 tasks a minute',
    });
    expect(verdict({ running: 2 })).toEqual({ kind: 'good', text: 'Work is flowing: 2 running' });
    expect(verdict({})).toMatchObject({ kind: 'quiet' });
  });

  it('is bad where tasks wait and nobody works on them, whatever else is wrong', () => {
    const unmanned = { queue: 'reports', available: 40, workers: 0, oldest: 600_000 };
    const text = 'No process works on reports: 40 tasks waiting';
    expect(verdict({ completed: 9, failed: 9 }, unmanned)).toEqual({ kind: 'bad', text });
    expect(verdict({ ...unmanned, paused: true })).toEqual({
      kind: 'warn',
      text: 'reports is paused with 40 tasks waiting',
    });
    expect(verdict({ ...unmanned, foreign: true }).kind).toBe('quiet');
  });

  it('tells how many fail, by how bad it is', () => {
    expect(verdict({ completed: 96, failed: 4 }).kind).toBe('good');
    expect(verdict({ completed: 90, failed: 10 })).toEqual({
      kind: 'warn',
      text: '10 % of tasks failed in the last five minutes',
    });
    expect(verdict({ completed: 1, failed: 3 }).kind).toBe('bad');
  });

  it('names the queue that is furthest behind', () => {
    const late = { queue: 'images', available: 9, oldest: 150_000, completed: 1 };
    const later = { queue: 'reports', available: 1, oldest: 3_600_000, completed: 1 };
    const text = 'reports is behind: its oldest task has waited 1h';
    expect(verdict(late, later)).toEqual({ kind: 'warn', text });
    expect(verdict({ ...late, oldest: 59_000 }).kind).toBe('good');
  });
});

describe('totalsOf', () => {
  it('adds up all queues', () => {
    const totals = totalsOf([
      queue({ available: 2, completed: 3, failed: 1, oldest: 1_000 }),
      queue({ running: 1, workers: 4, completed: 4, oldest: 9_000 }),
    ]);
    expect(totals).toMatchObject({ waiting: 2, running: 1, workers: 6, perMinute: 7, failureRate: 1 / 8 });
    expect(totals.oldestAvailableAt).toBe(NOW - 9_000);
    expect(totalsOf([])).toMatchObject({ failureRate: null, oldestAvailableAt: null });
  });
});
