import { TaskAbortedError, type AbortCause, type Delivery } from './task-engine.js';

/**
 * A delivery that may be aborted, and why: the first cause stands. The signal is made when somebody asks for it; most
 * handlers never do.
 */
export class Abortable implements Required<Pick<Delivery, 'signal' | 'whenAborted'>> {
  private controller: AbortController | null = null;
  private reason: TaskAbortedError | null = null;
  private listener: ((reason: unknown) => void) | null = null;

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Null while it was not aborted. */
  get abortedBy(): AbortCause | null {
    return this.reason?.reason ?? null;
  }

  whenAborted(listener: (reason: unknown) => void): void {
    this.listener = listener;
    if (this.reason) listener(this.reason);
  }

  abort(cause: AbortCause, message: string): void {
    if (this.reason) return;
    this.reason = new TaskAbortedError(cause, message);
    this.controller?.abort(this.reason);
    this.listener?.(this.reason);
  }
}
