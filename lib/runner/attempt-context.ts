import type { Delivery } from '../engine/index.js';
import type { Redact } from '../params/index.js';
import type { TaskDispatcher } from '../dispatcher/index.js';
import type { AttemptSignal } from './attempt-signal.js';
import { capped } from './capped-text.js';
import type { TaskContext } from './task-context.js';

const LONGEST_LOG = 8 * 1024;
const LONGEST_PROGRESS_MESSAGE = 1_000;
/** Lines of one attempt: a handler that logs every row of a million must not fill the store. */
const MOST_LOGS = 1_000;

/** The context of one attempt. After its end, what a handler that was left behind still says is ignored. */
export class AttemptContext implements TaskContext {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly attempt: number;
  readonly enqueuedAt: number;
  private logs = 0;
  private percent = 0;
  private ended = false;

  constructor(
    private readonly delivery: Delivery,
    readonly maxAttempts: number,
    private readonly attemptSignal: Pick<AttemptSignal, 'signal'>,
    readonly dispatcher: TaskDispatcher,
    private readonly redact: Redact,
  ) {
    const { id, queue, name, attempt, createdAt } = delivery.task;
    this.id = id;
    this.queue = queue;
    this.name = name;
    this.attempt = attempt;
    this.enqueuedAt = createdAt;
  }

  get signal(): AbortSignal {
    return this.attemptSignal.signal;
  }

  progress(percent: number, message?: string): void {
    if (this.ended) return;
    // A percentage of nothing (0 / 0) is no reason to fail an import of no rows.
    if (Number.isFinite(percent)) this.percent = Math.min(100, Math.max(0, percent));
    this.delivery.progress({
      percent: this.percent,
      ...(message != null && { message: this.text(message, LONGEST_PROGRESS_MESSAGE) }),
    });
  }

  log(message: string): void {
    if (this.ended || this.logs > MOST_LOGS) return;
    this.logs += 1;
    if (this.logs > MOST_LOGS) this.delivery.log(`Only the first ${MOST_LOGS} lines of an attempt are kept`);
    else this.delivery.log(this.text(message, LONGEST_LOG));
  }

  end(): void {
    this.ended = true;
  }

  private text(message: unknown, limit: number): string {
    return capped(this.redact(typeof message === 'string' ? message : shown(message)), limit);
  }
}

/** Whatever a handler without types hands in. */
function shown(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '[no text]';
  }
}
