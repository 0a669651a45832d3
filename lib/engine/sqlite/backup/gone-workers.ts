import { monotonicTime, sleep } from '../../../clock/index.js';
import type { WorkerRecord } from '../sql/worker-rows.js';
import { Heartbeat, heartbeatFolder } from '../process/heartbeat.js';
import { statOf } from '../store/raw-files.js';
import { isKnownGone, ownIdentity } from '../process/process-identity.js';

const LOOKS_PER_LEASE = 20;

/**
 * Ids of the workers whose process is gone. Of a process of this machine the system says so; one of another container is
 * watched, for the length of its lease at most, and gone where its heart does not beat once, if hearts can beat there at all.
 * @param file absolute path of the store
 * @param lease milliseconds, of a worker that did not say its own
 */
export async function goneWorkers(file: string, workers: readonly WorkerRecord[], lease: number): Promise<string[]> {
  const own = ownIdentity();
  const folder = heartbeatFolder(file)!;
  const gone = workers.filter((worker) => isKnownGone(worker, own)).map((worker) => worker.id);
  const start = monotonicTime();
  const watched = workers
    .filter(({ pidSpace }) => pidSpace !== own.pidSpace)
    .map((worker) => ({ id: worker.id, lease: worker.lease ?? lease, beat: Heartbeat.read(folder, worker.id) }))
    .filter(({ beat }) => beat !== 'unreadable');
  let silent = watched;
  while (silent.some((worker) => monotonicTime() < start + worker.lease)) {
    await sleep(Math.min(...silent.map((worker) => worker.lease)) / LOOKS_PER_LEASE);
    // Also a heartbeat that has ended is a sign: its process has just shut down.
    silent = silent.filter(({ id, beat }) => Heartbeat.read(folder, id) === beat);
  }
  // A process that lives makes the folder anew. Where none can, as in a read-only place, silence says nothing.
  return statOf(folder)?.isDirectory() ? [...gone, ...silent.map(({ id }) => id)] : gone;
}
