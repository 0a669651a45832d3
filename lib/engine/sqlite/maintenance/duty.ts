import { messageOf } from '../../../contract/index.js';
import { type CancelTimer, clearImmediate, type Clock, setImmediate, turn, whenItIs } from '../../../clock/index.js';
import type { EngineLogger } from '../../port/index.js';
import type { CommitListener, Committed } from '../store/transaction.js';

/** After a round that failed: the store may be locked or the disk full, and will be well again. */
const RETRY_AFTER_FAULT_MS = 1_000;

/**
 * Something that the engine does when its time comes. A duty does one bounded round at a time and says when the next
 * one is due; `expect` brings that forward.
 *
 *     asleep ──its time, or expect()──> round under way ──> asleep until the time that the round returned
 */
export abstract class Duty implements CommitListener {
  /** Begins its lines in the log. Written out in each class: a bundler that minifies changes the names of classes. */
  protected abstract readonly name: string;
  private cancel?: CancelTimer;
  private wakeAt = Infinity;
  /** It begins in the next turn of the event loop. */
  private imminent = false;
  private round: Promise<void> | null = null;
  private stopped = true;

  constructor(
    protected readonly clock: Clock,
    private readonly logger: EngineLogger,
  ) {}

  /** Does one round; resolves to the time at which the next is due, or to null when only `expect` can tell. */
  protected abstract run(): Promise<number | null>;

  start(): void {
    this.startAt(this.clock.now());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.round;
  }

  /** Whether a round is under way, or begins in the next turn of the event loop. */
  get isBusy(): boolean {
    return !this.stopped && (this.round !== null || this.imminent);
  }

  /** Resolves when nothing is left to do at the present time. */
  async rest(): Promise<void> {
    while (this.isBusy) await (this.round ?? turn());
  }

  /** @param time of the first round; Infinity: only `expect` can tell */
  protected startAt(time: number): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.expect(time);
  }

  /** There will be something to do at `time`; Infinity: nothing that is known of. */
  expect(time: number): void {
    const now = this.clock.now();
    // A time that has passed without a round is due: its timer is late, or the clock has jumped.
    const wakeAt = Math.min(time, this.wakeAt);
    if (this.stopped || (wakeAt === this.wakeAt && (wakeAt > now || this.imminent))) return;
    this.wakeAt = wakeAt;
    this.imminent = wakeAt <= now;
    this.cancel?.();
    // A task that is due already does not wait for a clock that may stand still.
    if (wakeAt > now) this.cancel = whenItIs(this.clock, wakeAt, () => this.begin());
    else this.cancel = soon(() => this.begin());
  }

  committed({ dueAt }: Committed): void {
    if (dueAt < Infinity) this.expect(dueAt);
  }

  private begin(): void {
    this.imminent = false;
    // A round that is under way looks again when it is done: `wakeAt` is kept.
    if (this.round || this.stopped) return;
    this.wakeAt = Infinity;
    this.round = this.attempt().then((next) => {
      this.round = null;
      const expected = this.wakeAt;
      this.wakeAt = Infinity;
      this.expect(Math.min(expected, next ?? Infinity));
    });
  }

  private async attempt(): Promise<number | null> {
    try {
      return await this.run();
    } catch (error) {
      if (this.stopped) return null;
      this.logger.error(`${this.name}: ${messageOf(error)}`);
      return this.clock.now() + RETRY_AFTER_FAULT_MS;
    }
  }
}

function soon(callback: () => void): CancelTimer {
  const handle = setImmediate(callback);
  return () => clearImmediate(handle);
}
