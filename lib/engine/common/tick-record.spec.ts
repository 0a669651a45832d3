import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../contract/index.js';
import { isOpen, NO_TICKS, openTicks, recordOf, tickBefore, type TickRecord } from './tick-record.js';
import { TicksAhead } from './ticks-ahead.js';
import { dueTicks } from './ticks.js';

const SCHEDULE: Schedule = {
  name: 'nightly',
  expression: 'every ten',
  timeZone: null,
  utcOffset: null,
  queue: 'reports',
  task: 'report',
  params: '{}',
  priority: 0,
  maxAttempts: 1,
  settings: null,
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
};

const everyTen = (_schedule: unknown, after: number): number => (Math.floor(after / 10) + 1) * 10;

/** A schedule as a store keeps it, with the ticks that were run. */
class Kept {
  record: TickRecord = NO_TICKS;
  readonly ran: number[] = [];

  constructor(
    public next: number,
    private readonly schedule: Partial<Schedule> = {},
  ) {}

  get planned() {
    return { ...SCHEDULE, ...this.schedule, nextRunAt: this.next, record: this.record };
  }

  /** A process whose clock shows `now` does what is due. */
  at(now: number): this {
    while (this.next <= now) {
      const due = dueTicks(this.planned, this.next, now, openTicks(this.record, everyTen));
      this.record = recordOf(this.planned, this.record, this.next, due, everyTen);
      this.ran.push(...due.runs);
      this.next = due.next!;
    }
    return this;
  }

  replan(now: number): this {
    this.next = tickBefore(this.planned, now, everyTen) ?? this.next;
    return this;
  }
}

describe('The record of ticks', () => {
  it('has no spans where each tick is run at its time, and no tick is planned twice', () => {
    const kept = new Kept(10).at(10).at(25).at(31);
    expect(kept.ran).toEqual([10, 20, 30]);
    expect(kept.record).toEqual({ until: 31, passedOver: [] });
    for (const now of [5, 15, 25, 35]) expect(tickBefore(kept.planned, now, everyTen)).toBeNull();
  });

  it('has the ticks that were passed over: these are still to come for a clock that is set back, and no other', () => {
    const kept = new Kept(10).at(10).at(95);
    expect(kept.ran).toEqual([10, 90]);
    expect(kept.record).toEqual({ until: 91, passedOver: [[11, 90]] });
    expect(isOpen(kept.record, 10)).toBe(false);
    expect(isOpen(kept.record, 80)).toBe(true);
    kept.replan(12);
    for (let now = 12; now <= 120; now += 1) kept.at(now);
    expect(kept.ran).toEqual([10, 90, 20, 30, 40, 50, 60, 70, 80, 100, 110, 120]);
    expect(kept.record).toEqual({ until: 121, passedOver: [] });
  });

  it('has those that were too late to run', () => {
    const kept = new Kept(10, { catchUp: 'all', threshold: 15 }).at(10).at(95);
    expect(kept.ran).toEqual([10, 80, 90]);
    kept.replan(41);
    expect(kept.next).toBe(50);
    expect(kept.at(72).ran).toEqual([10, 80, 90, 60, 70]);
  });

  it('begins anew for a schedule that has had no tick: a clock that was ahead may have stored it', () => {
    expect(new Kept(610).replan(12).next).toBe(20);
  });

  it('keeps what had run before it was passed over: two jumps ahead, with ticks in between', () => {
    const kept = new Kept(10).at(10).at(95).at(100).at(205);
    expect(kept.record.passedOver).toEqual([
      [11, 90],
      [101, 200],
    ]);
    kept.replan(12);
    for (let now = 12; now <= 230; now += 1) kept.at(now);
    expect(kept.ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, index) => (index + 1) * 10));
  });

  it('forgets the shortest of many spans, and those of a day ago', () => {
    const kept = new Kept(10);
    for (let jump = 1; jump <= 10; jump += 1) kept.at(jump * 1_000 + (jump === 4 ? -950 : 5));
    expect(kept.record.passedOver).toHaveLength(8);
    kept.at(10 * 86_400_000);
    expect(kept.record.passedOver).toHaveLength(1);
  });
});

describe('Schedules that wait for the tick of a clock that was ahead', () => {
  const names = (found: readonly Schedule[]) => found.map(({ name }) => name);

  it('are found at once by the process whose clock it was', () => {
    const ahead = new TicksAhead(everyTen);
    const { planned } = new Kept(10).at(10).at(95);
    expect(names(ahead.leftBehind([planned], 12, true))).toEqual(['nightly']);
    expect(names(ahead.leftBehind([new Kept(10).at(10).planned], 5, true))).toEqual([]);
  });

  it('are found by another when two ticks have gone by and the plan has not moved', () => {
    const ahead = new TicksAhead(everyTen);
    const { planned } = new Kept(10).at(10).at(95);
    for (const now of [12, 20, 29]) expect(ahead.leftBehind([planned], now, false)).toEqual([]);
    expect(names(ahead.leftBehind([planned], 30, false))).toEqual(['nightly']);
  });

  it('are left to the other clock while it goes on ahead', () => {
    const ahead = new TicksAhead(everyTen);
    const kept = new Kept(10).at(10);
    for (let now = 12; now <= 80; now += 4)
      expect(ahead.leftBehind([kept.at(now + 83).planned], now, false)).toEqual([]);
  });

  it('are none where the expression is one of another version', () => {
    const ahead = new TicksAhead(() => {
      throw new Error('no such expression');
    });
    expect(ahead.leftBehind([new Kept(10).at(10).at(95).planned], 12, true)).toEqual([]);
  });
});
