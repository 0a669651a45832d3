import { clearInterval, monotonicTime, setInterval } from '../clock/index.js';

const TICK_MS = 250;

/** How long this process's event loop has stood still at a stretch. Keeps no process alive. */
export class LoopWatch {
  private longest = 0;
  private last = monotonicTime();
  private readonly timer = setInterval(() => this.tick(), TICK_MS);

  constructor() {
    this.timer.unref();
  }

  /** The longest since the last call, in milliseconds. */
  take(): number {
    this.tick();
    const { longest } = this;
    this.longest = 0;
    return longest;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = monotonicTime();
    this.longest = Math.max(this.longest, now - this.last - TICK_MS);
    this.last = now;
  }
}
