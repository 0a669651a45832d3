import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../contract/index.js';
import { dueTicks, taskOfRun, withLastRuns } from './ticks.js';

const SCHEDULE: Schedule = {
  name: 'nightly',
  expression: 'every ten',
  timeZone: null,
  utcOffset: null,
  queue: 'reports',
  task: 'report',
  params: '{"of":"yesterday"}',
  priority: 3,
  maxAttempts: 2,
  settings: '{"timeout":1000}',
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
};

let asked = 0;
const everyTen = (_schedule: unknown, after: number): number => {
  asked += 1;
  return (Math.floor(after / 10) + 1) * 10;
};

const due = (schedule: Partial<Schedule>, first: number, now: number) =>
  dueTicks({ ...SCHEDULE, ...schedule }, first, now, everyTen);

describe('the ticks that are due', () => {
  it.each(['once', 'skip'] as const)('run as the newest of them, with %s', (catchUp) => {
    expect(due({ catchUp }, 10, 45)).toEqual({ runs: [40], last: 40, next: 50 });
    expect(due({ catchUp }, 10, 40)).toEqual({ runs: [40], last: 40, next: 50 });
    expect(due({ catchUp }, 10, 19)).toEqual({ runs: [10], last: 10, next: 20 });
  });

  it('run all with "all", the oldest first', () => {
    expect(due({ catchUp: 'all' }, 10, 45)).toEqual({ runs: [10, 20, 30, 40], last: 40, next: 50 });
  });

  it('run as one where runs must not overlap, even with "all"', () => {
    expect(due({ catchUp: 'all', overlap: false }, 10, 45)).toEqual({ runs: [40], last: 40, next: 50 });
  });

  it('are dealt with 500 at a time', () => {
    const { runs, last, next } = due({ catchUp: 'all' }, 10, 1_000_000);
    expect([runs.length, last, next]).toEqual([500, 5_000, 5_010]);
  });

  it('end with the last tick of a schedule that has one', () => {
    const twice = (_schedule: unknown, after: number): number | null => (after < 20 ? everyTen(null, after) : null);
    expect(dueTicks({ ...SCHEDULE, catchUp: 'all' }, 10, 45, twice)).toEqual({ runs: [10, 20], last: 20, next: null });
    expect(dueTicks(SCHEDULE, 10, 45, twice)).toEqual({ runs: [20], last: 20, next: null });
  });

  it('are found in few steps after millions of them', () => {
    asked = 0;
    expect(due({}, 10, 50_000_005)).toEqual({ runs: [50_000_000], last: 50_000_000, next: 50_000_010 });
    expect(asked).toBeLessThan(100);
  });

  it('do not run where they are later than the schedule says, or by more than a minute where missed ones are skipped', () => {
    expect(due({ catchUp: 'all', threshold: 15 }, 10, 45).runs).toEqual([30, 40]);
    expect(due({ catchUp: 'skip', threshold: 0 }, 10, 45)).toEqual({ runs: [], last: 40, next: 50 });
    expect(due({ catchUp: 'skip', threshold: 0 }, 10, 40).runs).toEqual([40]);
    const hourly = (_schedule: unknown, after: number): number => (Math.floor(after / 3_600_000) + 1) * 3_600_000;
    const late = (by: number, catchUp: 'skip' | 'once') =>
      dueTicks({ ...SCHEDULE, catchUp }, 3_600_000, 3_600_000 + by, hourly).runs;
    expect(late(60_000, 'skip')).toEqual([3_600_000]);
    expect(late(60_001, 'skip')).toEqual([]);
    expect(late(60_001, 'once')).toEqual([3_600_000]);
  });
});

describe('the last runs of a schedule', () => {
  it('are the five newest', () => {
    expect(withLastRuns([], [])).toEqual([]);
    expect(withLastRuns(['d', 'c', 'b', 'a'], ['e', 'f'])).toEqual(['f', 'e', 'd', 'c', 'b']);
  });
});

describe('the run of a schedule', () => {
  it('is a task of its queue, due at the tick', () => {
    expect(taskOfRun(SCHEDULE, 'run-1', 40, 45)).toEqual({
      id: 'run-1',
      queue: 'reports',
      name: 'report',
      params: '{"of":"yesterday"}',
      priority: 3,
      runAt: 40,
      createdAt: 45,
      maxAttempts: 2,
      settings: '{"timeout":1000}',
      sensitive: [],
    });
  });
});
