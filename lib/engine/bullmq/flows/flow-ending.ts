import { wallTime } from '../../../clock/index.js';
import type { WorkflowAnswer } from '../../port/index.js';
import type { Cancelled } from '../cancelled.js';
import { LookAgain } from '../chores.js';
import type { Happenings } from '../happenings.js';
import { jobIdOf, taskIdOf } from '../job-ids.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import type { Callers } from '../steps/callers.js';
import type { TaskJob } from '../task-job.js';
import type { Admission } from './admission.js';
import type { FlowFacts, FlowLog } from './flow-log.js';
import { endingNote } from './in-flow.js';
import { type FlowRecord, inOrder, flowRecordIn } from './flow-record.js';
import type { FlowReader } from './flow-reader.js';

/** Name of the job by which a workflow is ended: at its deadline, or where whoever cancelled it did not come to the end. */
export const ENDING = 'ending';

/** How often it is looked whether more can be ended: what waited for a task that ran can when that has ended. */
const LOOK_EVERY_MS = 1_000;
/** A workflow is stored after its deadline was noted: one that is not there so soon may be on its way to a store that is slow. */
const STORED_WITHIN_MS = 60_000;
/** Tasks that are ended beside each other. */
const AT_ONCE = 50;

type Reason = NonNullable<FlowFacts['ending']>;

export interface FlowEndingParts {
  readonly set: QueueSet;
  readonly log: FlowLog;
  readonly reader: FlowReader;
  readonly admission: Admission;
  readonly cancelled: Cancelled;
  readonly callers: Callers;
  readonly happenings: Happenings;
}

/**
 * Ends workflows before their tasks have ended. It is noted first: from then on nothing of it begins, as whoever takes a task of
 * it sees the note. What waits is cancelled then, and what runs is asked to stop; what waits for that is cancelled by whoever
 * takes it, or by the next look.
 */
export class FlowEnding {
  constructor(private readonly parts: FlowEndingParts) {}

  /** Sees to it that a workflow which is about to be stored is ended at its deadline. */
  async noteDeadline(id: string, deadlineAt: number): Promise<void> {
    await this.addJob(id, 'deadline', Math.max(0, deadlineAt - wallTime()));
  }

  async cancel(id: string): Promise<WorkflowAnswer> {
    const job = await this.parts.reader.find(id);
    if (!job) return { done: false, state: null };
    if (!(await this.isLive(job.id!))) {
      return { done: false, state: (await this.parts.reader.progress(id))?.state ?? null };
    }
    await this.addJob(id, 'cancelled', LOOK_EVERY_MS);
    await this.begin(job, 'cancelled');
    return { done: true, state: 'running' };
  }

  /** @throws where it is to be looked at again */
  async goOn({ data, timestamp: notedAt }: TaskJob): Promise<void> {
    const id = String(data.id);
    const job = await this.parts.reader.find(id);
    if (!job && wallTime() < notedAt + STORED_WITHIN_MS) throw new Error(`Workflow "${id}" may still be stored.`);
    if (!job || !(await this.isLive(job.id!))) return;
    await this.begin(job, data.reason as Reason);
    throw new LookAgain(LOOK_EVERY_MS, `Tasks of workflow "${id}" run.`);
  }

  private async addJob(id: string, reason: Reason, delay: number): Promise<void> {
    await this.parts.set.queue(FLOW_QUEUE).add(
      ENDING,
      { id, reason },
      // A second one of this kind is left out.
      { delay, jobId: `${ENDING}~${reason}~${jobIdOf(id)}`, removeOnComplete: true, removeOnFail: true },
    );
  }

  private async begin(job: TaskJob, reason: Reason): Promise<void> {
    const { log, cancelled } = this.parts;
    const id = taskIdOf(job.id!);
    if ((await log.read(job.id!)).ending === null) await log.addEnding(job.id!, reason);
    await cancelled.ask(endingNote(id));
    await this.endTasks(flowRecordIn(job));
  }

  private async isLive(id: string): Promise<boolean> {
    return (await this.parts.set.queue(FLOW_QUEUE).getJobState(id)) === 'waiting-children';
  }

  /** Those first that others wait for, which can be ended then. */
  private async endTasks({ nodes }: FlowRecord): Promise<void> {
    const depths: number[] = [];
    for (const place of inOrder(nodes)) {
      depths[place] = Math.max(0, ...nodes[place]!.after.map((other) => depths[other]! + 1));
    }
    for (let depth = 0; depth <= Math.max(...depths); depth += 1) {
      const tasks = nodes.flatMap(({ queue, ids }, place) =>
        depths[place] === depth ? ids.map((id) => ({ queue, id })) : [],
      );
      for (let start = 0; start < tasks.length; start += AT_ONCE) {
        await Promise.all(tasks.slice(start, start + AT_ONCE).map(({ queue, id }) => this.endTask(queue, jobIdOf(id))));
      }
    }
  }

  private async endTask(queue: string, id: string): Promise<void> {
    const { set, admission, cancelled, callers, happenings } = this.parts;
    const state = await set.queue(queue).getJobState(id);
    if (state === 'active') return cancelled.ask(id);
    if (!WAITING.includes(state)) return;
    const job: TaskJob | undefined = await set.queue(queue).getJob(id);
    if (!job) return;
    try {
      await admission.settle(queue, job);
      await cancelled.cancelWaiting(queue, job);
    } catch (error) {
      // A worker has taken it meanwhile, and sees itself that it is not to run.
      if ((await set.queue(queue).getJobState(id)) === state) throw error;
      return;
    }
    happenings.tell('cancelled', queue, job);
    await callers.tellOfEnd(job);
  }
}

const WAITING: readonly string[] = ['waiting', 'prioritized', 'delayed', 'paused'];
