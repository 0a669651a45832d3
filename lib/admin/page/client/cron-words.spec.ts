import { describe, expect, it } from 'vitest';
import { cronWords, zoneWords } from './cron-words.js';

const words = (expression: string, timeZone: string | null = null): string =>
  cronWords({ expression, timeZone, utcOffset: null });

describe('cronWords', () => {
  it.each([
    ['0 0 * * *', 'At 00:00, every day'],
    ['*/30 * * * *', 'Every 30 minutes'],
    ['15 9 * * MON-FRI', 'At 09:15, Monday through Friday'],
    ['*/10 * * * * *', 'Every 10 seconds'],
    ['0 3 1 1 *', 'At 03:00, on day 1 of the month, only in January'],
    ['@daily', 'At 00:00, every day'],
    ['@every 45m', 'Every 45m'],
  ])('says %s as %s', (expression, text) => {
    expect(words(expression)).toBe(text);
  });

  it('says a single run, in its zone', () => {
    expect(words('2027-01-01T00:00:00.000Z', 'Asia/Tokyo')).toBe('Once, at 1 Jan 2027, 09:00:00');
  });

  it('leaves what has no words as it is', () => {
    expect(words('every now and then')).toBe('every now and then');
  });
});

describe('zoneWords', () => {
  it('names the zone that the times are of', () => {
    const zone = (timeZone: string | null, utcOffset: number | null): string =>
      zoneWords({ expression: '* * * * *', timeZone, utcOffset });
    expect(zone('Europe/Paris', null)).toBe('Europe/Paris');
    expect(zone(null, 330)).toBe('UTC+05:30');
    expect(zone(null, -60)).toBe('UTC−01:00');
    expect(zone(null, null)).toBe('time zone of the process');
  });
});
