import type { SignalText, StepTexts } from './stored-steps.js';

/** The lock of a job that an attempt holds. It names the attempt, as BullMQ may give one token to several of a job. */
export interface JobHold {
  readonly queue: string;
  /** Of the job. */
  readonly id: string;
  readonly token: string;
  /** BullMQ's count of attempts that were begun. */
  readonly started: number;
}

/** How a job is put aside that waits for something. */
export interface JobSuspension {
  /** What it waits for, by address. */
  readonly steps: Readonly<Record<string, string>>;
  /** Names of the signals that have it go on, see `nameText`. */
  readonly signals: readonly string[];
  /** When it goes on at the latest. */
  readonly due: number;
  readonly failedReason: string;
  /** JSON. */
  readonly stacktrace: string;
}

/** What became of a signal: `full` where as many wait in the job as may. */
export type SignalEnd = 'stored' | 'full' | 'ended';

/** The steps of jobs in BullMQ's own store: each method is one step of that. */
export interface StepRows {
  read(queue: string, id: string): Promise<StepTexts>;
  /**
   * Records a step under the lock of its attempt.
   * @param taken a signal that is taken by it
   * @returns false where the lock was lost
   */
  record(hold: JobHold, address: string, text: string, taken: SignalText | null): Promise<boolean>;
  /**
   * Puts a job aside under the lock of its attempt, or back among those that wait where what it waits for has come. Null where
   * the lock was lost.
   */
  suspend(hold: JobHold, how: JobSuspension): Promise<'delayed' | 'waiting' | null>;
  /** Keeps a signal for a job that has not ended, and has it go on where it is put aside for one of that name. */
  signal(queue: string, id: string, signal: Pick<SignalText, 'name' | 'text'>): Promise<SignalEnd>;
  /** Has a job go on that is put aside; false where it is not. */
  wake(queue: string, id: string): Promise<boolean>;
  /** Forgets steps of a job that failed, or waits for its next attempt; false where it does neither. */
  forget(queue: string, id: string, addresses: readonly string[]): Promise<boolean>;
}
