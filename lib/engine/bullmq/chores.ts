import { wallTime } from '../../clock/index.js';
import type { QueueSet } from './queue-set.js';
import type { TaskJob } from './task-job.js';

/**
 * How often a process may die that has such a job in hand, before BullMQ gives the job up: the greatest count that fits
 * into a column of PostgreSQL.
 */
export const WITHOUT_END = 2 ** 31 - 1;

/** Thrown by a chore that is to come again, where that is not after the time that its worker has for all. */
export class LookAgain extends Error {
  /** @param delay in milliseconds */
  constructor(
    readonly delay: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * What a worker does with jobs of the library itself, such as ticks. One that fails is put back and comes again `delay`
 * milliseconds later, until it succeeds: BullMQ's own retries are for what the runner says of a handler's error.
 * What `work` resolves to is the job's return value.
 * @param onError is told why, each time
 */
export function untilDone(
  set: QueueSet,
  delay: number,
  work: (job: TaskJob) => Promise<unknown>,
  onError: (error: unknown) => void = () => undefined,
): (job: unknown, token?: string) => Promise<unknown> {
  return async (given, token) => {
    const job = given as TaskJob;
    try {
      return await work(job);
    } catch (error) {
      onError(error);
      await job.moveToDelayed(wallTime() + (error instanceof LookAgain ? error.delay : delay), token);
      throw new set.library.DelayedError();
    }
  };
}
