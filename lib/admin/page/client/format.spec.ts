import { describe, expect, it } from 'vitest';
import { count, countOf, duration, percent, rate, rateText, relative, shortCount } from './format.js';

describe('what people read', () => {
  it.each([
    [0, '0ms'],
    [999.4, '999ms'],
    [999.6, '1.0s'],
    [9_949, '9.9s'],
    [9_999, '10s'],
    [59_700, '1m'],
    [150_000, '2m 30s'],
    [86_400_000 + 5_000, '1d'],
    [7_500_000, '2h 5m'],
  ])('%d ms is %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  it.each([
    [100, 60_000, '100/m'],
    [10, 30_000, '10/30s'],
    [1, 1_500, '1/1500ms'],
    [5, 36 * 3_600_000, '5/36h'],
  ])('%d starts in %d ms are %s', (max, per, text) => expect(rateText({ max, per })).toBe(text));

  it.each([
    [0, '0'],
    [0.04, '0.0'],
    [9.94, '9.9'],
    [9.96, '10'],
    [1_234.5, '1,235'],
  ])('%d a minute is %s', (perMinute, text) => expect(rate(perMinute)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.0001, '< 0.1 %'],
    [0.004, '0.4 %'],
    [0.0996, '10 %'],
    [0.999, '> 99 %'],
    [1, '100 %'],
  ])('a share of %d is %s', (share, text) => expect(percent(share)).toBe(text));

  it('tells moments from now, and counts', () => {
    expect([relative(-500), relative(-90_000), relative(3_700_000)]).toEqual(['now', '1m ago', 'in 1h 1m']);
    expect([count(1_234_567), shortCount(99_999), shortCount(1_234_567)]).toEqual(['1,234,567', '99,999', '1.2M']);
    expect([countOf(1, 'task'), countOf(2_000, 'task')]).toEqual(['1 task', '2,000 tasks']);
  });
});
