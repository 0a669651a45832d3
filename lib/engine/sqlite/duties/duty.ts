import { messageOf } from '../../../errors/index.js';
import type { CancelTimer, Clock } from '../../../clock/index.js';
import type { EngineLogger } from '../../task-engine.js';

/** After a round that failed: the store may be locked or the disk full, and will be well again. */
const RETRY_AFTER_FAULT_MS = 1_000;

/**
 * Something that the engine does when its time comes. A duty does one bounded round at a time and says when the next
 * one is due; `expect` brings that forward.
 *
 *     asleep ──its time, or expect()──> round under way ──> asleep until the time that the round returned
 */
export abstract class Duty {
  private cancel?: CancelTimer;
  private wakeAt = Infinity;
  private round: Promise<void> | null = null;
  private stopped = true;

  constructor(
    protected readonly clock: Clock,
    private readonly logger: EngineLogger,
  ) {}

  /** Does one round; resolves to the time at which the next is due, or to null when only `expect` can tell. */
  protected abstract run(): Promise<number | null>;

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.expect(this.clock.now());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.round;
  }

  /** There will be something to do at `time`. */
  expect(time: number): void {
    if (this.stopped || time >= this.wakeAt) return;
    this.wakeAt = time;
    this.cancel?.();
    const delay = time - this.clock.now();
    // What is due already does not wait for a clock that may stand still.
    if (delay > 0) this.cancel = this.clock.schedule(delay, () => this.begin());
    else this.cancel = soon(() => this.begin());
  }

  private begin(): void {
    // A round that is under way looks again when it is done: `wakeAt` is kept.
    if (this.round || this.stopped) return;
    this.wakeAt = Infinity;
    this.round = this.attempt().then((next) => {
      this.round = null;
      const expected = this.wakeAt;
      this.wakeAt = Infinity;
      const time = Math.min(expected, next ?? Infinity);
      if (time < Infinity) this.expect(time);
    });
  }

  private async attempt(): Promise<number | null> {
    try {
      return await this.run();
    } catch (error) {
      if (this.stopped) return null;
      this.logger.error(`${this.constructor.name}: ${messageOf(error)}`);
      return this.clock.now() + RETRY_AFTER_FAULT_MS;
    }
  }
}

function soon(callback: () => void): CancelTimer {
  const handle = setImmediate(callback);
  return () => clearImmediate(handle);
}
