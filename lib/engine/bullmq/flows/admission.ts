import type { NodeCondition, TaskTraits } from '../../../contract/index.js';
import type { Cancelled } from '../cancelled.js';
import { jobIdOf } from '../job-ids.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import { notesOf } from '../stored-job.js';
import type { TaskJob } from '../task-job.js';
import { childEnds, nodeEndOf, stateOfEnd } from './awaited-ends.js';
import { awaitedOf } from './flow-jobs.js';
import type { FlowLog, NodeEnd } from './flow-log.js';
import type { AwaitedNode, FlowNotes } from './flow-notes.js';
import { flowRecordIn } from './flow-record.js';
import { endingNote } from './in-flow.js';

/** Why a task of a workflow is not to run: that one is being ended, or the task's condition can hold no longer. */
export type Refused =
  | { readonly reason: 'ending' }
  | {
      readonly reason: 'condition';
      /** The node whose end keeps it from ever running. */
      readonly cause: { readonly place: number; readonly name: string };
    };

/**
 * Says of tasks of workflows whether they may run. BullMQ lets a job go on once all have ended that it waits for, in whatever
 * way: here it is seen in which, and noted beside the workflow, before anything becomes of the job.
 */
export class Admission {
  constructor(
    private readonly set: QueueSet,
    private readonly log: FlowLog,
    private readonly cancelled: Cancelled,
  ) {}

  /** Null where it may. Before its first attempt, and again where that did not come to its handler. */
  async refusalOf(queue: string, job: TaskJob): Promise<Refused | null> {
    const notes = notesOf(job);
    const { workflow } = notes.traits ?? {};
    if (!workflow) return null;
    // It is asked beside the rest: a job costs no more time for it.
    const [isEnding, refusal] = await Promise.all([
      this.cancelled.isAsked(endingNote(workflow.id)),
      notes.flow && (job.stacktrace ?? []).length === 0 ? this.judge(queue, job, workflow.id, notes.flow) : null,
    ]);
    return isEnding ? { reason: 'ending' } : refusal;
  }

  /** Notes how those have ended that the job has waited for, which does not wait any more and is about to be gone. */
  async settle(queue: string, job: TaskJob): Promise<void> {
    const { traits, flow } = notesOf(job);
    if (traits?.workflow && flow) await this.judge(queue, job, traits.workflow.id, flow);
  }

  private async judge(queue: string, job: TaskJob, workflow: string, flow: FlowNotes): Promise<Refused | null> {
    const awaited = flow.awaited ?? (await this.awaitedOf(workflow, flow.place));
    const children = await childEnds(this.set.flows, { queue, id: job.id! }, awaited);
    const ends = children.map((found, index): NodeEnd => {
      const end = nodeEndOf(found);
      // One that BullMQ knows nothing of was taken away by somebody.
      return { ...end, cancelled: end.cancelled + awaited[index]!.ids.length - found.size };
    });
    await this.log.addEnds(
      jobIdOf(workflow),
      ends.map((end, index) => [awaited[index]!.place, end]),
    );
    const states = ends.map(stateOfEnd);
    if (holds(flow.when, states)) return null;
    const found = flow.when === 'completed' ? states.findIndex((state) => state !== 'completed') : states.length - 1;
    const { place, name } = awaited[found]!;
    return { reason: 'condition', cause: { place, name } };
  }

  /** Of a task that waits for too many to note them itself, or for none that has a task. */
  private async awaitedOf(workflow: string, place: number): Promise<AwaitedNode[]> {
    const job: TaskJob | undefined = await this.set.queue(FLOW_QUEUE).getJob(jobIdOf(workflow));
    if (!job) throw new Error(`Workflow "${workflow}" is gone, of which task "${place}" is a part.`);
    const { nodes } = flowRecordIn(job);
    return nodes[place]!.after.map((other) => ({ place: other, ...awaitedOf(nodes[other]!) }));
  }
}

/** Whether a condition holds, where all that is waited for has ended. */
export function holds(when: NodeCondition, states: readonly string[]): boolean {
  if (when === 'ended') return true;
  return when === 'failed' ? states.includes('failed') : states.every((state) => state === 'completed');
}

/** Where the node stands whose end keeps a task from running. */
export function causeOf(refusal: Refused): number | undefined {
  return refusal.reason === 'condition' ? refusal.cause.place : undefined;
}

/** What a task says of itself that was refused; undefined where that is no more than that it was cancelled. */
export function refusedTraits(job: TaskJob, refusal: Refused): TaskTraits | undefined {
  const { workflow } = notesOf(job).traits ?? {};
  if (refusal.reason === 'ending' || !workflow) return undefined;
  return { reason: 'condition', workflow: { ...workflow, cause: refusal.cause.name } };
}
