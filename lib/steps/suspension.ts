import { setImmediate } from '../clock/index.js';
import { inCleanContext } from '../context/index.js';
import { TaskSuspended } from '../contract/index.js';
import type { StepRecord } from '../engine/port/index.js';

/** Turns of the event loop for which nothing may be under way: one step may follow another without a pause. */
const QUIET_TURNS = 2;

/**
 * What an attempt waits for and cannot have now. When nothing else of it is under way, it is suspended: each wait ends with the
 * same error, and so does whatever is begun after it.
 *
 *     waits ──nothing is under way──> suspended
 */
export class Suspension {
  private readonly waiting: Array<{ readonly record: StepRecord; readonly reject: (error: TaskSuspended) => void }> =
    [];
  private looking = false;
  /** Null while it is not suspended. */
  error: TaskSuspended | null = null;

  /** @param isBusy whether anything else of the attempt is under way */
  constructor(private readonly isBusy: () => boolean) {}

  /** What it is suspended for. */
  get waits(): readonly StepRecord[] {
    return this.waiting.map(({ record }) => record);
  }

  /** Never resolves. */
  wait(record: StepRecord): Promise<never> {
    return new Promise<never>((_, reject) => {
      this.waiting.push({ record, reject });
      this.look();
    });
  }

  /** Something of the attempt has ended. */
  look(): void {
    if (this.waiting.length === 0 || this.looking || this.error) return;
    this.looking = true;
    this.lookIn(QUIET_TURNS);
  }

  private lookIn(turns: number): void {
    inCleanContext(() =>
      setImmediate(() => {
        if (this.isBusy()) this.looking = false;
        else if (turns > 1) this.lookIn(turns - 1);
        else this.suspend();
      }),
    );
  }

  private suspend(): void {
    this.error = new TaskSuspended([...new Set(this.waiting.map(({ record }) => record.name))]);
    for (const { reject } of this.waiting) reject(this.error);
  }
}
