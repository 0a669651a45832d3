import type { Change } from './connection.js';
import type { View } from './view.js';

/** However many changes come, a view is read anew at most this often because of them. */
const MIN_INTERVAL_MS = 1_000;
/** A read that takes the app long is made seldom: it waits for so many times as long as the last one took. */
const PAUSE_PER_READ = 5;

/**
 * Reads one view anew: once at a time, once for any number of changes that came meanwhile, and not while nobody sees the
 * page. The last change is always shown.
 */
export class Refresher {
  private running: Promise<unknown> | null = null;
  private timer = 0;
  private finishedAt = 0;
  private took = 0;
  private change: Change | null = null;
  private isStopped = false;

  /** @param onError called with what went wrong, and with null when it went well */
  constructor(
    private readonly view: View,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Because something changed. */
  soon(change: Change): void {
    this.change = change;
    if (this.timer !== 0 || this.running || document.hidden || this.isStopped) return;
    const pause = Math.max(MIN_INTERVAL_MS, this.took * PAUSE_PER_READ);
    const wait = Math.max(0, this.finishedAt + pause - performance.now());
    this.timer = window.setTimeout(() => void this.run(), wait);
  }

  /** The page is seen again. */
  wake(): void {
    if (this.change) this.soon(this.change);
  }

  /** Because a person asked for it. Resolves to what went wrong, or null. */
  async now(): Promise<unknown> {
    await this.running;
    this.change = null;
    return this.run();
  }

  /** Its view is gone. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private run(): Promise<unknown> {
    clearTimeout(this.timer);
    this.timer = 0;
    const { change } = this;
    this.change = null;
    if (this.running) return this.running;
    const startedAt = performance.now();
    this.running = this.read(change).finally(() => {
      this.running = null;
      this.finishedAt = performance.now();
      this.took = this.finishedAt - startedAt;
      this.wake();
    });
    return this.running;
  }

  private async read(change: Change | null): Promise<unknown> {
    try {
      await this.view.refresh(change);
      if (!this.isStopped) this.onError(null);
      return null;
    } catch (error) {
      if (!this.isStopped) this.onError(error);
      return error;
    }
  }
}
