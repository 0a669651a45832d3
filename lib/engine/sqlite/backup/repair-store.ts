import { openConnection } from '../store/open-connection.js';
import { realPath } from '../store/store-path.js';
import { rescueTasksOf, strayWorkers, type RescueRules } from '../sql/rescue-tasks.js';
import { deleteWorker } from '../sql/worker-rows.js';
import { heartbeatFolder } from '../process/heartbeat.js';
import { forgetProcess } from '../process/process-files.js';
import { Writer } from '../store/writer.js';
import { backupTasks, type TasksBackup } from './backup-tasks.js';
import { repairBeside } from './check-beside.js';
import { letHeldGoOn } from './check-held.js';
import { wakeStuck } from './check-suspended.js';
import { letParkedGoOn } from './check-parked.js';
import { repairWorkflows } from './check-workflows.js';
import { breakLeases, busyWorkers, correctCounts, deleteStrayParts } from './check-rows.js';
import { goneWorkers } from './gone-workers.js';

export interface RepairOptions {
  /** Path of the backup that is made first. */
  readonly backup: string;
  /** How long a process of another container may be silent, in milliseconds. */
  readonly lease: number;
  readonly rules: RescueRules;
}

/** Nothing is told: whoever repairs is given the error. */
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Puts right what {@link checkStore} found repairable, after a backup: runs missing migrations, then, in one transaction,
 * hands back the tasks of workers that are gone, deletes what belongs to no task and sets the counters to what the rows
 * say. Apps may be working on the store meanwhile.
 * @param database path of the SQLite file
 * @throws StoreError where the backup or the repair fails; nothing but the schema is changed then
 */
export async function repairStore(database: string, { backup, lease, rules }: RepairOptions): Promise<TasksBackup> {
  const file = realPath(database);
  const made = await backupTasks({ database: file, to: backup });
  const connection = await openConnection(file, 'full');
  try {
    const gone = await goneWorkers(file, await connection.read(busyWorkers), lease);
    const writer = new Writer(connection, null, SILENT);
    await writer.write((transaction) => {
      // First, as it compares with the rows as they are; what is moved after that is added to it.
      correctCounts(transaction);
      breakLeases(transaction);
      for (const worker of [...gone, ...strayWorkers(transaction.database)]) {
        deleteWorker(transaction, worker);
        rescueTasksOf(transaction, worker, rules);
      }
      deleteStrayParts(transaction);
      repairBeside(transaction);
      wakeStuck(transaction, rules.now);
      repairWorkflows(transaction, rules);
      letHeldGoOn(transaction);
      letParkedGoOn(transaction);
    });
    const folder = heartbeatFolder(file)!;
    for (const worker of gone) forgetProcess(folder, worker);
    return made;
  } finally {
    await connection.close();
  }
}
