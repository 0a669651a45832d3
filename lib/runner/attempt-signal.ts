import type { CancelTimer, Clock } from '../clock/index.js';
import { TaskAbortedError, type AbortCause, type Delivery } from '../engine/index.js';
import { timeoutMessage } from './timeout-error.js';

/** How long a handler whose signal was aborted is still waited for. */
export const ABORT_GRACE_MS = 5_000;

/**
 * The signal that a handler sees: the delivery's, and the attempt's own timeout. Made when somebody asks for it.
 *
 * running --(engine aborts: cancelled, shutdown, lease-lost | timeout)--> aborted --(grace is over)--> abandoned
 *
 * The first cause stands, but `cancelled` and `lease-lost` overrule a timeout: what a person decided, or another process
 * owns, is not retried.
 */
export class AttemptSignal {
  private timers: CancelTimer[] | null = null;
  private controller: AbortController | null = null;
  /** What it was aborted for first. */
  private abortion: { readonly reason: unknown } | null = null;
  private byEngine: AbortCause | null = null;
  private timedOut = false;
  private disposed = false;
  private onAbort: (() => void) | null = null;

  /**
   * @param timeout milliseconds, null for none
   * @param attempt is given up when it has not ended within the grace after an abort
   */
  constructor(
    private readonly delivery: Delivery,
    private readonly timeout: number | null,
    private readonly clock: Clock,
    private readonly attempt: { abandon(): void },
  ) {
    if (delivery.whenAborted) delivery.whenAborted((reason) => this.abortedByEngine(reason));
    else if (delivery.signal.aborted) this.abortedByEngine(delivery.signal.reason);
    else {
      this.onAbort = () => this.abortedByEngine(delivery.signal.reason);
      delivery.signal.addEventListener('abort', this.onAbort);
    }
    if (timeout !== null && !this.aborted) this.schedule(timeout, () => this.timeOut(timeout));
  }

  get signal(): AbortSignal {
    // Without a timeout there is nothing to combine.
    if (this.timeout === null) return this.delivery.signal;
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.abortion) this.controller.abort(this.abortion.reason);
    }
    return this.controller.signal;
  }

  get aborted(): boolean {
    return this.abortion !== null;
  }

  /** Why it was aborted; null while it was not. */
  get cause(): AbortCause | null {
    if (this.timedOut && this.byEngine !== 'cancelled' && this.byEngine !== 'lease-lost') return 'timeout';
    return this.byEngine;
  }

  dispose(): void {
    this.disposed = true;
    if (this.onAbort) this.delivery.signal.removeEventListener('abort', this.onAbort);
    if (this.timers) for (const cancel of this.timers) cancel();
  }

  private abortedByEngine(reason: unknown): void {
    if (this.disposed) return;
    this.byEngine = causeOf(reason);
    this.abort(reason);
  }

  private timeOut(timeout: number): void {
    if (this.aborted) return;
    this.timedOut = true;
    this.abort(new TaskAbortedError('timeout', timeoutMessage(timeout)));
  }

  private abort(reason: unknown): void {
    if (!this.abortion) {
      this.abortion = { reason };
      this.controller?.abort(reason);
    }
    this.schedule(ABORT_GRACE_MS, () => this.attempt.abandon());
  }

  private schedule(delay: number, action: () => void): void {
    (this.timers ??= []).push(this.clock.schedule(delay, action));
  }
}

/** Any other reason than the port's is taken for a shutdown: the task is handed back and nothing is lost. */
function causeOf(reason: unknown): AbortCause {
  return reason instanceof TaskAbortedError ? reason.reason : 'shutdown';
}
