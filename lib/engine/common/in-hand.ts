import { inCleanContext } from '../../context/index.js';
import { type AbortCause, TaskAbortedError } from '../../contract/index.js';
import { CLOSING_GRACE_MS, type Delivery } from '../port/index.js';
import { isInTime } from './in-time.js';

/** An attempt that may be aborted. */
export interface Abortable extends Pick<Delivery, 'onAbort'> {
  aborted: Delivery['aborted'];
}

/** Aborts an attempt. The first cause stands. */
export function abort(attempt: Abortable, cause: AbortCause, message: string): void {
  if (attempt.aborted) return;
  const reason = (attempt.aborted = new TaskAbortedError(cause, message));
  // Listeners that the handler left with its signal are called here, whoever aborts it.
  inCleanContext(() => attempt.onAbort?.(reason));
}

/** The attempts that a consumer has in hand, and how they are brought to an end: the same on every engine. */
export class InHand<Attempt extends Abortable> {
  private readonly attempts = new Set<Attempt>();
  private readonly idle: Array<() => void> = [];

  get size(): number {
    return this.attempts.size;
  }

  [Symbol.iterator](): Iterator<Attempt> {
    return this.attempts.values();
  }

  add(attempt: Attempt): void {
    this.attempts.add(attempt);
  }

  /** Returns false where it was not in hand any more. */
  delete(attempt: Attempt): boolean {
    const wasThere = this.attempts.delete(attempt);
    if (this.idle.length > 0 && this.attempts.size === 0) for (const tell of this.idle.splice(0)) tell();
    return wasThere;
  }

  /**
   * Waits until all have ended, for `grace` milliseconds; aborts those that are left, and waits for them. Resolves to the
   * attempts that have not ended by then, which are the caller's to hand back.
   */
  async drain(grace: number, afterAbort = CLOSING_GRACE_MS): Promise<readonly Attempt[]> {
    await this.untilIdle(grace);
    for (const attempt of this.attempts) abort(attempt, 'shutdown', 'The process shuts down.');
    await this.untilIdle(afterAbort);
    return [...this.attempts];
  }

  private async untilIdle(patience: number): Promise<void> {
    if (this.attempts.size === 0 || patience === 0) return;
    await isInTime(new Promise<void>((resolve) => this.idle.push(resolve)), patience);
  }
}
