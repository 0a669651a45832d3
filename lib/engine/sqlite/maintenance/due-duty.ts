import type { EngineContext } from '../../port/index.js';
import type { Connection } from '../store/connection.js';
import type { Database } from '../store/database.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';

/** A duty about rows that come due: one batch of them a transaction, so that claims come between. */
export abstract class DueDuty extends Duty {
  constructor(
    context: Pick<EngineContext, 'clock' | 'logger'>,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
  }

  /** When the next is due; null where there is none. */
  protected abstract next(database: Database): number | null;

  /** Does one batch; true where more may be due, which spares a look. */
  protected abstract doBatch(transaction: Transaction, now: number): boolean;

  /** Begins with one look at what there is, so that a store without any of it is asked no more. */
  async open(): Promise<void> {
    const next = this.readNext();
    // A fault is the first round's to report, and to try again after.
    this.startAt(await next.then((time) => time ?? Infinity).catch(() => this.clock.now()));
  }

  protected async run(): Promise<number | null> {
    const now = this.clock.now();
    const next = await this.readNext();
    if (next === null || next > now) return next;
    const isMore = await this.writer.write((transaction) => this.doBatch(transaction, now));
    return isMore ? now : this.readNext();
  }

  private readNext(): Promise<number | null> {
    return this.connection.read((database) => this.next(database));
  }
}
