import type { ScheduleStatus } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import { saveSchedule } from '../sql/schedule-rows.js';
import type { Transaction } from '../store/transaction.js';

const PUT_PAST = `
  UPDATE tasks_schedule SET paused = ?, next_run_at = ?, last_run_at = ?, last_task_id = ?, last_task_ids = ?
   WHERE name = ?`;

/** Stores a schedule with what came of it elsewhere: a tick that is due there is due here. */
export function putSchedule(transaction: Transaction, status: ScheduleStatus): void {
  const { paused, nextRunAt, lastRunAt, lastTaskId, lastTaskIds, ...schedule } = status;
  saveSchedule(transaction, schedule, nextRunAt);
  const past = [paused ? 1 : 0, nextRunAt, lastRunAt, lastTaskId, JSON.stringify(lastTaskIds), schedule.name];
  statement<(string | number | null)[]>(transaction.database, PUT_PAST).run(...past);
}
