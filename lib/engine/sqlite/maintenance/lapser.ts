import type { EngineContext } from '../../port/index.js';
import type { Connection } from '../store/connection.js';
import { tellOfEnd, wakeDue } from '../sql/wake-tasks.js';
import { lapseTasks, nextLapseAt } from '../sql/lapse-tasks.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { DueDuty } from './due-duty.js';

const WAKING = { wakeDue, tellOfEnd };

/** Ended in one transaction. */
const BATCH = 500;

/**
 * Ends tasks that have not started by their `startBy`, or wait when their deadline comes, and has suspended ones go on whose
 * time has come. Every process with the store open takes part, as no worker may be there. Asleep where no task has such a
 * time: a plain task does not wake it.
 */
export class Lapser extends DueDuty {
  protected override readonly name = 'Lapser';
  protected readonly next = nextLapseAt;

  constructor(
    private readonly context: EngineContext,
    connection: Connection,
    writer: Writer,
  ) {
    super(context, connection, writer);
  }

  protected doBatch(transaction: Transaction, now: number): boolean {
    return lapseTasks(transaction, now, BATCH, this.context.keepFor, WAKING) === BATCH;
  }
}
