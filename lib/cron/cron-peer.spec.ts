import { createRequire } from 'node:module';
import { array, assert, constant, constantFrom, integer, oneof, property, tuple, type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRuns } from './cron-expression.js';

/** The package that `@nestjs/schedule` runs its methods by. */
interface CronPackage {
  CronTime: new (
    expression: string,
    timeZone: string,
  ) => { getNextDateFrom(start: Date, timeZone: string): { toMillis(): number } };
}

const require = createRequire(createRequire(import.meta.url).resolve('@nestjs/schedule'));
const { CronTime } = require('cron') as CronPackage;

const TICKS = 4;

/** As far as that package looks ahead: it gives up eight years from now. */
function itsRuns(expression: string, after: number): number[] {
  const time = new CronTime(expression, 'UTC');
  const runs: number[] = [];
  try {
    for (let last = after; runs.length < TICKS;) {
      runs.push((last = time.getNextDateFrom(new Date(last), 'UTC').toMillis()));
    }
  } catch (error) {
    if (!String(error).includes('in the next 8 years')) throw error;
  }
  return runs;
}

function ourRuns(expression: string, after: number): number[] {
  return nextRuns({ expression, timeZone: 'UTC', utcOffset: null }, after, TICKS);
}

/** One field in each of the ways in which it can be written. */
function field(low: number, high: number, ...names: string[]): Arbitrary<string> {
  const value = integer({ min: low, max: high });
  const step = integer({ min: 1, max: 9 });
  const range = tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const part = oneof(
    constant('*'),
    step.map((size) => `*/${size}`),
    value.map(String),
    range,
    tuple(range, step).map(([from, size]) => `${from}/${size}`),
    tuple(value, step).map(([from, size]) => `${from}/${size}`),
    constant(`${low}-${high}`),
    constant(`${low}-${low + 2},${low + 3}-${high}`),
    ...(names.length > 0 ? [constantFrom(...names)] : []),
  );
  return oneof(
    part,
    part,
    array(part, { minLength: 2, maxLength: 3 }).map((parts) => parts.join(',')),
  );
}

const DAY = field(1, 31);
const WEEKDAY = field(0, 7, 'MON', 'sun', 'MON-FRI', 'SUN-SAT');

describe('an expression ticks as with the `cron` package', () => {
  it.each([
    '0 9 */1 * 1-5',
    '0 9 1-31 * 1-5',
    '0 9 1/1 * 1-5',
    '0 9 1-15,16-31 * MON-FRI',
    '0 9 13 * */1',
    '0 9 13 * 0-6',
    '0 9 13 * 1-7',
    '0 9 13 * SUN-SAT',
    '0 9 13 */1 *',
    '0 9 */2 * 1-5',
    '0 9 13 * 5',
    '0 0 9 */1 JAN-DEC mon-fri',
    '*/60 * * * *',
    '*/90 * * * *',
    '5/90 */25 * * *',
    '0 10-20/99 * * *',
    '0 0 */32 * *',
    '0 0 1 */13 *',
    '0 0 * * */8',
    '0 0 * * FRI/8,2/9',
    '*/61,30 0 0 * * *',
  ])('%s', (expression) => {
    const after = Date.parse('2026-05-01T00:00:00Z');
    expect(ourRuns(expression, after)).toEqual(itsRuns(expression, after));
  });

  it('whatever the combination of day of month and weekday', () => {
    const month = constantFrom('*', '*/1', '1-12', '1-6', 'FEB', '*/2', '3,9');
    assert(
      property(DAY, month, WEEKDAY, integer({ min: 0, max: 3 * 366 }), (day, months, weekday, days) => {
        const after = Date.parse('2026-01-01T00:00:00Z') + days * 24 * 60 * 60 * 1_000;
        const expression = `30 9 ${day} ${months} ${weekday}`;
        const its = itsRuns(expression, after);
        expect(ourRuns(expression, after).slice(0, its.length), expression).toEqual(its);
      }),
      { numRuns: 150 },
    );
  });

  it('whatever second, minute and hour', () => {
    assert(
      property(
        field(0, 59),
        field(0, 59),
        field(0, 23),
        integer({ min: 0, max: 1e8 }),
        (second, minute, hour, later) => {
          const after = Date.parse('2026-01-01T00:00:00Z') + later * 1_000;
          const expression = `${second} ${minute} ${hour} * * *`;
          expect(ourRuns(expression, after), expression).toEqual(itsRuns(expression, after));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a field that covers everything, as `?`', () => {
  it.each([
    ['0 9 ? * 1-5', '0 9 * * 1-5'],
    ['0 9 13 * ?', '0 9 13 * *'],
    ['0 0 9 ? * MON#2', '0 0 9 * * MON#2'],
    ['0 9 ?/1 * 5L', '0 9 * * 5L'],
  ])('%s restricts nothing', (expression, meant) => {
    const after = Date.parse('2026-05-01T00:00:00Z');
    expect(ourRuns(expression, after)).toEqual(ourRuns(meant, after));
  });

  it('is an interval over a daylight-saving change, however it is written', () => {
    const hourly = (hours: string): number[] =>
      nextRuns(
        { expression: `0 ${hours} * * *`, timeZone: 'Europe/Paris', utcOffset: null },
        Date.parse('2026-10-24T23:30:00Z'),
        4,
      );
    expect(hourly('0-23')).toEqual(hourly('*'));
  });
});
