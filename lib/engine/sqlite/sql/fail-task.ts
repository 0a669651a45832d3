import type { TaskError, TaskTraits } from '../../../contract/index.js';
import { failureTask } from '../../common/index.js';
import type { Transaction } from '../store/transaction.js';
import { insertTasks } from './insert-tasks.js';
import { noteError } from './note-error.js';

/** A task that fails for good. */
export interface FailingTask {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly attempt: number;
  readonly traits?: TaskTraits | undefined;
}

/** What each way to fail for good has in common: the failure is noted, and what is to follow it is stored by the same commit. */
export function noteFailure(transaction: Transaction, task: FailingTask, error: TaskError, at: number): void {
  noteError(transaction, task, error, at);
  const { id, queue, name, attempt, traits } = task;
  const following = failureTask({ id, queue, name, attempt, failedAt: at }, traits, error);
  if (following) insertTasks(transaction, [following], at);
}
