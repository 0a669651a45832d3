import type { EngineContext } from '../../port/index.js';
import type { Connection } from '../store/connection.js';
import type { Database } from '../store/database.js';
import { nextExpiry, pruneMetrics, pruneTasks } from '../sql/prune-tasks.js';
import { nextResultExpiry, pruneResults } from '../sql/result-rows.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';

/** Deleted in one transaction; more follow in the next, and claims come between. */
const BATCH = 200;
/** Tasks that expire one by one are deleted together. */
const PAUSE_MS = 1_000;
const METRICS_KEPT_MS = 31 * 24 * 60 * 60 * 1_000;

/** Something that is deleted when its time is over. */
export interface Prunable {
  /** When the first of it is to be deleted; null: none. */
  readonly next: (database: Database) => number | null;
  /** Deletes at most `limit` of it; returns how many. */
  readonly prune: (transaction: Transaction, now: number, limit: number) => number;
}

/** Ended tasks, with their attempts and logs, when their retention is over; and minutes of metrics after a month. */
export const ENDED_TASKS: Prunable = {
  next: nextExpiry,
  prune(transaction, now, limit) {
    pruneMetrics(transaction, now - METRICS_KEPT_MS);
    return pruneTasks(transaction, now, limit);
  },
};

/** Results that are kept for a shorter time than their tasks. */
export const EXPIRED_RESULTS: Prunable = { next: nextResultExpiry, prune: pruneResults };

/** Deletes what is kept no longer. */
export class Pruner extends Duty {
  protected override readonly name = 'Pruner';
  private restsUntil = 0;

  constructor(
    context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly what: Prunable = ENDED_TASKS,
  ) {
    super(context.clock, context.logger);
  }

  protected async run(): Promise<number | null> {
    const now = this.clock.now();
    const expiry = await this.connection.read(this.what.next);
    if (expiry === null || expiry > now) return expiry;
    if (this.rests(now)) return this.restsUntil;
    const pruned = await this.writer.write((transaction) => this.what.prune(transaction, now, BATCH));
    if (pruned === BATCH) return now;
    this.restsUntil = now + PAUSE_MS;
    const next = await this.connection.read(this.what.next);
    return next === null ? null : Math.max(next, this.restsUntil);
  }

  /** A rest that would last longer was begun before the clock was set back. */
  private rests(now: number): boolean {
    return now < this.restsUntil && this.restsUntil <= now + PAUSE_MS;
  }
}
