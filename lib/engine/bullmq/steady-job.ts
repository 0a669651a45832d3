import type { Job } from 'bullmq';
import { messageOf } from '../../errors/index.js';
import { AttemptFailure } from './attempt-record.js';
import type { BullmqLibrary } from './bullmq-library.js';
import type { StoredJob, TaskJob, TaskJobJson } from './stored-job.js';

type JobQueue = Parameters<typeof Job.fromJSON>[0];

/** Makes a job of what was fetched. */
export interface SteadyJobClass {
  read(queue: JobQueue, json: TaskJobJson, id: string): TaskJob;
}

/** What BullMQ takes for a server that is not there, whatever the server: it tries again until it is. */
const NOT_THERE = 'Connection is closed.';

const CONNECTION_CODES: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
];

/** PostgreSQL: connection exceptions, too few resources, shutdowns, a server that only reads. */
const POSTGRES_STATES = /^(?:08|53|57P|25006|40)/;
/** Redis: what it answers while it loads its file, is full, fails over or cannot write to its disk. */
const REDIS_REPLIES = /^(?:LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN)\b/;
/** The drivers' own words. */
const DRIVER_MESSAGES =
  /^(?:Connection terminated|Connection is closed|Client has encountered|Query read timeout|timeout e)|Socket timeout|Command timed out/;

/**
 * A job that tells the store's faults from the handler's. BullMQ tries again to store the end of an attempt where a
 * connection to Redis was refused; whatever else went wrong on the way, on PostgreSQL a connection that was cut, it
 * stores as the failure of the job. Here, what the runner did not say is not stored: the job stays with its lock, which
 * runs out, and is run again.
 */
export function steadyJob({ Job }: BullmqLibrary): SteadyJobClass {
  class SteadyJob extends Job<StoredJob, unknown, string> {
    /** Of the stored text. */
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
      if (!isBullmqs && !(failure instanceof AttemptFailure)) {
        throw new Error(
          `The end of an attempt of task "${this.id}" was not stored; it is run again when its lease is over.`,
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
  throw isStoreFault(error) ? new Error(NOT_THERE, { cause: error }) : error;
}

function isStoreFault(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  const message = messageOf(error);
  return (
    CONNECTION_CODES.includes(code) ||
    (typeof code === 'string' && POSTGRES_STATES.test(code)) ||
    REDIS_REPLIES.test(message) ||
    DRIVER_MESSAGES.test(message)
  );
}
