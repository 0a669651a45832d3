import { Abortable } from '../../abortable.js';
import { LogLimit } from '../../log-limit.js';
import type { Delivery } from '../../task-engine.js';
import type { TaskLog, TaskProgress } from '../../task.js';
import type { ClaimedTask } from '../statements/claim-tasks.js';

export type NewLog = Omit<TaskLog, 'attempt'>;

/** Where what handlers report is taken. */
export interface ReportDesk {
  now(): number;
  /** There is something that is not yet stored. */
  report(running: RunningTask): void;
}

/** A task in this process's hands, from its claim to the end of its attempt. */
export class RunningTask extends Abortable implements Delivery {
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
    private readonly desk: ReportDesk,
  ) {
    super();
  }

  progress(progress: TaskProgress): void {
    this.pendingProgress = progress;
    this.desk.report(this);
  }

  log(message: string): void {
    const line = this.logLimit.next(message);
    if (line === null) return;
    this.pendingLogs.push({ at: this.desk.now(), message: line });
    this.desk.report(this);
  }
}
