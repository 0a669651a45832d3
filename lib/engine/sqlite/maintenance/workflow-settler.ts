import type { EngineContext } from '../../port/index.js';
import { nextSettlingAt, settleWorkflows } from '../sql/settle-workflows.js';
import type { Connection } from '../store/connection.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { DueDuty } from './due-duty.js';

/** Rows that one transaction is about. */
const BATCH = 200;

/**
 * Has workflows go on: what waits for tasks that have ended may run, or never will. Every process with the store open takes
 * part, and looks first what one that died in the middle has left. Asleep where there is no workflow: a plain task does not
 * wake it.
 */
export class WorkflowSettler extends DueDuty {
  protected override readonly name = 'WorkflowSettler';
  protected readonly next = nextSettlingAt;

  constructor(
    private readonly context: EngineContext,
    connection: Connection,
    writer: Writer,
  ) {
    super(context, connection, writer);
  }

  protected doBatch(transaction: Transaction, now: number): boolean {
    return settleWorkflows(transaction, { now, keepFor: this.context.keepFor }, BATCH);
  }
}
