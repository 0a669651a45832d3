import { sleep } from '../../../clock/index.js';
import {
  messageOf,
  StoreError,
  type TaskAbortedError,
  type TaskLog,
  type TaskProgress,
} from '../../../contract/index.js';
import { ofCancelled } from '../../common/index.js';
import type { Delivery, EngineContext, Outcome } from '../../port/index.js';
import type { StartNotes } from '../process/starts.js';
import type { ClaimedTask } from '../sql/claim-tasks.js';
import { completeTasks, type Completion, type Timing } from '../sql/end-tasks.js';
import { finishAttempt } from '../sql/finish-attempt.js';
import { saveReports } from '../sql/save-reports.js';
import { giveBackPlaces, noteStart } from '../sql/start-log.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';

/** Attempts that are ended by one operation at most, so that the writer can let other work in between. */
const MAX_TOGETHER = 200;
/** After the store refused to take an outcome (a full disk, say). */
const RETRY_AFTER_FAULT_MS = 1_000;

export type NewLog = Omit<TaskLog, 'attempt'>;

/** Where what handlers report is taken. */
export interface ReportDesk {
  now(): number;
  /** There is something that is not yet stored. */
  report(running: HeldTask): void;
  /** Its handler has been called, and that counts in a limit. */
  called(running: HeldTask): void;
}

/** A task in this process's hands, from its claim to the end of its attempt. */
export class HeldTask implements Delivery {
  aborted: TaskAbortedError | null = null;
  onAbort: Delivery['onAbort'] = null;
  /** When the handler was called; null while the task waits for a free worker. */
  startedAt: number | null = null;
  /** When the attempt ended; null while it has not. */
  endedAt: number | null = null;
  /** When the handler had been called, at the latest; null while it was not, and where no limit counts it. */
  calledAt: number | null = null;
  /** The handler is called in a later turn than that in which the attempt was handed over. */
  private isCalledLater = false;
  /** Where its start is noted for others to read; null while it has not begun, and where nothing is noted. */
  begun: { readonly starts: StartNotes; readonly place: number } | null = null;
  /** Not yet stored. */
  pendingProgress: TaskProgress | null = null;
  pendingLogs: NewLog[] = [];

  constructor(
    readonly task: ClaimedTask,
    private readonly desk: ReportDesk,
    /** On this thread's steady clock. */
    readonly claimedAt: number,
  ) {}

  startsLater(): () => void {
    this.isCalledLater = true;
    return () => this.noteCalled();
  }

  /** The attempt was handed over to be run. */
  handedOver(): void {
    if (this.task.limits && !this.isCalledLater) this.noteCalled();
  }

  private noteCalled(): void {
    if (!this.task.limits || this.calledAt !== null) return;
    this.calledAt = this.desk.now();
    this.desk.called(this);
  }

  progress(progress: TaskProgress): void {
    this.reported(progress, []);
  }

  log(message: string): void {
    this.reported(null, [{ at: this.desk.now(), message }]);
  }

  /** @param progress null: as it was */
  reported(progress: TaskProgress | null, logs: readonly NewLog[]): void {
    if (progress) this.pendingProgress = progress;
    this.pendingLogs.push(...logs);
    this.desk.report(this);
  }
}

/** How an attempt ended, on its way into the store. */
interface Ending {
  readonly running: HeldTask;
  readonly task: ClaimedTask;
  readonly outcome: Outcome;
  readonly timing: Timing;
  readonly progress: TaskProgress | null;
  readonly logs: readonly NewLog[];
  readonly onStored: () => void;
}

/**
 * Stores how attempts ended: those that end in one turn of the event loop by the same statements. What the store does not
 * take is tried again until it does, as a handler that is done must not run again for that.
 *
 *     settle() ──> open, with others ──the writer begins──> storing ──committed──> settled
 *                                                              │                      ▲
 *                                                              └──failed──> each alone┘ again and again
 */
export class Completer {
  private open: Ending[] | null = null;

  constructor(
    private readonly context: EngineContext,
    private readonly writer: Writer,
  ) {}

  /** @param onStored called when that is durable, when the lease was found lost, or when the writer is closed; must not throw */
  settle(running: HeldTask, outcome: Outcome, onStored: () => void): void {
    const batch = this.open && this.open.length < MAX_TOGETHER ? this.open : this.begin();
    batch.push({
      running,
      task: running.task,
      outcome,
      timing: { startedAt: running.startedAt, finishedAt: running.endedAt ?? this.context.clock.now() },
      progress: running.pendingProgress,
      logs: running.pendingLogs,
      onStored,
    });
  }

  private begin(): Ending[] {
    const batch: Ending[] = [];
    this.open = batch;
    this.writer
      .write((transaction) => {
        this.close(batch);
        return this.storeTogether(transaction, batch);
      })
      .then(
        (lost) => {
          for (const settlement of lost) this.warnOfLostLease(settlement);
          for (const { onStored } of batch) onStored();
        },
        (error: unknown) => {
          this.close(batch);
          // One of several was at fault.
          const known = batch.length === 1 || error instanceof StoreError;
          for (const settlement of batch) void this.storeAlone(settlement, known ? error : null);
        },
      );
    return batch;
  }

  private close(batch: Ending[]): void {
    if (this.open === batch) this.open = null;
  }

  /** Returns those whose lease had been lost. */
  private storeTogether(transaction: Transaction, batch: readonly Ending[]): Ending[] {
    const completions = batch.filter(isPlainCompletion);
    const lost: Ending[] = completeTasks(transaction, completions);
    for (const settlement of completions) {
      if (settlement.task.limits && !lost.includes(settlement)) settlePlaces(transaction, settlement);
    }
    // Nearly always: there is no need to go through all of them once more.
    if (completions.length === batch.length) return lost;
    const others = batch.filter((settlement) => !isPlainCompletion(settlement));
    return lost.concat(others.filter((settlement) => !this.store(transaction, settlement)));
  }

  /** Returns false where the lease had been lost. */
  private store(transaction: Transaction, settlement: Ending): boolean {
    const { task, outcome, timing, progress, logs } = settlement;
    if (progress || logs.length > 0) saveReports(transaction, task, progress, logs);
    const kept = finishAttempt(transaction, task, outcome, timing) || this.endCancelled(transaction, settlement);
    if (kept && task.limits) settlePlaces(transaction, settlement);
    return kept;
  }

  /** Where the outcome would have let a task run again, somebody may have cancelled it meanwhile. */
  private endCancelled(transaction: Transaction, { task, outcome, timing }: Ending): boolean {
    const ended = ofCancelled(outcome, this.context.keepFor(task.queue, 'cancelled'));
    return finishAttempt(transaction, task, ended, timing);
  }

  /** @param fault what was wrong with storing it before; null where it is not known that this one was at fault */
  private async storeAlone(settlement: Ending, fault: unknown): Promise<void> {
    let isTold = false;
    while (!this.writer.isClosed) {
      if (fault !== null) {
        // Not a fault of the store that passes: trying on would leave the task running for ever.
        if (!(fault instanceof StoreError)) settlement = this.unstorable(settlement, fault);
        if (!isTold) this.reportFault(settlement, fault);
        isTold = true;
        await sleep(RETRY_AFTER_FAULT_MS, undefined, { ref: false });
      }
      fault = await this.tryToStore(settlement);
      if (fault === null) break;
    }
    settlement.onStored();
  }

  /** Returns what was wrong. */
  private async tryToStore(settlement: Ending): Promise<unknown> {
    try {
      const kept = await this.writer.write((transaction) => this.store(transaction, settlement));
      if (!kept) this.warnOfLostLease(settlement);
      return null;
    } catch (error) {
      return error;
    }
  }

  private unstorable(settlement: Ending, error: unknown): Ending {
    const { task, outcome } = settlement;
    const message = `How the attempt ended could not be stored: ${messageOf(error)}`;
    const keepFor = this.context.keepFor(task.queue, 'failed');
    const failed = { name: 'OutcomeNotStoredError', message };
    return { ...settlement, outcome: { kind: 'failed', maxAttempts: outcome.maxAttempts, keepFor, error: failed } };
  }

  private reportFault({ task }: Ending, error: unknown): void {
    this.context.logger.error(`Cannot store how task ${task.id} ended, trying on: ${String(error)}`);
  }

  private warnOfLostLease({ running, task }: Ending): void {
    if (running.aborted?.reason === 'lease-lost') return;
    this.context.logger.warn(
      `Attempt ${task.attempt} of task ${task.id} (${task.name}) ended after its lease was lost: its outcome was dropped`,
    );
  }
}

/** What was not called gives its places back; what was counts from then, or from its end where that is not known. */
function settlePlaces(transaction: Transaction, { running, task, outcome, timing }: Ending): void {
  const calledAt = timing.startedAt === null ? null : running.calledAt;
  if (isUncalled(outcome, calledAt)) {
    giveBackPlaces(transaction, task);
    // Whoever waits for a place looks again.
    transaction.available.add(task.queue);
  } else noteStart(transaction, task, task.limits!, calledAt ?? timing.finishedAt);
}

function isUncalled(outcome: Outcome, calledAt: number | null): boolean {
  if (outcome.kind === 'cancelled') return outcome.reason === 'expired';
  return outcome.kind === 'declined' || (outcome.kind === 'released' && calledAt === null);
}

/** One that is stored as all of its kind are. */
function isPlainCompletion(settlement: Ending): settlement is Ending & Completion {
  const { outcome, timing, progress, logs } = settlement;
  if (outcome.kind !== 'completed' || outcome.result || outcome.followUps) return false;
  return timing.startedAt !== null && progress === null && logs.length === 0;
}
