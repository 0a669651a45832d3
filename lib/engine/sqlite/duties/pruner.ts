import type { EngineContext } from '../../task-engine.js';
import type { Connection } from '../connection.js';
import { nextExpiry, pruneMetrics, pruneTasks } from '../statements/prune-tasks.js';
import type { Writer } from '../writer.js';
import { Duty } from './duty.js';

/** Deleted in one transaction; more follow in the next, and claims come between. */
const BATCH = 200;
/** Tasks that expire one by one are deleted together. */
const PAUSE_MS = 1_000;
const METRICS_KEPT_MS = 31 * 24 * 60 * 60 * 1_000;

/** Deletes ended tasks, with their attempts and logs, when their retention is over; and minutes of metrics after a month. */
export class Pruner extends Duty {
  private restsUntil = -Infinity;

  constructor(
    context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
  }

  protected async run(): Promise<number | null> {
    const now = this.clock.now();
    const expiry = await this.connection.read(nextExpiry);
    if (expiry === null || expiry > now) return expiry;
    if (this.rests(now)) return this.restsUntil;
    const pruned = await this.writer.write((transaction) => {
      pruneMetrics(transaction, now - METRICS_KEPT_MS);
      return pruneTasks(transaction, now, BATCH);
    });
    if (pruned === BATCH) return now;
    this.restsUntil = now + PAUSE_MS;
    const next = await this.connection.read(nextExpiry);
    return next === null ? null : Math.max(next, this.restsUntil);
  }

  /** A rest that would last longer was begun before the clock was set back. */
  private rests(now: number): boolean {
    return now < this.restsUntil && this.restsUntil <= now + PAUSE_MS;
  }
}
