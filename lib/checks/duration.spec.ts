import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../contract/index.js';
import { MAX_DURATION_MS, parseDuration } from './duration.js';

const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['60s', 60_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1w2d3h4m5s6ms', 788_645_006],
    ['1.5h', 5_400_000],
    ['0s', 0],
    ['5m5ms', 300_005],
    ['1.4ms', 1],
    [1_500, 1_500],
    [0, 0],
    [-0, 0],
    [2.5, 3],
  ])('reads %j as %i ms', (value, expected) => {
    expect(parseDuration(value, 'delay')).toBe(expected);
  });

  it.each([
    '',
    ' ',
    '60',
    'soon',
    '5 m',
    ' 5m',
    '5m ',
    '5m\n',
    '5M',
    '5min',
    '5 minutes',
    '.5h',
    '5.h',
    '1e3ms',
    '-5m',
    '+5m',
    '1y',
    '30m1h',
    '1h1h',
    '1h-5m',
    '１s',
    `${'9'.repeat(70)}s`,
    Number.NaN,
    true,
    null,
    undefined,
    {},
    ['5m'],
    () => 5,
  ])('refuses %j', (value) => {
    expect(() => parseDuration(value as never, 'delay')).toThrow(InvalidArgumentError);
  });

  it('refuses negative and endless lengths', () => {
    expect(() => parseDuration(-1, 'delay')).toThrow('delay must not be negative, as -1 is.');
    expect(() => parseDuration(-0.2, 'delay')).toThrow('negative');
    expect(() => parseDuration(Number.NEGATIVE_INFINITY, 'delay')).toThrow('negative');
    expect(() => parseDuration(Number.POSITIVE_INFINITY, 'delay')).toThrow(
      'delay must be at most "3660d", not Infinity.',
    );
    expect(() => parseDuration('4000d', 'delay')).toThrow('delay must be at most "3660d", not "4000d".');
    expect(() => parseDuration(1e300, 'delay')).toThrow('at most');
    expect(parseDuration(MAX_DURATION_MS, 'delay')).toBe(MAX_DURATION_MS);
    expect(() => parseDuration(MAX_DURATION_MS + 1, 'delay')).toThrow('at most');
  });

  it('keeps to the bounds of the field', () => {
    const bounds = { min: 100, max: 60_000 };
    expect(parseDuration('100ms', 'lease', bounds)).toBe(100);
    expect(parseDuration('1m', 'lease', bounds)).toBe(60_000);
    expect(() => parseDuration('99ms', 'lease', bounds)).toThrow('lease must be at least "100ms", not "99ms".');
    expect(() => parseDuration('61s', 'lease', bounds)).toThrow('lease must be at most "1m", not "61s".');
  });

  it('says which field, what was given and what would be right', () => {
    expect(() => parseDuration('5 minutes', 'retryDelay')).toThrow(
      'retryDelay must be a duration such as "250ms", "60s", "5m", "1h30m" or "7d", or a number of milliseconds, not "5 minutes".',
    );
    expect(() => parseDuration('60', 'delay')).toThrow('not "60" (a string needs a unit).');
    expect(() => parseDuration('x', 'delay')).toThrow(
      expect.objectContaining({ field: 'delay', code: 'invalid_argument' }),
    );
  });

  it('does not repeat a long text', () => {
    expect(() => parseDuration('x'.repeat(10_000), 'delay')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,300}$/) as string }),
    );
  });

  it('reads back any sum of units as it was written', () => {
    const amounts = fc.tuple(...UNITS.map(() => fc.option(fc.integer({ min: 0, max: 80 }), { nil: undefined })));
    fc.assert(
      fc.property(
        amounts.filter((all) => all.some((amount) => amount !== undefined)),
        (all) => {
          const text = UNITS.map(([unit], i) => (all[i] === undefined ? '' : `${all[i]}${unit}`)).join('');
          const expected = UNITS.reduce((sum, [, length], i) => sum + (all[i] ?? 0) * length, 0);
          expect(parseDuration(text, 'delay')).toBe(expected);
          expect(parseDuration(expected, 'delay')).toBe(expected);
        },
      ),
    );
  });

  it('gives a whole number within bounds for whatever it takes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.stringMatching(/^[0-9.]{1,4}(ms|[smhdw])$/)), (value) => {
        let length: number;
        try {
          length = parseDuration(value, 'delay');
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        expect(Number.isInteger(length) && length >= 0 && length <= MAX_DURATION_MS).toBe(true);
      }),
    );
  });
});
