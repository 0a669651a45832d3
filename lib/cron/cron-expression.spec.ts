import { CronExpression } from '@nestjs/schedule';
import { assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRun, nextRuns, type ScheduleTiming } from './cron-expression.js';
import { findTimingProblem } from './timing-problem.js';

const at = (iso: string): number => Date.parse(iso);
const timing = (expression: string, zone: string | number | null = null): ScheduleTiming => ({
  expression,
  timeZone: typeof zone === 'string' ? zone : null,
  utcOffset: typeof zone === 'number' ? zone : null,
});
/** The next ticks as UTC, `2026-03-29T01:00`. */
const runs = (expression: string, zone: string | number | null, after: string, count: number): string[] =>
  nextRuns(timing(expression, zone), at(after), count).map((time) => new Date(time).toISOString().slice(0, 16));

describe('nextRun', () => {
  it('takes five fields, six fields, names and presets', () => {
    expect(runs('*/15 * * * *', 'UTC', '2026-01-01T00:01:00Z', 2)).toEqual(['2026-01-01T00:15', '2026-01-01T00:30']);
    expect(nextRun(timing('*/10 * * * * *', 'UTC'), at('2026-01-01T00:00:01Z'))).toBe(at('2026-01-01T00:00:10Z'));
    expect(runs('0 9 * JAN MON-FRI', 'UTC', '2026-01-02T10:00:00Z', 1)).toEqual(['2026-01-05T09:00']);
    expect(runs('@daily', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-02T00:00']);
    expect(runs('@weekdays', 'UTC', '2026-01-02T00:00:00Z', 1)).toEqual(['2026-01-05T00:00']);
    expect(runs('@minutely', 'UTC', '2026-01-01T00:00:30Z', 1)).toEqual(['2026-01-01T00:01']);
    expect(runs('  @WEEKDAYS ', 'UTC', '2026-01-02T00:00:00Z', 1)).toEqual(['2026-01-05T00:00']);
    expect(runs('@weekends', 'UTC', '2026-01-02T00:00:00Z', 2)).toEqual(['2026-01-03T00:00', '2026-01-04T00:00']);
    expect(nextRun(timing('@secondly', 'UTC'), at('2026-01-01T00:00:00Z'))).toBe(at('2026-01-01T00:00:01Z'));
    expect(runs('0/20 * * * *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['2026-01-01T00:20', '2026-01-01T00:40']);
  });

  it('takes intervals, whose ticks are the same whoever asks and since when', () => {
    expect(runs('@every 45m', null, '2026-01-01T00:10:00Z', 3)).toEqual([
      '2026-01-01T00:45',
      '2026-01-01T01:30',
      '2026-01-01T02:15',
    ]);
    expect(runs('@every 45m', 'Europe/Paris', '2026-01-01T01:29:59Z', 1)).toEqual(['2026-01-01T01:30']);
    expect(runs('@EVERY 1h30m', null, '2026-03-29T00:00:00Z', 2)).toEqual(['2026-03-29T01:30', '2026-03-29T03:00']);
    const problem = (expression: string) => findTimingProblem({ expression }, at('2026-01-01T00:00:00Z'))?.message;
    expect(problem('@every 45m')).toBeUndefined();
    expect(problem('@every 999ms')).toContain('@every must be at least "1s", not "999ms"');
    expect(problem('@every now')).toContain('@every must be a duration such as');
    expect(problem('@every')).toContain('is not a cron expression');
  });

  it('understands every CronExpression of @nestjs/schedule', () => {
    for (const expression of Object.values(CronExpression)) {
      expect(findTimingProblem({ expression }, at('2026-01-01T00:00:00Z')), expression).toBeNull();
    }
  });

  it('leaves out the very time it is asked from, also within a second', () => {
    const noon = at('2026-01-01T12:00:00Z');
    expect(nextRun(timing('0 12 * * *', 'UTC'), noon)).toBe(at('2026-01-02T12:00:00Z'));
    expect(nextRun(timing('0 12 * * *', 'UTC'), noon - 1)).toBe(noon);
    expect(nextRun(timing('* * * * * *', 'UTC'), noon + 400)).toBe(noon + 1_000);
  });

  it('takes day of month or weekday where both are given, as cron does', () => {
    expect(runs('0 0 13 * 5', 'UTC', '2026-04-03T12:00:00Z', 3)).toEqual([
      '2026-04-10T00:00',
      '2026-04-13T00:00',
      '2026-04-17T00:00',
    ]);
  });

  it('goes by the weekday where the day covers all, however both are written', () => {
    const weekdays = ['2026-01-02T09:00', '2026-01-05T09:00'];
    for (const expression of ['0 9 */1 * 1-5', '0  9  1-31 * 1-5', '0 9 ? * MON-FRI', '0 9 1/1 jan-dec 1,2,3,4,5']) {
      expect(runs(expression, 'UTC', '2026-01-01T10:00:00Z', 2), expression).toEqual(weekdays);
    }
    const sundays = ['2026-01-04T09:00', '2026-01-05T09:00', '2026-01-08T09:00'];
    for (const expression of ['0 9 * * 1/3', '0 9 * * MON/3']) {
      expect(runs(expression, 'UTC', '2026-01-02T10:00:00Z', 3), expression).toEqual(sundays);
    }
  });

  it('finds ends of months and leap years', () => {
    expect(runs('0 0 31 * *', 'UTC', '2026-01-31T00:00:00Z', 3)).toEqual([
      '2026-03-31T00:00',
      '2026-05-31T00:00',
      '2026-07-31T00:00',
    ]);
    expect(runs('0 0 L * *', 'UTC', '2028-01-31T00:00:00Z', 2)).toEqual(['2028-02-29T00:00', '2028-03-31T00:00']);
    expect(runs('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['2028-02-29T00:00', '2032-02-29T00:00']);
    // 2100 is no leap year.
    expect(runs('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-29T00:00']);
  });

  it('takes an offset in minutes instead of a zone', () => {
    expect(runs('0 12 * * *', 330, '2026-07-01T00:00:00Z', 1)).toEqual(['2026-07-01T06:30']);
    expect(runs('0 12 * * *', -210, '2026-07-01T00:00:00Z', 1)).toEqual(['2026-07-01T15:30']);
  });
});

describe('nextRun over daylight-saving changes', () => {
  it.each([
    // Spring, Paris: 02:00 becomes 03:00 at 01:00 UTC.
    [
      'a skipped time runs at the jump',
      '30 2 * * *',
      'Europe/Paris',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'of a list too',
      '30 2,14 * * *',
      'Europe/Paris',
      '2026-03-28T14:00:00Z',
      ['2026-03-29T01:00', '2026-03-29T12:30', '2026-03-30T00:30'],
    ],
    [
      'an interval goes on',
      '*/30 * * * *',
      'Europe/Paris',
      '2026-03-29T00:10:00Z',
      ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30'],
    ],
    // Autumn, Paris: 03:00 becomes 02:00 at 01:00 UTC.
    [
      'a repeated time runs once',
      '30 2 * * *',
      'Europe/Paris',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'of a list too, autumn',
      '30 2,14 * * *',
      'Europe/Paris',
      '2026-10-24T14:00:00Z',
      ['2026-10-25T00:30', '2026-10-25T13:30', '2026-10-26T01:30'],
    ],
    [
      'an interval runs through both hours',
      '*/30 * * * *',
      'Europe/Paris',
      '2026-10-24T23:45:00Z',
      ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
    ],
    // New York: 02:00 becomes 03:00 at 07:00 UTC on 8 March, 02:00 becomes 01:00 at 06:00 UTC on 1 November.
    [
      'spring in New York',
      '15 2 * * *',
      'America/New_York',
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:15'],
    ],
    [
      'autumn in New York',
      '15 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:15', '2026-11-02T06:15'],
    ],
    [
      'an interval in New York',
      '0 * * * *',
      'America/New_York',
      '2026-11-01T04:30:00Z',
      ['2026-11-01T05:00', '2026-11-01T06:00', '2026-11-01T07:00'],
    ],
    // Lord Howe moves by half an hour: 02:00 becomes 02:30 (15:30 UTC), 02:00 becomes 01:30 (15:00 UTC).
    [
      'half an hour in spring',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-02T16:00:00Z',
      ['2026-10-03T15:30', '2026-10-04T15:15'],
    ],
    [
      'half an hour in autumn',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-03T15:00:00Z',
      ['2026-04-04T14:45', '2026-04-05T15:15'],
    ],
  ])('%s: %s in %s', (_title, expression, zone, after, expected) => {
    expect(runs(expression, zone, after, expected.length)).toEqual(expected);
  });

  it('never goes back or stands still, whatever the expression, zone and time', () => {
    assert(
      property(
        constantFrom(
          '30 2 * * *',
          '*/7 * * * *',
          '0 */3 * * *',
          '59 23 L * *',
          '15,45 1-3 * * *',
          '*/11 * * * * *',
          '0 0 29 2 *',
        ),
        constantFrom(
          'Europe/Paris',
          'America/New_York',
          'Australia/Lord_Howe',
          'Asia/Kathmandu',
          'Africa/Casablanca',
          'UTC',
        ),
        integer({ min: at('2024-01-01T00:00:00Z'), max: at('2036-01-01T00:00:00Z') }),
        (expression, zone, after) => {
          const next = nextRun(timing(expression, zone), after)!;
          expect(next).toBeGreaterThan(after);
          // From any time between, the same tick is the next one.
          expect(nextRun(timing(expression, zone), after + Math.floor((next - after) / 2))).toBe(next);
          expect(nextRun(timing(expression, zone), next - 1)).toBe(next);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('nextRun of a date', () => {
  it('ticks once', () => {
    const once = timing('2027-01-01T08:00:00.250Z');
    expect(nextRun(once, at('2026-01-01T00:00:00Z'))).toBe(at('2027-01-01T08:00:00.250Z'));
    expect(nextRun(once, at('2027-01-01T08:00:00.250Z'))).toBeNull();
  });

  it.each([
    ['2027-01-01T08:00Z', '2027-01-01T08:00:00Z'],
    ['2027-01-01T08:00:00.250+0200', '2027-01-01T06:00:00.250Z'],
    [' 2027-01-01T08:00:00z ', '2027-01-01T08:00:00Z'],
    ['2027-01-31', '2027-01-31T00:00:00Z'],
    ['2027-12-01 23:59:59', '2027-12-01T23:59:59Z'],
    ['2027-12-01T23:59:59.500', '2027-12-01T23:59:59Z'],
    ['2020-01-01', null],
  ])('reads %j', (expression, expected) => {
    const start = at('2026-01-01T00:00:00Z');
    const once = timing(expression, 'UTC');
    expect(nextRun(once, start)).toBe(expected === null ? null : at(expected));
  });

  it('reads a date without a zone in the zone of the schedule', () => {
    const start = at('2026-01-01T00:00:00Z');
    expect(nextRun(timing('2027-07-01T08:00', 'Europe/Paris'), start)).toBe(at('2027-07-01T06:00:00Z'));
    expect(nextRun(timing('2027-07-01', 'America/New_York'), start)).toBe(at('2027-07-01T04:00:00Z'));
    expect(nextRun(timing('2027-07-01T08:00:00', 90), start)).toBe(at('2027-07-01T06:30:00Z'));
    expect(nextRun(timing('2027-07-01T08:00:00+02:00', 'America/New_York'), start)).toBe(at('2027-07-01T06:00:00Z'));
  });
});

describe('findTimingProblem', () => {
  const now = at('2026-01-01T00:00:00Z');
  const problem = (expression: unknown, zone: { timeZone?: unknown; utcOffset?: unknown } = {}) =>
    findTimingProblem({ expression, ...zone }, now);

  it.each([
    ['61 * * * *', /minute: 61/],
    ['* * *', /five/],
    ['every day', /"every day" is not a cron expression/],
    ['0 0 0 1 1 * 2027', /seven fields.*ISO date/],
    ['@reboot', /@reboot/],
    ['', /empty/],
    [undefined, /missing/],
    [42, /type number/],
    ['2027-02-31T00:00:00Z', /no such day/],
    ['2027-02-30', /no such day/],
    ['2027-01-01T25:00:00', /no such time/],
    ['2027-01-01T25:00:00Z', /no such time/],
    ['0 0 31 2 *', /never comes.*28 2/],
    ['0 0 30 2,2 *', /never comes/],
    ['  ', /is empty\./],
    [null, /is null\./],
    ['2027-00-01', /no such day/],
    ['2027-13-01', /no such day/],
    ['2027-01-00', /no such day/],
    ['2027-01-01x', /: it is not an ISO date\. Right/],
    ['2027-01-01T10:60:00', /no such time/],
    ['2027-01-01T10:00:60', /no such time/],
    ['2027-01-01T24:00', /no such time/],
    ['2027-01-0', /parts|fields|illegal/],
    ['0 0 2027-01-01 * *', /illegal|larger/],
    [' 0  0 0 1 1 * 2027 ', /seven fields/],
    ['61 * * * *', /^"61 \* \* \* \*" is not a cron expression: Invalid value for minute: 61\. Right would be five/],
    ['@every now', /not "now"\. Right would be/],
    ['@every 1.5x', /not "1\.5x"\. Right would be/],
    ['*/0 * * * *', /illegal stepping: 0/],
    ['x-59 * * * *', /illegal characters/],
    ['1-60 * * * *', /minute: 60/],
    ['0 0 0-30 * *', /day/],
    ['0 0 * * 1-2-3', /range|illegal/i],
  ])('names what is wrong with the expression %j and what is right', (expression, message) => {
    const found = problem(expression);
    expect(found).toMatchObject({ path: 'expression', message: expect.stringMatching(message) });
    expect(found?.message).toContain('Right would be');
  });

  it('names an unknown zone, an offset out of range, and both together', () => {
    expect(problem('0 0 * * *', { timeZone: 'Mars/Base' })).toMatchObject({
      path: 'timeZone',
      message: expect.stringMatching(/"Mars\/Base".*"Europe\/Paris"/),
    });
    expect(problem('0 0 * * *', { timeZone: '+02:00' })?.path).toBe('timeZone');
    expect(problem('0 0 * * *', { timeZone: 5 })?.path).toBe('timeZone');
    expect(problem('0 0 * * *', { utcOffset: 100_000 })?.path).toBe('utcOffset');
    expect(problem('0 0 * * *', { utcOffset: Number.NaN })?.path).toBe('utcOffset');
    expect(problem('0 0 * * *', { utcOffset: '+02:00' })?.path).toBe('utcOffset');
    expect(problem('0 0 * * *', { timeZone: 5 })?.message).toMatch(/^there is no time zone of type number\. Right/);
    expect(problem('0 0 * * *', { utcOffset: 90.5 })?.message).toMatch(/^utcOffset is 90\.5\. Right .*-840 and 840/);
    expect(problem('0 0 * * *', { utcOffset: '+02:00' })?.message).toMatch(/^utcOffset is of type string\. Right/);
    expect(problem('0 0 * * *', { utcOffset: -841 })?.path).toBe('utcOffset');
    expect(problem('0 0 * * *', { timeZone: 'UTC', utcOffset: 60 })).toEqual({
      path: 'timeZone',
      message: `both "timeZone" and "utcOffset" are given. Give one of them, such as timeZone: 'Europe/Paris'`,
    });
  });

  it('finds nothing wrong with what is right, a date in the past included', () => {
    expect(problem('0 3 * * *', { timeZone: 'Europe/Paris' })).toBeNull();
    expect(problem('0 3 * * *', { utcOffset: -840 })).toBeNull();
    expect(problem('0 3 * * *', { utcOffset: 840 })).toBeNull();
    expect(problem('2020-01-01T00:00:00Z')).toBeNull();
  });
});
