import { describe, expect, it } from 'vitest';
import { checkRateLimit } from './rate-limit.js';

describe('checkRateLimit', () => {
  it.each([
    ['100/m', 100, 60_000],
    ['5/s', 5, 1_000],
    ['1000/h', 1_000, 3_600_000],
    ['10/30s', 10, 30_000],
    ['3/1h30m', 3, 5_400_000],
    ['1/ms', 1, 1],
    ['1/d', 1, 86_400_000],
  ])('reads %j', (value, max, per) => {
    expect(checkRateLimit(value)).toEqual({ value: { max, per } });
  });

  it.each([
    '',
    '100',
    '/m',
    '100/',
    '0/m',
    '-1/m',
    '1.5/s',
    '100/min',
    '100 / m',
    '100/0s',
    '9999999/s',
    '1/32d',
    100,
    null,
  ])('refuses %j', (value) => {
    expect(checkRateLimit(value)).toEqual({ problem: expect.any(String) as string });
  });

  it('says what would be right', () => {
    expect(checkRateLimit('100/minute')).toEqual({
      problem: expect.stringMatching(/^must be .* such as "100\/m".*"100\/minute"$/) as string,
    });
  });
});
