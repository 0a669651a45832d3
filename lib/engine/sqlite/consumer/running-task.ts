import { TaskAbortedError, type AbortCause, type Delivery } from '../../task-engine.js';
import type { TaskLog, TaskProgress } from '../../task.js';
import type { ClaimedTask } from '../statements/claim-tasks.js';

/** Beyond this many lines an attempt's log takes no more: a handler that floods it must not fill the disk. */
const MOST_LOG_LINES = 1_000;

export type NewLog = Omit<TaskLog, 'attempt'>;

/** A task in this process's hands, from its claim to the end of its attempt. */
export class RunningTask implements Delivery {
  private readonly controller = new AbortController();
  private lines = 0;
  /** On the process's steady clock. */
  readonly claimedAt = performance.now();
  /** When the handler was called; null while the task waits for a free worker. */
  startedAt: number | null = null;
  /** Not yet stored. */
  pendingProgress: TaskProgress | null = null;
  pendingLogs: NewLog[] = [];

  constructor(
    readonly task: ClaimedTask,
    private readonly now: () => number,
    private readonly onReport: (running: RunningTask) => void,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get abortedBy(): AbortCause | null {
    return this.signal.aborted ? (this.signal.reason as TaskAbortedError).reason : null;
  }

  abort(cause: AbortCause, message: string): void {
    if (!this.signal.aborted) this.controller.abort(new TaskAbortedError(cause, message));
  }

  progress(progress: TaskProgress): void {
    this.pendingProgress = progress;
    this.onReport(this);
  }

  log(message: string): void {
    this.lines += 1;
    if (this.lines > MOST_LOG_LINES) return;
    const last = this.lines === MOST_LOG_LINES;
    this.pendingLogs.push({
      at: this.now(),
      message: last ? `Further lines are left out (limit: ${MOST_LOG_LINES})` : message,
    });
    this.onReport(this);
  }
}
