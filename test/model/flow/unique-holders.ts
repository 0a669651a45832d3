import { hasEnded, type TaskState, type UniqueClaim } from '../../../lib/contract/index.js';

/** A task, as far as a key goes by it. */
export interface SeenHolder {
  readonly state: TaskState;
  readonly attempt: number;
}

interface Taken {
  readonly task: string;
  readonly claim: UniqueClaim;
  readonly at: number;
  /** Last attempt of the task when it took the key. */
  readonly attempt: number;
  /** Its time has been over once. */
  wasOver: boolean;
}

/** Who holds which unique key, by the rule of `docs/uniqueness.md` in a few lines. */
export class UniqueHolders {
  private readonly taken = new Map<string, Taken>();

  take(key: string, task: string, claim: UniqueClaim, attempt: number, now: number): void {
    this.taken.set(key, { task, claim, at: now, attempt, wasOver: false });
  }

  /** The task that holds a key; null where none does. */
  holder(key: string, seen: ReadonlyMap<string, SeenHolder>, now: number): string | null {
    const taken = this.taken.get(key);
    const task = taken && seen.get(taken.task);
    return taken && task && isHeld(taken, task, now) ? taken.task : null;
  }

  /** The clock has come to `now`. */
  pass(now: number): void {
    for (const taken of this.taken.values()) taken.wasOver ||= now >= taken.at + lengthOf(taken);
  }

  /**
   * Nobody is said to hold a key. Returns whether that may be, though by the clock it is held: whoever came by it when its time
   * was over has forgotten it, and a clock that is set back since brings it back to nobody.
   */
  mayBeGone(key: string): boolean {
    return this.taken.get(key)!.wasOver && this.taken.delete(key);
  }

  /** Whether its holder waits for the attempt that another task may take the place of. */
  waits(key: string, seen: ReadonlyMap<string, SeenHolder>): boolean {
    const taken = this.taken.get(key);
    const task = taken && seen.get(taken.task);
    return taken !== undefined && task !== undefined && isBeforeStart(taken, task);
  }

  /** The task that took each key last. */
  *latest(): Generator<readonly [key: string, task: string]> {
    for (const [key, { task }] of this.taken) yield [key, task];
  }
}

function isHeld(taken: Taken, task: SeenHolder, now: number): boolean {
  const length = lengthOf(taken);
  // A clock that was set back holds no key for longer than twice its time.
  if (now >= taken.at + length || now < taken.at - length) return false;
  switch (taken.claim.until) {
    case 'time':
      return true;
    case 'ended':
      return !hasEnded(task.state);
    case 'started':
      return isBeforeStart(taken, task);
  }
}

function isBeforeStart(taken: Taken, task: SeenHolder): boolean {
  return !hasEnded(task.state) && task.attempt === taken.attempt;
}

function lengthOf({ claim }: Taken): number {
  return claim.for ?? Infinity;
}
