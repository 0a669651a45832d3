import { describe, expect, it } from 'vitest';
import type { TaskAttempt } from '../api-types.js';
import { stretchesOf } from './waterfall.js';

const attempt = (
  number: number,
  startedAt: number,
  finishedAt: number | null,
  outcome: TaskAttempt['outcome'],
): TaskAttempt => ({ attempt: number, worker: 'w', startedAt, finishedAt, outcome });

const told = (task: Partial<Parameters<typeof stretchesOf>[0]>): string[] =>
  stretchesOf({ state: 'completed', createdAt: 100, runAt: 100, attempts: [], finishedAt: null, ...task }).map(
    ({ what, detail, from, to }) => `${what} ${from}-${to ?? '…'} ${detail}`.trim(),
  );

describe('the waterfall of a task', () => {
  it('tells waiting, attempts and the pauses between them', () => {
    const attempts = [attempt(1, 130, 150, 'retried'), attempt(2, 400, 500, 'lost'), attempt(3, 500, 900, 'failed')];
    expect(told({ state: 'failed', attempts, finishedAt: 900 })).toEqual([
      'waited 100-130',
      'Attempt 1 130-150 retried',
      'backoff 150-400',
      'Attempt 2 400-500 lost',
      'Attempt 3 500-900 failed',
    ]);
  });

  it('goes on while the task does', () => {
    expect(told({ state: 'running', attempts: [attempt(1, 130, null, null)] })).toEqual([
      'waited 100-130',
      'Attempt 1 130-… running',
    ]);
    expect(told({ state: 'retryable', runAt: 900, attempts: [attempt(1, 100, 150, 'retried')] })).toEqual([
      'Attempt 1 100-150 retried',
      'backoff 150-900 due',
    ]);
    expect(told({ state: 'scheduled', runAt: 900 })).toEqual(['scheduled 100-900 due']);
    expect(told({ state: 'available' })).toEqual(['waiting 100-…']);
    expect(told({ state: 'cancelled', finishedAt: 300 })).toEqual(['cancelled 100-300 before it ran']);
  });
});
