import type { CancelTimer, Clock } from './clock.js';

/** `setTimeout` fires at once beyond this delay (a signed 32-bit integer of milliseconds). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock. Its timers do not keep a process alive: open servers and workers do. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  schedule(delay: number, callback: () => void): CancelTimer {
    let timer: NodeJS.Timeout;
    const arm = (remaining: number): void => {
      const step = Math.min(Math.max(remaining, 0), LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => (remaining > step ? arm(remaining - step) : callback()), step);
      timer.unref();
    };
    arm(delay);
    return () => clearTimeout(timer);
  }
}
