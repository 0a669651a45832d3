import { performance } from 'node:perf_hooks';
import { vi } from 'vitest';

/**
 * Has the steady clock stand still until the test moves it. Fake timers would not do: they take the place of the global
 * `performance`, and the library has its own hold of it.
 */
export class StoppedTime {
  /** A whole number, so that what is added to it can be taken away again. */
  private now = Math.ceil(performance.now());
  private readonly spy = vi.spyOn(performance, 'now').mockImplementation(() => this.now);

  advance(milliseconds: number): void {
    this.now += milliseconds;
  }

  goOn(): void {
    this.spy.mockRestore();
  }
}
