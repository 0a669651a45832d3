import type { CancelTimer, Clock } from './clock.js';
import { wallTime } from './machine-time.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is told to move, for tests.
 *
 * @example
 * const clock = new ManualClock(Date.UTC(2027, 0, 1));
 * TasksModule.forRoot({ database: ':memory:', clock });
 * clock.advance(60_000); // what was due within the minute is due now
 */
export class ManualClock implements Clock {
  private readonly timers = new Set<Timer>();

  /** @param time where the clock stands at first, in UTC milliseconds. Default: the machine's time. */
  constructor(private time: number = wallTime()) {
    checkMilliseconds(time, 'The time of a ManualClock');
  }

  now(): number {
    return this.time;
  }

  /** When the next timer fires, in UTC milliseconds; null where none is set. */
  get nextAt(): number | null {
    return this.earliestDue(Infinity)?.at ?? null;
  }

  schedule(delay: number, callback: () => void): CancelTimer {
    const timer: Timer = { at: this.time + Math.max(delay, 0), callback };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Moves the clock by `milliseconds` and fires what has come due, in the order of the due times. */
  advance(milliseconds: number): void {
    checkMilliseconds(milliseconds, 'What a ManualClock is moved by');
    this.set(this.time + milliseconds);
  }

  /** Moves the clock to `time` (UTC milliseconds); backwards too, as a machine's clock may be set back. */
  set(time: number): void {
    checkMilliseconds(time, 'The time of a ManualClock');
    for (;;) {
      const next = this.earliestDue(time);
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = time;
  }

  private earliestDue(time: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.at <= time && (!earliest || timer.at < earliest.at)) earliest = timer;
    }
    return earliest;
  }
}

/** A clock that stands at no time would have nothing come due, and say nothing. */
function checkMilliseconds(value: unknown, what: string): void {
  if (Number.isFinite(value)) return;
  throw new TypeError(
    `${what} is a number of milliseconds, such as Date.UTC(2027, 0, 1) or 60_000, not ${String(value)}.`,
  );
}
