import { wallTime } from '../../clock/index.js';
import { DeadlineError, hasEnded, type TaskTraits } from '../../contract/index.js';
import { lapseOf } from '../common/index.js';
import type { EngineContext, NewTask } from '../port/index.js';
import { addJobs } from './add-jobs.js';
import type { Cancelled } from './cancelled.js';
import { ChoreWorker } from './chore-worker.js';
import { LookAgain, untilDone, WITHOUT_END } from './chores.js';
import { hasBegun } from './declined.js';
import { taskFollowing } from './following.js';
import type { Admission } from './flows/admission.js';
import type { Happenings } from './happenings.js';
import { jobIdOf } from './job-ids.js';
import { stateOf } from './job-view.js';
import { keeping } from './keeping.js';
import { CALLS_CHORE, LAPSES_USED, LapseJobs } from './lapse-jobs.js';
import { LAPSE_QUEUE } from './queue-names.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import type { Callers } from './steps/callers.js';
import type { JobHold } from './steps/step-rows.js';
import { notesOf } from './stored-job.js';
import type { NewJob, TaskJob } from './task-job.js';

/** A task is stored after its time was noted: one that is not there so soon may be on its way to a store that is slow. */
const STORED_WITHIN_MS = 60_000;
/** A task that runs when its time comes is looked at again and again, until its end: its signal is aborted by then. */
const LOOK_AGAIN_MS = 500;
/** The same for one that waits for others of its workflow, until which nothing can be done to it. */
const BLOCKED_MS = 2_000;
/**
 * How often it is looked whether tasks have ended that a suspended one has called: what they do themselves as they end, unless a
 * process dies in between.
 */
const LOOK_AT_CALLS_MS = 30_000;
/**
 * How long a job that is failed by hand is kept from being taken for one whose worker is dead: until whoever looks again
 * goes on with it, where the one who took it did not come to its end.
 */
const LOCK_MS = 180_000;

export interface LapsesParts {
  readonly set: QueueSet;
  readonly registry: Registry;
  readonly cancelled: Cancelled;
  readonly happenings: Happenings;
  readonly callers: Callers;
  readonly admission: Admission;
  readonly enqueue: (tasks: readonly NewTask[]) => Promise<unknown>;
}

/**
 * Ends tasks that have not started by their `startBy`, or wait when their deadline comes. BullMQ has nothing of that kind, so
 * there is a small delayed job for each such task in a queue that is shown nowhere. It is stored before the task: a process
 * that dies in between leaves one that finds nothing. Every process of the store works on that queue once it knows that it
 * is used, with workers of its own or without.
 */
export class Lapses {
  private readonly worker: ChoreWorker;
  private readonly jobs: LapseJobs;

  constructor(
    private readonly context: Pick<EngineContext, 'keepFor' | 'keepAtMost'>,
    private readonly parts: LapsesParts,
  ) {
    const { set, registry } = parts;
    this.jobs = new LapseJobs(set, registry);
    const work = untilDone(set, LOOK_AGAIN_MS, (job) =>
      job.name === CALLS_CHORE ? this.lookAtCalls(job) : this.lapse(job),
    );
    this.worker = new ChoreWorker(set, registry, LAPSES_USED, () =>
      set.worker(LAPSE_QUEUE, work, {
        concurrency: 8,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 100 },
        maxStalledCount: WITHOUT_END,
      }),
    );
  }

  /** Takes part from now on, or as soon as any process uses it. */
  open(): Promise<void> {
    return this.worker.open();
  }

  close(): Promise<void> {
    return this.worker.close();
  }

  /** The jobs that see to it that those tasks end in time that have one: the caller adds them before the tasks, or with them. */
  jobsOf(queue: string, tasks: readonly NewTask[]): Promise<readonly NewJob[]> {
    return this.lapsing(
      queue,
      tasks.map(({ id, traits }) => [jobIdOf(id), traits, false]),
    );
  }

  /** Adds {@link jobsOf} those tasks. */
  async note(queue: string, tasks: readonly NewTask[]): Promise<void> {
    await this.add(await this.jobsOf(queue, tasks));
  }

  /** As {@link note}, for a job that is there. */
  async noteJob(queue: string, job: TaskJob, traits: TaskTraits): Promise<void> {
    await this.add(await this.lapsing(queue, [[job.id!, traits, hasBegun(job)]]));
  }

  private async lapsing(...of: Parameters<LapseJobs['of']>): Promise<readonly NewJob[]> {
    const jobs = await this.jobs.of(...of);
    if (jobs.length > 0) this.worker.start();
    return jobs;
  }

  private async add(jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length > 0) await addJobs(this.parts.set, LAPSE_QUEUE, jobs);
  }

  /** Sees to it that a job which is about to be put aside for tasks that it has called goes on when they have ended. */
  async watchCalls(hold: JobHold): Promise<void> {
    await this.jobs.addCalls(hold, LOOK_AT_CALLS_MS);
    this.worker.start();
  }

  private async lookAtCalls({ data: { queue, id, started } }: TaskJob): Promise<void> {
    if (await this.parts.callers.look(String(queue), String(id), Number(started))) return;
    throw new LookAgain(LOOK_AT_CALLS_MS, `Task "${String(id)}" waits for others.`);
  }

  /** @throws where it is to be looked at again */
  private async lapse({ id: look, data, timestamp: notedAt }: TaskJob): Promise<void> {
    const [queue, id] = [String(data.queue), String(data.id)];
    const job: TaskJob | undefined = await this.parts.set.queue(queue).getJob(id);
    if (!job && wallTime() < notedAt + STORED_WITHIN_MS) throw new Error(`Task "${id}" may still be stored.`);
    const traits = job && notesOf(job).traits;
    if (!job || !traits) return;
    const state = stateOf(await job.getState(), job);
    if (hasEnded(state)) return;
    const reason = lapseOf(traits, hasBegun(job), wallTime());
    if (reason === null) return this.noteJob(queue, job, traits);
    if (state === 'blocked') throw new LookAgain(BLOCKED_MS, `Task "${id}" waits for others of its workflow.`);
    if (reason === 'deadline') return this.fail(queue, job, traits, `lapse:${look}`);
    if (state === 'running') throw new Error(`Task "${id}" runs.`);
    await this.expire(queue, job);
  }

  private async expire(queue: string, job: TaskJob): Promise<void> {
    const { cancelled, happenings, admission } = this.parts;
    await admission.settle(queue, job);
    // A worker that has taken it meanwhile sees itself that its time is over.
    await cancelled.cancelWaiting(queue, job, { reason: 'expired' });
    happenings.tell('cancelled', queue, job);
    await this.parts.callers.tellOfEnd(job);
  }

  /**
   * BullMQ fails what runs alone: the job is taken as a worker would, in whichever state it waits, paused or not.
   * @param token the same each time it is looked at, so that one who did not come to the end is followed up
   */
  private async fail(queue: string, job: TaskJob, traits: TaskTraits, token: string): Promise<void> {
    const { set, happenings, admission } = this.parts;
    if (!(await set.waiting.seize(queue, job.id!, token, LOCK_MS))) throw new Error(`Task "${job.id}" runs.`);
    await admission.settle(queue, job);
    await set.waiting.setTraits(queue, job.id!, { ...traits, reason: 'deadline' });
    const error = new DeadlineError(traits.deadlineAt!);
    const reported = { name: error.name, message: error.message };
    const following = taskFollowing(job, queue, reported, { ...traits, reason: 'deadline' });
    if (following) await this.parts.enqueue([following]);
    // No attempt failed with it: those on record stay as they are.
    error.stack = '';
    const { keepFor, keepAtMost } = this.context;
    job.opts.attempts = 0;
    job.opts.removeOnFail = keeping(queue, 'failed', keepFor(queue, 'failed'), keepAtMost);
    await job.moveToFailed(error, token, false);
    happenings.tell('failed', queue, job, reported);
    await this.parts.callers.tellOfEnd(job);
  }
}
