import { MAX_LOG_BYTES } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { MIGRATION_NAMES } from '../store/migrations/index.js';
import { logBytes } from '../store/log-bytes.js';
import { realPath } from '../store/store-path.js';
import { unhandledKinds } from '../sql/unhandled-kinds.js';
import { allWorkers, type WorkerRecord } from '../sql/worker-rows.js';
import { besideFaults } from './check-beside.js';
import { idleHeld } from './check-held.js';
import { stuckSuspended } from './check-suspended.js';
import { parkedFaults } from './check-parked.js';
import { workflowFaults } from './check-workflows.js';
import { brokenLeases, busyWorkers, runningByWorker, strayParts, unknownStates, wrongCounts } from './check-rows.js';
import { damageOf } from './file-damage.js';
import {
  besideFindings,
  brokenLease,
  damagedFile,
  idleHeldTasks,
  brokenWorkflow,
  longLog,
  type Finding,
  newerSchema,
  olderSchema,
  orphanedTask,
  parkedFindings,
  strayRows,
  stuckSuspendedTasks,
  unhandledKind,
  unknownState,
  wrongCounter,
} from './findings.js';
import { goneWorkers } from './gone-workers.js';
import { readSnapshot } from './store-snapshot.js';

/**
 * Looks for what is wrong with a store. All rows are read in one read transaction: an app that works on it meanwhile
 * neither waits nor spoils the result. Reads the whole file, and blocks the event loop while it does.
 * @param database path of the SQLite file
 * @param options.lease how long a process of another container may be silent, in milliseconds
 * @throws StoreError where the path is no store's file, or it cannot be read
 */
export async function checkStore(database: string, { lease }: { readonly lease: number }): Promise<Finding[]> {
  const file = realPath(database);
  const { findings, workers } = await readSnapshot(file, firstLook);
  if (findings.length > 0) return findings;
  // Before the rows are read: a worker that ends later has given its tasks back, which an older snapshot would not show.
  const gone = new Set(await goneWorkers(file, workers, lease));
  const found = await readSnapshot(file, (snapshot) => rowFindings(snapshot, gone));
  return [...logFindings(file), ...found];
}

function logFindings(file: string): Finding[] {
  const bytes = logBytes(file);
  return bytes > MAX_LOG_BYTES ? [longLog(file, bytes)] : [];
}

/** Faults that make it pointless to look at the rows; and the workers that hold tasks. */
function firstLook(snapshot: Database): { findings: Finding[]; workers: WorkerRecord[] } {
  const damage = damageOf(snapshot).map(damagedFile);
  const findings = damage.length > 0 ? damage : schemaFindings(snapshot);
  return { findings, workers: findings.length > 0 ? [] : busyWorkers(snapshot) };
}

function schemaFindings(snapshot: Database): Finding[] {
  const ran = snapshot.prepare<[], string>('SELECT name FROM tasks_migration ORDER BY id').pluck().all();
  const unknown = ran.filter((name) => !MIGRATION_NAMES.includes(name));
  if (unknown.length > 0) return [newerSchema(unknown)];
  const missing = MIGRATION_NAMES.filter((name) => !ran.includes(name));
  return missing.length > 0 ? [olderSchema(missing)] : [];
}

function rowFindings(snapshot: Database, gone: ReadonlySet<string>): Finding[] {
  const workers = new Map(allWorkers(snapshot).map((worker) => [worker.id, worker]));
  const orphaned = runningByWorker(snapshot).filter(({ worker }) => gone.has(worker) || !workers.has(worker));
  const broken = brokenLeases(snapshot).length;
  return [
    ...unknownStates(snapshot).map(({ state, tasks }) => unknownState(state, tasks)),
    ...orphaned.map(({ worker, tasks }) => orphanedTask(worker, workers.get(worker) ?? null, tasks)),
    ...(broken > 0 ? [brokenLease(broken)] : []),
    ...strayParts(snapshot).map(({ part, rows }) => strayRows(part, rows)),
    ...besideFindings(besideFaults(snapshot)),
    ...workflowFaults(snapshot).map(brokenWorkflow),
    ...idleHeld(snapshot).map(idleHeldTasks),
    ...stuckSuspendedTasks(stuckSuspended(snapshot)),
    ...parkedFindings(parkedFaults(snapshot)),
    ...unhandledKinds(snapshot).map(unhandledKind),
    ...wrongCounts(snapshot).map(wrongCounter),
  ];
}
