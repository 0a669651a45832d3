import type { Worker } from 'bullmq';
import { sleep } from '../../../clock/index.js';
import type { BullmqLibrary } from '../bullmq-library.js';
import { AGAIN_MS } from '../until-stored.js';
import { steadyJob } from './steady-job.js';
import type { StoredJob, TaskJob, TaskJobJson } from '../task-job.js';

export type TaskWorkerClass = typeof Worker<StoredJob, unknown, string>;

/** A job whose handler was called: how it ended, for whoever asks again. */
type CalledJob = TaskJob & { ended?: Promise<unknown> };

/**
 * BullMQ's worker, on a shorter way. The original makes some forty promises for a job, most of them for traces that
 * nobody takes and for trying again what went well. Here a job that completes goes straight to the end of its attempt,
 * which brings the next job, and that one follows in the same loop. Whatever comes otherwise (an error, a failure that
 * BullMQ decided on, a job of a scheduler) is left to the original, which finds the handler already called.
 */
export function taskWorker(library: BullmqLibrary): TaskWorkerClass {
  const SteadyJob = steadyJob(library);

  return class extends library.Worker<StoredJob, unknown, string> {
    private hadJob = false;
    /** Whether it was refused when it asked for a job: there may be one of which nothing tells it any more. */
    private wasRefused = false;

    override async processJob(first: TaskJob, token: string, fetchNext?: () => boolean): Promise<void | TaskJob> {
      let job = first;
      for (;;) {
        if (job.deferredFailure) return super.processJob(job, token, fetchNext);
        this.lockManager.trackJob(job.id!, token, job.processedOn!);
        let next: void | TaskJob;
        try {
          const result = await this.callProcessJob(job, token);
          this.lockManager.untrackJob(job.id!);
          next = await this.handleCompleted(result, job, token, fetchNext);
        } catch {
          return super.processJob(job, token, fetchNext);
        }
        if (!next) return;
        job = next;
      }
    }

    /** The original asks for a job all the same where it waited for one when it was paused, and gets what was handed back. */
    protected override async moveToActive(token: string, name?: string): Promise<TaskJob> {
      if (this.paused) return undefined as never;
      try {
        const job = await super.moveToActive(token, name);
        this.wasRefused = false;
        return job;
      } catch (error) {
        this.wasRefused = true;
        // The original would ask again at once, and again.
        await sleep(AGAIN_MS);
        throw error;
      }
    }

    /**
     * The original forgets when the next job is due once it could not wait for it, and waits for as long as it may: what came
     * due, or was there before, would be late by that. Here it asks first.
     */
    protected override getBlockTimeout(blockUntil: number): number {
      return this.wasRefused || blockUntil === Infinity ? 0 : super.getBlockTimeout(blockUntil);
    }

    protected override callProcessJob(job: CalledJob, token: string, signal?: AbortSignal): Promise<unknown> {
      return (job.ended ??= super.callProcessJob(job, token, signal));
    }

    protected override nextJobFromJobData(data?: TaskJobJson, id?: string, token?: string): Promise<TaskJob> {
      if (data?.repeatJobKey) return this.tickFromJobData(data, id, token);
      // The original notes whether there was a job; what it noted stands until that changes.
      const isNews = this.hadJob !== Boolean(data);
      this.hadJob = Boolean(data);
      if (!data || isNews) return super.nextJobFromJobData(data, id, token);
      const job = this.createJob(data, id!);
      job.token = token!;
      return Promise.resolve(job);
    }

    /**
     * The original plans the next tick first. Where the store cannot take that, it leaves the job locked, to be found stalled
     * after two leases: until then the schedule is silent. Here it is tried until it is planned.
     */
    private async tickFromJobData(data: TaskJobJson, id?: string, token?: string): Promise<TaskJob> {
      this.hadJob = true;
      for (;;) {
        // A copy: what is made a job of has no params any more.
        const job = await super.nextJobFromJobData({ ...data }, id, token);
        if (job || this.closing) return job;
        await sleep(AGAIN_MS);
      }
    }

    protected override createJob(data: TaskJobJson, id: string): TaskJob {
      return SteadyJob.read(this, data, id);
    }
  };
}
