import { nextDue, promoteTasks } from '../sql/promote-tasks.js';
import type { Transaction } from '../store/transaction.js';
import { DueDuty } from './due-duty.js';

/** Promoted in one transaction. */
const BATCH = 500;

/** Makes tasks available when their time has come: `scheduled` and `retryable` ──> `available`. */
export class Promoter extends DueDuty {
  protected override readonly name = 'Promoter';
  protected readonly next = nextDue;

  protected doBatch(transaction: Transaction, now: number): boolean {
    return promoteTasks(transaction, now, BATCH) === BATCH;
  }
}
