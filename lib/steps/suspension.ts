import { clearTimeout, setImmediate, setTimeout } from '../clock/index.js';
import { inCleanContext } from '../context/index.js';
import { TaskSuspended } from '../contract/index.js';
import type { StepRecord } from '../engine/port/index.js';

/** Turns of the event loop for which nothing may be under way: one step may follow another without a pause. */
const QUIET_TURNS = 2;
/** What is waited for beside something that takes longer is put on record meanwhile, and before a shutdown or a crash. */
const NOTED_AFTER_MS = 50;

/** A wait that has begun. */
interface Waiting {
  readonly record: StepRecord;
  readonly reject: (error: TaskSuspended) => void;
  /** Whether it is on record. */
  isNoted: boolean;
}

/**
 * What an attempt waits for and cannot have now. When nothing else of it is under way, it is suspended: each wait ends with the
 * same error, and so does whatever is begun after it.
 *
 *     waits ──nothing is under way──> suspended, with all waits on record
 *           ──something goes on─────> the waits are noted: they began when they did, whatever becomes of the attempt
 */
export class Suspension {
  private readonly waiting: Waiting[] = [];
  private looking = false;
  private timer: NodeJS.Timeout | null = null;
  /** Null while it is not suspended. */
  error: TaskSuspended | null = null;

  /**
   * @param isBusy whether anything else of the attempt is under way
   * @param note puts a wait on record
   */
  constructor(
    private readonly isBusy: () => boolean,
    private readonly note: (record: StepRecord) => void,
  ) {}

  /** What it is suspended for. */
  get waits(): readonly StepRecord[] {
    return this.waiting.map(({ record }) => record);
  }

  /**
   * Never resolves.
   * @param isNoted whether it is on record already
   */
  wait(record: StepRecord, isNoted: boolean): Promise<never> {
    return new Promise<never>((_, reject) => {
      this.waiting.push({ record, reject, isNoted });
      this.look();
    });
  }

  /** Puts on record what is waited for and is not: unlike a suspension, no other end of the attempt does. */
  noteAll(): void {
    if (this.error) return;
    for (const one of this.waiting.filter(({ isNoted }) => !isNoted)) {
      one.isNoted = true;
      this.note(one.record);
    }
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
        if (this.isBusy()) {
          this.looking = false;
          this.noteLater();
        } else if (turns > 1) this.lookIn(turns - 1);
        else this.suspend();
      }),
    );
  }

  private noteLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.noteAll();
    }, NOTED_AFTER_MS).unref();
  }

  private suspend(): void {
    if (this.timer) clearTimeout(this.timer);
    this.error = new TaskSuspended([...new Set(this.waiting.map(({ record }) => record.name))]);
    for (const { reject } of this.waiting) reject(this.error);
  }
}
