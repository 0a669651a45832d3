import { Heartbeat } from './heartbeat.js';
import { isKnownGone, ownIdentity, type ProcessIdentity } from './process-identity.js';

interface Observation {
  beat: number | null;
  /** On this process's steady clock. */
  since: number;
}

/**
 * Tells which other processes are dead.
 *
 * Two signs: the system says that the process is gone, which is known at once; or its heart, watched from here, has not
 * beaten for the length of the lease. The second counts in steady time since this process first saw the same beat, so
 * neither a clock that jumps nor a process that has just started mistakes a living one for dead.
 */
export class Liveness {
  private readonly own: ProcessIdentity = ownIdentity();
  private readonly observations = new Map<string, Observation>();

  /**
   * @param folder where heartbeats of this store are kept
   * @param lease milliseconds
   */
  constructor(
    private readonly folder: string,
    private readonly lease: number,
  ) {}

  isDead(worker: ProcessIdentity & { readonly id: string }): boolean {
    if (isKnownGone(worker, this.own)) return true;
    const now = performance.now();
    const beat = Heartbeat.read(this.folder, worker.id);
    const observation = this.observations.get(worker.id);
    if (!observation || observation.beat !== beat) {
      this.observations.set(worker.id, { beat, since: now });
      return false;
    }
    return now - observation.since > this.lease;
  }

  /** This process was not looking for a while (it was stopped, or its event loop blocked): what it saw before is stale. */
  startAnew(): void {
    this.observations.clear();
  }

  forget(worker: string): void {
    this.observations.delete(worker);
    Heartbeat.forget(this.folder, worker);
  }
}
