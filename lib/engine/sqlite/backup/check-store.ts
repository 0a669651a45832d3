import { resolve } from 'node:path';
import type { Database } from '../connection.js';
import { MIGRATIONS } from '../migrations/index.js';
import { allWorkers, type WorkerRecord } from '../statements/worker-rows.js';
import { brokenLeases, busyWorkers, runningByWorker, strayParts, unknownStates, wrongCounts } from './check-rows.js';
import { damageOf } from './file-damage.js';
import {
  brokenLease,
  damagedFile,
  type Finding,
  newerSchema,
  olderSchema,
  orphanedTask,
  strayRows,
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
  const file = resolve(database);
  const { findings, workers } = await readSnapshot(file, firstLook);
  if (findings.length > 0) return findings;
  // Before the rows are read: a worker that ends later has given its tasks back, which an older snapshot would not show.
  const gone = new Set(await goneWorkers(file, workers, lease));
  return readSnapshot(file, (snapshot) => rowFindings(snapshot, gone));
}

/** What makes it pointless to look at the rows; and the workers that hold tasks. */
function firstLook(snapshot: Database): { findings: Finding[]; workers: WorkerRecord[] } {
  const damage = damageOf(snapshot).map(damagedFile);
  const findings = damage.length > 0 ? damage : schemaFindings(snapshot);
  return { findings, workers: findings.length > 0 ? [] : busyWorkers(snapshot) };
}

function schemaFindings(snapshot: Database): Finding[] {
  const ran = snapshot.prepare<[], string>('SELECT name FROM tasks_migration ORDER BY id').pluck().all();
  const known = MIGRATIONS.map((migration) => migration.name);
  const unknown = ran.filter((name) => !known.includes(name));
  if (unknown.length > 0) return [newerSchema(unknown)];
  const missing = known.filter((name) => !ran.includes(name));
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
    ...wrongCounts(snapshot).map(wrongCounter),
  ];
}
