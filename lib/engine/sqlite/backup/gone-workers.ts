import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerRecord } from '../statements/worker-rows.js';
import { Heartbeat } from '../workers/heartbeat.js';
import { isKnownGone, ownIdentity } from '../workers/process-identity.js';
import { heartbeatFolder } from '../workers/registration.js';

const LOOKS_PER_LEASE = 20;

/**
 * Ids of the workers whose process is gone. Of a process of this machine the system says so; one of another container is
 * watched, for the length of a lease at most, and gone where its heart does not beat once.
 * @param file absolute path of the store
 * @param lease milliseconds
 */
export async function goneWorkers(file: string, workers: readonly WorkerRecord[], lease: number): Promise<string[]> {
  const own = ownIdentity();
  const folder = heartbeatFolder(file)!;
  const gone = workers.filter((worker) => isKnownGone(worker, own)).map((worker) => worker.id);
  const beatsOf = new Map<string, number | null>();
  for (const { id, pidSpace } of workers) if (pidSpace !== own.pidSpace) beatsOf.set(id, Heartbeat.read(folder, id));

  const until = performance.now() + lease;
  while (beatsOf.size > 0 && performance.now() < until) {
    await sleep(lease / LOOKS_PER_LEASE);
    // Also a heartbeat that has ended is a sign: its process has just shut down.
    for (const [id, beat] of beatsOf) if (Heartbeat.read(folder, id) !== beat) beatsOf.delete(id);
  }
  return [...gone, ...beatsOf.keys()];
}
