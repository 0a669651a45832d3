import type { Job } from 'bullmq';
import { messageOf } from '../../../contract/index.js';
import { AttemptError } from '../attempt-record.js';
import type { BullmqLibrary } from '../bullmq-library.js';
import { isServerFault } from '../connections/server-faults.js';
import { taskIdOf } from '../job-ids.js';
import type { StoredJob, TaskJob, TaskJobJson } from '../task-job.js';

type JobQueue = Parameters<typeof Job.fromJSON>[0];

/** Makes a job of what was fetched. */
export interface SteadyJobClass {
  read(queue: JobQueue, json: TaskJobJson, id: string): TaskJob;
}

/** The message that BullMQ takes for a server that is not there: it tries again until the server is. */
const NOT_THERE = 'Connection is closed.';

/**
 * A job that tells the store's faults from the handler's. BullMQ tries again to store the end of an attempt where a
 * connection to Redis was refused; whatever else went wrong on the way, on PostgreSQL a connection that was cut, it
 * stores as the failure of the job. Here, what the runner did not say is not stored: the job stays with its lock, which
 * runs out, and is run again.
 */
export function steadyJob({ Job }: BullmqLibrary): SteadyJobClass {
  class SteadyJob extends Job<StoredJob, unknown, string> {
    /** The params as the stored text. */
    declare paramsText: string;
    declare parsed: StoredJob | undefined;

    static read(queue: JobQueue, json: TaskJobJson, id: string): SteadyJob {
      const { data } = json;
      json.data = '{}';
      const job = super.fromJSON(queue, json, id) as SteadyJob;
      job.paramsText = data || '{}';
      job.parsed = undefined;
      return job;
    }

    /** Without a span for whoever traces, and without asking whether the server is there, which the answer tells. */
    override moveToCompleted(value: unknown, token: string, fetchNext = true): Promise<void | unknown[]> {
      return this.backend
        .moveToCompleted(this, value, this.opts.removeOnComplete!, token, fetchNext)
        .then(({ result, finishedOn }) => {
          this.finishedOn = finishedOn;
          this.attemptsMade += 1;
          return result;
        }, failSteadily);
    }

    override async moveToFailed(failure: Error, token: string, fetchNext?: boolean): Promise<void | unknown[]> {
      const isBullmqs = this.deferredFailure !== undefined;
      if (!isBullmqs && !(failure instanceof AttemptError)) {
        throw new Error(
          `The end of an attempt of task "${taskIdOf(this.id!)}" was not stored, so that it is run again when its lease is over: ` +
            messageOf(failure),
          { cause: failure },
        );
      }
      const stacks = [...(this.stacktrace ?? [])];
      try {
        return await super.moveToFailed(failure, token, fetchNext);
      } catch (error) {
        // The next try adds its stack again.
        this.stacktrace = stacks;
        return failSteadily(error);
      }
    }
  }
  // The runner takes params as text: only who asks for `data` has it parsed. BullMQ's constructor assigns it.
  Object.defineProperty(SteadyJob.prototype, 'data', {
    get(this: SteadyJob) {
      return (this.parsed ??= JSON.parse(this.paramsText) as StoredJob);
    },
    set(this: SteadyJob, data: StoredJob) {
      this.parsed = data;
    },
  });
  return SteadyJob;
}

function failSteadily(error: unknown): never {
  throw isServerFault(error) ? new Error(NOT_THERE, { cause: error }) : error;
}
