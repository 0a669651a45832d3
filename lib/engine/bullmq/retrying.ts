import { wallTime } from '../../clock/index.js';
import type { TaskTraits } from '../../contract/index.js';
import { withoutLapsed } from '../common/index.js';
import { recordsIn } from './attempt-record.js';
import type { BullmqStore } from './bullmq-store.js';
import { cancelledNotes } from './cancelled.js';
import { addJobWithSteps } from './add-jobs.js';
import { withoutSteps } from './steps/stepped-opts.js';
import { hasTexts, type StepTexts } from './steps/stored-steps.js';
import { notesOf } from './stored-job.js';
import type { Listed } from './task-lists.js';
import type { TaskJob } from './task-job.js';
import { withoutPast } from './transfer/carried.js';
import { runNow } from './waiting-jobs.js';

/** What is on record of a task that is to run again, and what is left of it. */
export interface KeptSteps {
  readonly texts: StepTexts;
  readonly left: StepTexts;
}

/** Has tasks run again, by BullMQ's own moves. */
export class Retrying {
  constructor(private readonly store: BullmqStore) {}

  /** @throws where the job has moved on meanwhile */
  async retry({ queue, job, state }: Listed, kept: KeptSteps | null = null): Promise<void> {
    if (state === 'cancelled') return this.revive(queue, job, kept);
    if (kept) await this.forget(queue, job, kept);
    if (state === 'failed') return this.retryFailed(queue, job);
    const { set } = this.store.opened;
    const { traits } = notesOf(job);
    if (traits?.steps) await set.waiting.setTraits(queue, job.id!, anew(traits));
    await runNow(set, queue, job);
  }

  private async forget(queue: string, job: TaskJob, { texts, left }: KeptSteps): Promise<void> {
    const gone = Object.keys(texts.steps).filter((address) => !(address in left.steps));
    if (await this.store.opened.set.steps.forget(queue, job.id!, gone)) return;
    throw new Error(`Task "${job.id}" has moved on.`);
  }

  /** BullMQ on PostgreSQL drops the stacks of a job that is retried: there, the log keeps what they tell. */
  private async retryFailed(queue: string, job: TaskJob): Promise<void> {
    const { set, cancelled } = this.store.opened;
    if (!set.keepsStacks) for (const record of recordsIn(job.stacktrace)) await job.log(JSON.stringify(record));
    // The request to stop came before it failed.
    await cancelled.unask(job.id!);
    const { traits } = notesOf(job);
    if (traits) await this.liveAgain(queue, job, traits);
    await job.retry('failed', { resetAttemptsMade: true });
  }

  /** A time that is over binds a task no more that somebody has retried. */
  private async liveAgain(queue: string, job: TaskJob, traits: TaskTraits): Promise<void> {
    const { set, lapses } = this.store.opened;
    const left = anew(withoutLapsed(traits, wallTime()));
    await set.waiting.setTraits(queue, job.id!, left);
    await lapses.noteJob(queue, job, left);
  }

  /** Attempts before it was cancelled are not carried over: BullMQ begins to count with a job's first. */
  private async revive(queue: string, job: TaskJob, kept: KeptSteps | null): Promise<void> {
    const { cancelled: _cancelled, ...opts } = job.opts as typeof job.opts & { cancelled?: unknown };
    if (!cancelledNotes(job)) throw new Error(`Task "${job.id}" has no notes of its cancellation.`);
    const { set, lapses } = this.store.opened;
    const { traits } = notesOf(job);
    const left = traits && anew(withoutLapsed(traits, wallTime()));
    if (left) await lapses.noteJob(queue, job, left);
    const past = withoutSteps(withoutPast(opts)) as typeof opts & { readonly task?: object };
    const anewOpts = { ...past, ...(left && { task: { ...past.task, traits: left } }), jobId: job.id! };
    const texts = kept?.left ?? (await set.steps.read(set.cancelledOf(queue).name, job.id!));
    if (hasTexts(texts)) await addJobWithSteps(set, queue, { ...newJobOf(job), opts: anewOpts }, texts);
    else await set.queue(queue).add(job.name, job.data, { ...anewOpts, timestamp: job.timestamp });
    await job.remove();
  }
}

function newJobOf({ id, name, data, timestamp }: TaskJob) {
  return { id: id!, name, data: JSON.stringify(data), timestamp };
}

/** What it calls, and has failed, is called anew. */
function anew(traits: TaskTraits): TaskTraits {
  return traits.steps ? { ...traits, generation: (traits.generation ?? 0) + 1 } : traits;
}
