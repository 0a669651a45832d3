import type { Job, Worker } from 'bullmq';
import type { BullmqLibrary } from './bullmq-library.js';
import { steadyJob } from './steady-job.js';

type AnyWorker = Worker<any, any, string>;
type AnyJob = Job<any, any, string>;

/** A job whose handler was called: how it ended, for whoever asks again. */
type Called = AnyJob & { ended?: Promise<unknown> };

/**
 * BullMQ's worker, on a shorter way. The original makes some forty promises for a job, most of them for traces that
 * nobody takes and for trying again what went well. Here a job that completes goes straight to the end of its attempt,
 * which brings the next job, and that one follows in the same loop. Whatever comes otherwise (an error, a failure that
 * BullMQ decided on, a job of a scheduler) is left to the original, which finds the handler already called.
 */
export function taskWorker(library: BullmqLibrary): BullmqLibrary['Worker'] {
  const SteadyJob = steadyJob(library);
  const Original = library.Worker as unknown as typeof Worker<any, any, string>;
  class TaskWorker extends Original {
    override async processJob(
      job: AnyJob,
      token: string,
      fetchNext: () => boolean = () => true,
    ): Promise<void | AnyJob> {
      let current = job;
      for (;;) {
        if (current.deferredFailure) return super.processJob(current, token, fetchNext);
        this.lockManager.trackJob(current.id!, token, current.processedOn!);
        let next: AnyJob | void;
        try {
          const result = await this.callProcessJob(current, token);
          this.lockManager.untrackJob(current.id!);
          next = await this.handleCompleted(result, current, token, fetchNext);
        } catch {
          return super.processJob(current, token, fetchNext);
        }
        if (!next) return;
        current = next;
      }
    }

    protected override callProcessJob(job: AnyJob, token: string, signal?: AbortSignal): Promise<unknown> {
      return ((job as Called).ended ??= super.callProcessJob(job, token, signal));
    }

    protected override createJob(...[data, id]: Parameters<AnyWorker['createJob']>): AnyJob {
      return SteadyJob.fromJSON(this as never, data, id) as AnyJob;
    }
  }
  return TaskWorker as never;
}
