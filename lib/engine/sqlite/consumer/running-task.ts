import { LogLimit } from '../../log-limit.js';
import { TaskAbortedError, type AbortCause, type Delivery } from '../../task-engine.js';
import type { TaskLog, TaskProgress } from '../../task.js';
import type { ClaimedTask } from '../statements/claim-tasks.js';

export type NewLog = Omit<TaskLog, 'attempt'>;

/** A task in this process's hands, from its claim to the end of its attempt. */
export class RunningTask implements Delivery {
  private controller: AbortController | null = null;
  private abortion: TaskAbortedError | null = null;
  private listener: ((reason: unknown) => void) | null = null;
  private readonly logLimit = new LogLimit();
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
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.abortion) this.controller.abort(this.abortion);
    }
    return this.controller.signal;
  }

  /** Null while it was not aborted. */
  get abortedBy(): AbortCause | null {
    return this.abortion?.reason ?? null;
  }

  whenAborted(listener: (reason: unknown) => void): void {
    this.listener = listener;
    if (this.abortion) listener(this.abortion);
  }

  abort(cause: AbortCause, message: string): void {
    if (this.abortion) return;
    this.abortion = new TaskAbortedError(cause, message);
    this.controller?.abort(this.abortion);
    this.listener?.(this.abortion);
  }

  progress(progress: TaskProgress): void {
    this.pendingProgress = progress;
    this.onReport(this);
  }

  log(message: string): void {
    const line = this.logLimit.next(message);
    if (line === null) return;
    this.pendingLogs.push({ at: this.now(), message: line });
    this.onReport(this);
  }
}
