import { describe, expect, it } from 'vitest';
import type { EngineContext } from '../../port/index.js';
import { repeatStrategy, zoneOf } from './repeat-strategy.js';

type Asked = Parameters<EngineContext['nextRun']>;

const schedule = (timeZone: string | null, utcOffset: number | null) =>
  ({ timeZone, utcOffset }) as Parameters<typeof zoneOf>[0];

describe('the time zone of a schedule', () => {
  it.each([
    [null, null],
    ['Europe/Berlin', null],
    ['UTC', null],
    [null, 0],
    [null, 120],
    [null, -330],
  ])('is the same when BullMQ has kept it: %s, offset %s', (timeZone, utcOffset) => {
    const asked: Asked[] = [];
    const next = repeatStrategy({
      nextRun: (...question: Asked) => {
        asked.push(question);
        return 5_000;
      },
    });
    const tz = zoneOf(schedule(timeZone, utcOffset));
    expect(next(1_000, { pattern: '* * * * *', ...(tz !== undefined && { tz }) })).toBe(5_000);
    expect(asked).toEqual([[{ expression: '* * * * *', timeZone, utcOffset }, 1_000]]);
  });
});

describe('a schedule that ticks no more', () => {
  it('has no next tick', () => {
    expect(repeatStrategy({ nextRun: () => null })(0, { pattern: '2027-01-01T00:00:00Z' })).toBeUndefined();
  });
});
