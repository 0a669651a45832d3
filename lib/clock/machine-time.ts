import { performance } from 'node:perf_hooks';
import * as timers from 'node:timers';
import * as promises from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import type { CancelTimer, Clock } from './clock.js';

/*
 * Time and timers of the machine, taken when the library is loaded. The rest of the library has them from here, so that
 * fake timers of an app's tests, which take the place of the global ones, stop neither workers nor a shutdown.
 */

/** `setTimeout` fires at once beyond this delay (a signed 32-bit integer of milliseconds). */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** How late a jump of the clock may be noticed: timers go by a steady clock, which knows nothing of it. */
const MAX_SLEEP_MS = 1_000;

/** The global `Date` may be a fake one already; V8 makes real ones. */
const { now } = (deserialize(serialize(new Date(0))) as Date).constructor as DateConstructor;

/** Now, by the machine's clock, which may be set: UTC milliseconds. */
export function wallTime(): number {
  return now();
}

/** Milliseconds of a steady clock, which only goes forward; since when is unspecified. */
export function monotonicTime(): number {
  return performance.now();
}

const { nextTick, hrtime } = process;

/** As {@link monotonicTime}, on a clock that all threads of the process share. */
export function timeOfProcess(): number {
  return Number(hrtime.bigint()) / 1e6;
}

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = timers;

/** Resolves after so many milliseconds. */
export const sleep = promises.setTimeout;

/** Resolves in the next turn of the event loop. */
export const turn = promises.setImmediate;

export function queueMicrotask(callback: () => void): void {
  void Promise.resolve().then(callback);
}

/** Calls `callback` when all that the present callback has set off is done, and before the event loop's next one. */
export function afterThisCallback(callback: () => void): void {
  nextTick(callback);
}

/**
 * Calls `onSetBack` soon after a clock was set back by a second or more, until it is cancelled. It goes by a steady clock,
 * and keeps no process alive.
 */
export function watchForSetBack(clock: Pick<Clock, 'now'>, onSetBack: () => void): CancelTimer {
  let before = clock.now();
  const timer = setInterval(() => {
    const time = clock.now();
    if (time <= before - 1_000) onSetBack();
    before = time;
  }, MAX_SLEEP_MS).unref();
  return () => clearInterval(timer);
}

/** The machine's own clock. Its timers do not keep a process alive: open servers and workers do. */
export class SystemClock implements Clock {
  now(): number {
    return wallTime();
  }

  schedule(delay: number, callback: () => void): CancelTimer {
    let timer: NodeJS.Timeout;
    const arm = (remaining: number): void => {
      const step = Math.min(Math.max(remaining, 0), MAX_TIMEOUT_MS);
      timer = setTimeout(() => (remaining > step ? arm(remaining - step) : callback()), step);
      timer.unref();
    };
    arm(delay);
    return () => clearTimeout(timer);
  }

  scheduleAt(time: number, callback: () => void): CancelTimer {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const step = Math.min(Math.max(time - this.now(), 0), MAX_SLEEP_MS);
      timer = setTimeout(() => (this.now() < time ? arm() : callback()), step);
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  }
}

/** Whether a clock shows the machine's time. One that extends {@link SystemClock}, or was changed, may show another. */
export function isMachineClock(clock: Clock): boolean {
  return Object.getPrototypeOf(clock) === SystemClock.prototype && Object.keys(clock).length === 0;
}
