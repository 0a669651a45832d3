import { setTimeout } from '../../../clock/index.js';
import { messageOf } from '../../../contract/index.js';
import type { EngineLogger } from '../../port/index.js';
import { noteStart } from '../sql/start-log.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import type { HeldTask } from './completer.js';

/** Starts are stored at most this late; until then their places count as lent, so nothing is started too soon. */
const REPORT_EVERY_MS = 100;

/**
 * Stores when handlers were called whose tasks a limit counts: with the next claim or end of an attempt, or by itself where
 * the handlers go on.
 */
export class StartReporter {
  private readonly unsaved = new Set<HeldTask>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly logger: EngineLogger,
    private readonly writer: Writer,
  ) {}

  add(running: HeldTask): void {
    this.unsaved.add(running);
    this.timer ??= setTimeout(() => this.save(), REPORT_EVERY_MS).unref();
  }

  /** The end of its attempt tells of its start. */
  drop(running: HeldTask): void {
    this.unsaved.delete(running);
  }

  /** Stores what there is, as a part of a transaction; to say so again changes nothing. */
  note(transaction: Transaction): void {
    for (const { task, calledAt } of this.unsaved) noteStart(transaction, task, task.limits!, calledAt!);
  }

  private save(): void {
    this.timer = undefined;
    if (this.unsaved.size === 0 || this.writer.isClosed) return;
    const told = [...this.unsaved];
    this.writer
      .write((transaction) => this.note(transaction))
      .then(
        () => {
          for (const running of told) this.unsaved.delete(running);
        },
        (error: unknown) => {
          this.logger.error(`Starts that a rate limit counts were not stored, trying on: ${messageOf(error)}`);
          this.timer ??= setTimeout(() => this.save(), REPORT_EVERY_MS).unref();
        },
      );
  }
}
