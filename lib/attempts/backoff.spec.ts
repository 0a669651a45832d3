import { describe, expect, it } from 'vitest';
import type { Backoff } from '../config/index.js';
import { MAX_GROWN_DELAY_MS, retryDelay } from './backoff.js';
import { formatDuration } from './format-duration.js';

const problems: string[] = [];
function delays(backoff: Backoff, { base = 1_000, jitter = 0, random = 0 } = {}): number[] {
  problems.length = 0;
  return [1, 2, 3, 1_000].map((retry) =>
    retryDelay({
      settings: { backoff, retryDelay: base, jitter },
      retry,
      error: new Error('x'),
      random: () => random,
      onBadFunction: (problem) => problems.push(problem),
    }),
  );
}

describe('retryDelay', () => {
  it('grows as the backoff says, up to a day', () => {
    expect(delays('fixed')).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(delays('linear')).toEqual([1_000, 2_000, 3_000, 1_000_000]);
    expect(delays('exponential')).toEqual([1_000, 2_000, 4_000, MAX_GROWN_DELAY_MS]);
    const week = 7 * MAX_GROWN_DELAY_MS;
    expect(delays('exponential', { base: week })).toEqual([week, week, week, week]);
    expect(delays('exponential', { base: 0 })).toEqual([0, 0, 0, 0]);
  });

  it('asks a function', () => {
    expect(delays((retry, error) => `${retry * error.message.length}s`)).toEqual([1_000, 2_000, 3_000, 1_000_000]);
  });

  it.each([
    [() => 'soon'],
    [() => -1],
    [() => Number.NaN],
    [() => undefined as never],
    [
      (): never => {
        throw new Error('no');
      },
    ],
  ])('falls back to the base delay for a function that gives none: %s', (backoff) => {
    expect(delays(backoff)).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(problems).toHaveLength(4);
  });

  it('takes off a random part of what jitter allows', () => {
    expect(delays('linear', { jitter: 0.5, random: 0 })[1]).toBe(2_000);
    expect(delays('linear', { jitter: 0.5, random: 0.5 })[1]).toBe(1_500);
    expect(delays('linear', { jitter: 1, random: 1 })[1]).toBe(0);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [250, '250ms'],
    [90_000, '1m30s'],
    [5_400_000, '1h30m'],
    [86_400_001, '1d1ms'],
  ])('%d ms is %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));
});
