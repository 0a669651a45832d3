import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError, messageOf } from '../../../errors/index.js';
import type { EngineContext, Outcome } from '../../task-engine.js';
import type { TaskProgress } from '../../task.js';
import type { ClaimedTask } from '../statements/claim-tasks.js';
import { completeTasks, type Completion } from '../statements/complete-tasks.js';
import { finishAttempt, finishCancelled, type Timing } from '../statements/finish-attempt.js';
import { saveReports } from '../statements/save-reports.js';
import type { Transaction } from '../transaction.js';
import type { Writer } from '../writer.js';
import type { NewLog, RunningTask } from './running-task.js';

/** Attempts that are ended by one operation at most, so that the writer can let other work in between. */
const MOST_TOGETHER = 200;
/** After the store refused to take an outcome (a full disk, say). */
const RETRY_AFTER_FAULT_MS = 1_000;

/** How an attempt ended, on its way into the store. */
interface Settlement {
  readonly running: RunningTask;
  readonly task: ClaimedTask;
  readonly outcome: Outcome;
  readonly timing: Timing;
  readonly progress: TaskProgress | null;
  readonly logs: readonly NewLog[];
  readonly onSettled: () => void;
}

/**
 * Stores how attempts ended: those that end in one turn of the event loop by the same statements. What the store does not
 * take is tried again until it does, as a handler that is done must not run again for that.
 *
 *     settle() ──> open, with others ──the writer begins──> storing ──committed──> settled
 *                                                              │                      ▲
 *                                                              └──failed──> each alone┘ again and again
 */
export class Settler {
  private open: Settlement[] | null = null;

  constructor(
    private readonly context: EngineContext,
    private readonly writer: Writer,
  ) {}

  /** @param onSettled called when that is durable, when the lease was found lost, or when the writer is closed; must not throw */
  settle(running: RunningTask, outcome: Outcome, onSettled: () => void): void {
    const batch = this.open && this.open.length < MOST_TOGETHER ? this.open : this.begin();
    batch.push({
      running,
      task: running.task,
      outcome,
      timing: { startedAt: running.startedAt, finishedAt: this.context.clock.now() },
      progress: running.pendingProgress,
      logs: running.pendingLogs,
      onSettled,
    });
  }

  private begin(): Settlement[] {
    const batch: Settlement[] = [];
    this.open = batch;
    this.writer
      .write((transaction) => {
        this.close(batch);
        return this.storeTogether(transaction, batch);
      })
      .then(
        (lost) => {
          for (const settlement of lost) this.warnOfLostLease(settlement);
          for (const { onSettled } of batch) onSettled();
        },
        (error: unknown) => {
          this.close(batch);
          // Of several, one was at fault.
          const known = batch.length === 1 || error instanceof StoreError;
          for (const settlement of batch) void this.storeAlone(settlement, known ? error : null);
        },
      );
    return batch;
  }

  private close(batch: Settlement[]): void {
    if (this.open === batch) this.open = null;
  }

  /** Returns those whose lease had been lost. */
  private storeTogether(transaction: Transaction, batch: readonly Settlement[]): Settlement[] {
    const completions = batch.filter(isPlainCompletion);
    const lost: Settlement[] = completeTasks(transaction, completions);
    if (completions.length === batch.length) return lost;
    const others = batch.filter((settlement) => !isPlainCompletion(settlement));
    return lost.concat(others.filter((settlement) => !this.store(transaction, settlement)));
  }

  /** Returns false where the lease had been lost. */
  private store(transaction: Transaction, settlement: Settlement): boolean {
    const { task, outcome, timing, progress, logs } = settlement;
    if (progress || logs.length > 0) saveReports(transaction, task, progress, logs);
    return finishAttempt(transaction, task, outcome, timing) || this.endCancelled(transaction, settlement);
  }

  /** The outcome would have let a task run again that somebody has cancelled meanwhile. */
  private endCancelled(transaction: Transaction, { task, outcome, timing }: Settlement): boolean {
    if (outcome.kind !== 'retry' && outcome.kind !== 'released') return false;
    const error = outcome.kind === 'retry' ? outcome.error : null;
    return finishCancelled(transaction, task, this.context.keepFor(task.queue, 'cancelled'), timing, error);
  }

  /** @param fault what was wrong with storing it before; null where it is not known that this one was at fault */
  private async storeAlone(settlement: Settlement, fault: unknown): Promise<void> {
    for (let faults = 0; !this.writer.isClosed;) {
      if (fault !== null) {
        // Not a fault of the store that passes: trying on would leave the task running for ever.
        if (!(fault instanceof StoreError)) settlement = this.unstorable(settlement, fault);
        if (faults === 0) this.reportFault(settlement, fault);
        faults += 1;
        await sleep(RETRY_AFTER_FAULT_MS, undefined, { ref: false });
      }
      fault = await this.tryToStore(settlement);
      if (fault === null) break;
    }
    settlement.onSettled();
  }

  /** Returns what was wrong. */
  private async tryToStore(settlement: Settlement): Promise<unknown> {
    try {
      const kept = await this.writer.write((transaction) => this.store(transaction, settlement));
      if (!kept) this.warnOfLostLease(settlement);
      return null;
    } catch (error) {
      return error;
    }
  }

  private unstorable(settlement: Settlement, error: unknown): Settlement {
    const { task, outcome } = settlement;
    const message = `How the attempt ended could not be stored: ${messageOf(error)}`;
    const keepFor = this.context.keepFor(task.queue, 'failed');
    const failed = { name: 'OutcomeNotStoredError', message };
    return { ...settlement, outcome: { kind: 'failed', maxAttempts: outcome.maxAttempts, keepFor, error: failed } };
  }

  private reportFault({ task }: Settlement, error: unknown): void {
    this.context.logger.error(`Cannot store how task ${task.id} ended, trying on: ${String(error)}`);
  }

  private warnOfLostLease({ running, task }: Settlement): void {
    if (running.abortedBy === 'lease-lost') return;
    this.context.logger.warn(
      `Attempt ${task.attempt} of task ${task.id} (${task.name}) ended after its lease was lost: its outcome was dropped`,
    );
  }
}

/** One that is stored as all of its kind are. */
function isPlainCompletion(settlement: Settlement): settlement is Settlement & Completion {
  const { outcome, timing, progress, logs } = settlement;
  return outcome.kind === 'completed' && timing.startedAt !== null && progress === null && logs.length === 0;
}
