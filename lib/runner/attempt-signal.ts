import type { CancelTimer, Clock } from '../clock/index.js';
import { TaskAbortedError, type AbortCause } from '../engine/index.js';
import { timeoutMessage } from './timeout-error.js';

/** How long a handler whose signal was aborted is still waited for. */
export const ABORT_GRACE_MS = 5_000;

/**
 * The signal that a handler sees: the delivery's, and the attempt's own timeout.
 *
 * running --(engine aborts: cancelled, shutdown, lease-lost | timeout)--> aborted --(grace is over)--> abandoned
 *
 * The first cause stands, but `cancelled` and `lease-lost` overrule a timeout: what a person decided, or another process
 * owns, is not retried.
 */
export class AttemptSignal {
  readonly signal: AbortSignal;
  private readonly timers: CancelTimer[] = [];
  private readonly controller: AbortController | null;
  private timedOut = false;
  private onAbandon: (() => void) | null = null;

  /** @param timeout milliseconds, null for none */
  constructor(
    private readonly delivered: AbortSignal,
    timeout: number | null,
    private readonly clock: Clock,
  ) {
    // Without a timeout there is nothing to combine.
    this.controller = timeout === null ? null : new AbortController();
    this.signal = this.controller?.signal ?? delivered;
    if (delivered.aborted) this.aborted();
    else delivered.addEventListener('abort', this.aborted);
    if (timeout === null || delivered.aborted) return;
    this.timers.push(
      clock.schedule(timeout, () => {
        if (this.signal.aborted) return;
        this.timedOut = true;
        this.controller?.abort(new TaskAbortedError('timeout', timeoutMessage(timeout)));
        this.startGrace();
      }),
    );
  }

  /** Why it was aborted; null while it was not. */
  get cause(): AbortCause | null {
    const delivered = this.delivered.aborted ? causeOf(this.delivered.reason) : null;
    if (this.timedOut && delivered !== 'cancelled' && delivered !== 'lease-lost') return 'timeout';
    return delivered;
  }

  /** Resolves to `work`'s value, or to `abandoned` when it has not settled within the grace after an abort. */
  waitFor<T, A>(work: Promise<T>, abandoned: A): Promise<T | A> {
    return new Promise((resolve, reject) => {
      this.onAbandon = () => resolve(abandoned);
      work.then(resolve, reject);
    });
  }

  dispose(): void {
    this.delivered.removeEventListener('abort', this.aborted);
    for (const cancel of this.timers) cancel();
  }

  private readonly aborted = (): void => {
    this.controller?.abort(this.delivered.reason);
    this.startGrace();
  };

  private startGrace(): void {
    this.timers.push(this.clock.schedule(ABORT_GRACE_MS, () => this.onAbandon?.()));
  }
}

/** Any other reason than the port's is taken for a shutdown: the task is handed back and nothing is lost. */
function causeOf(reason: unknown): AbortCause {
  return reason instanceof TaskAbortedError ? reason.reason : 'shutdown';
}
