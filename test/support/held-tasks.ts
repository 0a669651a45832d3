import { HeldTask, type ReportDesk } from '../../lib/engine/sqlite/consumer/completer.js';
import type { ClaimedTask } from '../../lib/engine/sqlite/sql/claim-tasks.js';
import { lendPlaces } from '../../lib/engine/sqlite/sql/start-log.js';
import { START } from '../conformance/harness.js';
import type { DutySite } from './duty-site.js';

/** So many more tasks, all that there are of which run here. Each is lent a place of the limits that are named. */
export async function heldTasks(
  site: DutySite,
  many: number,
  desk: ReportDesk,
  more: Partial<ClaimedTask> = {},
): Promise<HeldTask[]> {
  await site.store(many);
  site.runAll('self');
  const rows = site.connection.database
    .prepare('SELECT seq, id, queue, name, run_at AS runAt FROM tasks_task ORDER BY seq')
    .all();
  const task = { attempt: 1, worker: 'self', maxAttempts: 4, ...more };
  for (const limit of more.limits ?? []) {
    const leases = (rows as ClaimedTask[]).map(({ seq }) => ({ seq, attempt: 1, worker: 'self' }));
    await site.writer.write((transaction) => lendPlaces(transaction, limit, leases, START, 60_000));
  }
  site.writes = 0;
  return (rows as ClaimedTask[]).map((row) => new HeldTask({ ...row, ...task }, desk, 0));
}
