import { monotonicTime, sleep, wallTime } from '../../clock/index.js';
import { attemptRecord, stacksWith } from './ended-attempt.js';
import type { QueueSet } from './queue-set.js';
import type { RunningJob } from './running-job.js';
import type { TaskJob } from './task-job.js';

/** For so long no other one may have come before one begins: a worker may have been given more of them by then. */
const QUIET_MS = 250;

export interface LastChanceParts {
  readonly set: QueueSet;
  readonly queue: string;
  readonly workerId: string;
  /** In milliseconds; those that are put back come again after so long. */
  readonly lease: number;
  readonly maxLostAttempts: number;
}

/**
 * Of the tasks that fail if they are lost once more, a process runs one at a time. What was lost together comes back together,
 * and one task that kills its process would take those beside it along each time: until all of them fail.
 *
 *     comes ──none is in hand──> in hand ──none has come for a while──> runs
 *           ──one is in hand───> put back, for later or for another process; that attempt does not count
 */
export class LastChance {
  private inHand: RunningJob | null = null;
  private lastCame = 0;
  private leaving = 0;

  constructor(private readonly parts: LastChanceParts) {}

  isFor({ stalledCounter }: TaskJob): boolean {
    return stalledCounter >= Math.max(this.parts.maxLostAttempts - 1, 1);
  }

  /** Calls `run` for the one; throws what tells BullMQ that another was put back. */
  async take(running: RunningJob, run: () => Promise<unknown>): Promise<unknown> {
    this.lastCame = monotonicTime();
    if (this.inHand) return this.putBack(running);
    this.inHand = running;
    try {
      await this.quiet();
      return await run();
    } finally {
      this.inHand = null;
    }
  }

  private async quiet(): Promise<void> {
    const latest = monotonicTime() + this.parts.lease;
    for (;;) {
      const now = monotonicTime();
      const wait = this.lastCame + QUIET_MS - now;
      if ((wait <= 0 && this.leaving === 0) || now >= latest) return;
      await sleep(Math.max(wait, 10));
    }
  }

  private async putBack(running: RunningJob): Promise<never> {
    const { set, queue, workerId, lease } = this.parts;
    const { job, token } = running;
    this.leaving += 1;
    try {
      await set.queue(queue).backend.moveToDelayed(job.id!, wallTime(), lease, token, {
        skipAttempt: true,
        fieldsToUpdate: stacksWith(job, attemptRecord(workerId, running, 'released')),
      });
    } finally {
      this.leaving -= 1;
    }
    throw new set.library.DelayedError();
  }
}
