import { beforeEach, describe, expect, it } from 'vitest';
import { ServerWatch } from './server-watch.js';

const GONE = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const MINUTE = 60_000;
const ADVICE =
  'Redis at a cannot be used (connect ECONNREFUSED): nothing listens there: is it running, and is the address right';

let now = 0;
let told: string[] = [];
let watch: ServerWatch;

beforeEach(() => {
  now = 1_000_000;
  told = [];
  const logger = {
    log: (message: string) => void told.push(`log ${message}`),
    warn: (message: string) => void told.push(`warn ${message}`),
    error: () => undefined,
  };
  watch = new ServerWatch('Redis at a', logger, () => now);
});

describe('a server that goes away', () => {
  it('is told of once, then once a minute, and when it is back', () => {
    watch.report(GONE);
    watch.report(GONE);
    expect(told).toEqual([`warn ${ADVICE}. What waits goes on when it answers again, and callers are told meanwhile.`]);
    now += MINUTE - 1;
    watch.report(GONE);
    expect(told).toHaveLength(1);
    now += 1;
    watch.report(GONE);
    expect(told.slice(1)).toEqual([`warn ${ADVICE}. That is so for 60 s, with 4 errors.`]);
    now += MINUTE - 1;
    watch.report(GONE);
    expect(told).toHaveLength(2);
    now += 1_001;
    watch.answered();
    expect(told.slice(2)).toEqual(['log Redis at a answers again, after 121 s and 5 errors.']);
    watch.answered();
    expect(told).toHaveLength(3);
    watch.report(GONE);
    expect(told[3]).toMatch(/What waits goes on/);
  });

  it('has a fault until it is back', () => {
    expect(watch.fault).toBeUndefined();
    watch.report(GONE);
    expect(watch.fault).toBe(GONE);
    watch.answered();
    expect(watch.fault).toBeUndefined();
  });

  it('is away, too, where it answers that it will never do', () => {
    const refused = new Error('NOAUTH Authentication required.');
    watch.report(refused);
    expect(watch.fault).toBe(refused);
  });
});

describe('another error', () => {
  it('is told of once a minute', () => {
    for (let time = 0; time < 2; time += 1) watch.report(new Error('odd'));
    watch.report(new Error('other'));
    expect(told).toEqual(['warn Redis at a: odd', 'warn Redis at a: other']);
    now += MINUTE - 1;
    watch.report(new Error('odd'));
    expect(told).toHaveLength(2);
    now += 1;
    watch.report(new Error('odd'));
    expect(told).toHaveLength(3);
    expect(watch.fault).toBeUndefined();
  });

  it('is remembered among a hundred', () => {
    for (let number = 0; number <= 100; number += 1) watch.report(new Error(`number ${number}`));
    watch.report(new Error('number 1'));
    watch.report(new Error('number 100'));
    expect(told).toHaveLength(101);
    watch.report(new Error('number 0'));
    expect(told).toHaveLength(102);
  });

  it('that is told of again is the newest', () => {
    watch.report(new Error('first'));
    for (let number = 0; number < 99; number += 1) watch.report(new Error(`number ${number}`));
    now += MINUTE;
    watch.report(new Error('first'));
    watch.report(new Error('one more'));
    told = [];
    watch.report(new Error('first'));
    expect(told).toEqual([]);
  });
});

describe('what a caller is told', () => {
  it('is the reason, where the server was there', () => {
    expect(watch.describe(new Error('odd'))).toBe('odd');
    watch.report(GONE);
    expect(watch.describe(new Error('odd'))).toBe('odd');
  });

  it('is what would be right, where it was not: by what was said before where a driver gave up', () => {
    const closed = new Error('Connection is closed.');
    expect(watch.describe(closed)).toBe('Redis at a cannot be used (Connection is closed.)');
    expect(watch.describe(new Error('NOAUTH x'))).toMatch(
      /^Redis at a cannot be used \(NOAUTH x\): it wants a password/,
    );
    watch.report(GONE);
    expect(watch.describe(closed)).toBe(ADVICE);
    expect(watch.describe(undefined)).toBe(ADVICE);
  });

  it('is where the server is, where no answer came', () => {
    expect(watch.describe(undefined)).toBe('Redis at a');
  });
});
