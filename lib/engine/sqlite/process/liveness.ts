import { monotonicTime } from '../../../clock/index.js';
import { Heartbeat } from './heartbeat.js';
import { forgetProcess, processesWithFiles } from './process-files.js';
import { ownIdentity, processStateOf, sameBoot, type ProcessIdentity } from './process-identity.js';
import { Starts } from './starts.js';

interface Observation {
  beat: number | null;
  /** On this process's steady clock. */
  since: number;
}

/** The facts about a registered process that tell whether it lives. */
export interface Watched extends ProcessIdentity {
  readonly id: string;
  /** How long it may be silent, in milliseconds: its own setting, which may be another than this process's. */
  readonly lease: number | null;
}

/**
 * Tells which other processes are dead.
 *
 *     the system says that it is gone            dead, at once
 *     the system says that it is there, and runs  alive, whatever its heartbeat looks like
 *     it is stopped, or cannot be seen from here  dead when its heart has not beaten for the length of its lease
 *
 * A heartbeat counts in steady time since this process first saw the same beat, so neither a clock that jumps nor a
 * process that has just started mistakes a living one for dead. A file that is missing is no beat, like one that stays as
 * it is: a process that lives makes it anew. Where this process cannot do that either, as the folder is gone and no other can
 * be made, a missing file says nothing.
 */
export class Liveness {
  private readonly own: ProcessIdentity = ownIdentity();
  private readonly observations = new Map<string, Observation>();
  /** Since when this process found no heartbeat of its own, on its steady clock. */
  private blindSince: number | null = null;

  /**
   * @param folder where heartbeats of this store are kept
   * @param lease milliseconds, of a process that did not say its own
   * @param self the id of this process, whose heart beats in the folder too
   */
  constructor(
    private readonly folder: string,
    private readonly lease: number,
    private readonly self: () => string,
  ) {}

  /** Where no heart beats for longer than a lease, not even its own: that of a process elsewhere would not be missed. */
  get isBlind(): boolean {
    return this.blindSince !== null && monotonicTime() - this.blindSince > this.lease;
  }

  isDead(worker: Watched): boolean {
    const state = processStateOf(worker, this.own);
    if (state === 'gone') return true;
    const beat = state === 'alive' ? 'unreadable' : this.beatOf(worker.id);
    if (beat === 'unreadable') {
      this.observations.delete(worker.id);
      return false;
    }
    const now = monotonicTime();
    const observation = this.observations.get(worker.id);
    if (!observation || observation.beat !== beat) {
      this.observations.set(worker.id, { beat, since: now });
      return false;
    }
    return now - observation.since > (worker.lease ?? this.lease);
  }

  private beatOf(id: string): ReturnType<typeof Heartbeat.read> {
    const beat = Heartbeat.read(this.folder, id);
    if (beat !== null || Heartbeat.read(this.folder, this.self()) !== null) {
      this.blindSince = null;
      return beat;
    }
    this.blindSince ??= monotonicTime();
    return 'unreadable';
  }

  /**
   * What a dead process had begun; null where that is not known, as after a crash of the machine, when what it wrote last
   * may be missing.
   */
  begunBy(worker: Watched): ReadonlySet<string> | null {
    return sameBoot(worker, this.own) ? Starts.read(this.folder, worker.id) : null;
  }

  /** This process was not looking for a while (it was stopped, or its event loop blocked): what it saw before is stale. */
  startAnew(): void {
    this.observations.clear();
  }

  /**
   * Clears away files of processes that are not registered: whoever buried one may have been killed before it came to its
   * files. A process registers before it makes its files, so those that are there before the rows are read are left-overs.
   *
   * @param files {@link processesWithFiles}, read before `registered`
   */
  sweep(files: ReadonlySet<string>, registered: readonly Watched[]): void {
    const known = new Set(registered.map(({ id }) => id));
    for (const id of files) if (!known.has(id)) this.forget(id);
  }

  /** Ids of the processes that have files, registered or not. */
  processesWithFiles(): ReadonlySet<string> {
    return processesWithFiles(this.folder);
  }

  /** Clears away what a dead process left. Where that cannot be done it stays, and does no harm. */
  forget(worker: string): void {
    this.observations.delete(worker);
    forgetProcess(this.folder, worker);
  }
}
