import type { TaskLog, TaskProgress } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { ClaimedTask } from './claim-tasks.js';

export const SAVE_PROGRESS = `
  UPDATE tasks_task SET progress = ?
   WHERE seq = ? AND attempt = ? AND worker = ? AND state = 'running'`;

/** The line is kept only while its task is there: it may have been taken away and deleted. */
export const INSERT_LOG = `
  INSERT INTO tasks_log (task, attempt, at, message)
  SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM tasks_task WHERE seq = ? AND id = ?)`;

/** Stores what a handler reported while it ran. */
export function saveReports(
  transaction: Transaction,
  task: ClaimedTask,
  progress: TaskProgress | null,
  logs: readonly Omit<TaskLog, 'attempt'>[],
): void {
  transaction.touch(task.queue, task.id);
  if (progress) {
    const save = statement<[string, number, number, string]>(transaction.database, SAVE_PROGRESS);
    save.run(JSON.stringify(progress), task.seq, task.attempt, task.worker);
  }
  const insert = statement<[number, number, number, string, number, string]>(transaction.database, INSERT_LOG);
  for (const { at, message } of logs) insert.run(task.seq, task.attempt, at, message, task.seq, task.id);
}
