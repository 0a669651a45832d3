import { setTimeout } from '../../../clock/index.js';
import { messageOf, type TaskProgress } from '../../../contract/index.js';
import type { EngineLogger } from '../../port/index.js';
import { saveReports } from '../sql/save-reports.js';
import type { Writer } from '../store/writer.js';
import type { HeldTask, NewLog } from './completer.js';

/** Progress and logs are stored together, at most this late. */
const REPORT_EVERY_MS = 200;
/** After the store refused to take them (a full disk, say). */
const RETRY_AFTER_FAULT_MS = 1_000;

/** What a task has said since that was stored last. */
interface Report {
  readonly running: HeldTask;
  readonly progress: TaskProgress | null;
  readonly logs: readonly NewLog[];
}

/** Stores the progress and the logs of running tasks, those of all tasks together. */
export class Reporter {
  /** Tasks with a report that is not yet stored. One that ends is taken out: its outcome takes the report along. */
  readonly unsaved = new Set<HeldTask>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly logger: EngineLogger,
    private readonly writer: Writer,
  ) {}

  report(running: HeldTask): void {
    this.unsaved.add(running);
    this.timer ??= setTimeout(() => this.save(), REPORT_EVERY_MS).unref();
  }

  private save(): void {
    this.timer = undefined;
    const reports = [...this.unsaved].map((running) => {
      const report = { running, progress: running.pendingProgress, logs: running.pendingLogs };
      running.pendingProgress = null;
      running.pendingLogs = [];
      return report;
    });
    this.unsaved.clear();
    if (reports.length === 0) return;
    this.writer
      .write((transaction) => {
        for (const { running, progress, logs } of reports) saveReports(transaction, running.task, progress, logs);
      })
      .catch((error: unknown) => this.saveAgain(reports, error));
  }

  /** The disk may be full for a while. What has ended meanwhile takes along what it has said, in the same list. */
  private saveAgain(reports: readonly Report[], error: unknown): void {
    if (this.writer.isClosed) return;
    this.logger.error(`Progress and logs were not stored, trying on: ${messageOf(error)}`);
    for (const { running, progress, logs } of reports) {
      running.pendingLogs.unshift(...logs);
      running.pendingProgress ??= progress;
      if (running.endedAt === null) this.unsaved.add(running);
    }
    this.timer ??= setTimeout(() => this.save(), RETRY_AFTER_FAULT_MS).unref();
  }
}
