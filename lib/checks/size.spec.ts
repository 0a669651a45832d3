import { describe, expect, it } from 'vitest';
import { checkSize } from './size.js';

describe('checkSize', () => {
  it.each([
    ['1MiB', 1_048_576],
    ['64KiB', 65_536],
    ['2GiB', 2_147_483_648],
    ['1.5KiB', 1_536],
    ['1.0005KiB', 1_024],
    ['500kB', 500_000],
    ['1MB', 1_000_000],
    ['100B', 100],
    ['1 MiB', 1_048_576],
    [4_096, 4_096],
  ])('reads %j as %i bytes', (value, expected) => {
    expect(checkSize(value)).toEqual({ value: expected });
  });

  it.each([
    '',
    '1',
    '1M',
    '1mib',
    'MiB',
    '-1MiB',
    '1e3B',
    '1MiB ',
    1.5,
    -1,
    Number.NaN,
    Infinity,
    true,
    null,
    undefined,
  ])('refuses %j', (value) => {
    expect(checkSize(value)).toEqual({ problem: expect.any(String) as string });
  });

  it('says what would be right', () => {
    expect(checkSize('1 meg')).toEqual({
      problem: 'must be a size such as "64KiB" or "1MiB", or a whole number of bytes, not "1 meg"',
    });
    expect(checkSize('1KiB', { min: 2, max: 1_000 })).toEqual({
      problem: 'must be from 2 to 1,000 bytes, not "1KiB"',
    });
  });
});
