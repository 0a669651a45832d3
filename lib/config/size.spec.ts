import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../errors/index.js';
import { parseSize } from './size.js';

describe('parseSize', () => {
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
    expect(parseSize(value, 'maxParamsSize')).toBe(expected);
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
    expect(() => parseSize(value as never, 'maxParamsSize')).toThrow(InvalidArgumentError);
  });

  it('says what would be right', () => {
    expect(() => parseSize('1 meg', 'maxParamsSize')).toThrow(
      'maxParamsSize must be a size such as "64KiB" or "1MiB", or a whole number of bytes, not "1 meg".',
    );
    expect(() => parseSize('1KiB', 'maxParamsSize', { min: 2, max: 1_000 })).toThrow(
      'maxParamsSize must be from 2 to 1,000 bytes, not "1KiB".',
    );
  });
});
