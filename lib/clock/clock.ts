/** Undoes what {@link Clock.schedule} set up. Calling it twice is harmless. */
export type CancelTimer = () => void;

/**
 * The one source of time for everything a task's state depends on: due times, backoff, timeouts, cron ticks,
 * retention. Inject another one through the module option `clock`, so that tests move time instead of waiting for it.
 *
 * Liveness of other processes (heartbeats) is measured in real time and does not use it.
 */
export interface Clock {
  /** Now, in UTC milliseconds since the epoch. */
  now(): number;
  /**
   * Calls `callback` once when `delay` milliseconds have passed on this clock.
   * A delay may be of any length: longer than the 24.8 days that `setTimeout` takes.
   */
  schedule(delay: number, callback: () => void): CancelTimer;
  /**
   * Calls `callback` once when this clock shows `time` (UTC milliseconds) or later, also where it jumps there: soon after
   * the machine wakes up, or its clock is set ahead. Without it `schedule` is used, which is right for a clock that
   * does not jump.
   */
  scheduleAt?(time: number, callback: () => void): CancelTimer;
}

/** Calls `callback` once when `clock` shows `time` or later. */
export function whenItIs(clock: Clock, time: number, callback: () => void): CancelTimer {
  return clock.scheduleAt?.(time, callback) ?? clock.schedule(time - clock.now(), callback);
}
