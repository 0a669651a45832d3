import type { EngineContext } from '../../port/index.js';
import type { Connection } from '../store/connection.js';
import { tellOfEnd, wakeDue } from '../sql/wake-tasks.js';
import { lapseTasks, nextLapseAt } from '../sql/lapse-tasks.js';
import type { Committed } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';

const WAKING = { wakeDue, tellOfEnd };

/** Ended in one transaction; more follow in the next, and claims come between. */
const BATCH = 500;

/**
 * Ends tasks that have not started by their `startBy`, or wait when their deadline comes, and has suspended ones go on whose
 * time has come. Every process with the store open
 * takes part, as no worker may be there. Asleep where no task has such a time: a plain task does not wake it.
 */
export class Lapser extends Duty {
  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
  }

  /** Looks once what there is, so that a store without any of it is asked no more. */
  async open(): Promise<void> {
    const next = this.connection.read(nextLapseAt);
    // A fault is the first round's to report, and to try again after.
    this.startAt(await next.then((time) => time ?? Infinity).catch(() => this.clock.now()));
  }

  override committed({ lapseAt }: Committed): void {
    if (lapseAt < Infinity) this.expect(lapseAt);
  }

  protected async run(): Promise<number | null> {
    const now = this.clock.now();
    const next = await this.connection.read(nextLapseAt);
    if (next === null || next > now) return next;
    const seen = await this.writer.write((transaction) =>
      lapseTasks(transaction, now, BATCH, this.context.keepFor, WAKING),
    );
    return seen === BATCH ? now : this.connection.read(nextLapseAt);
  }
}
