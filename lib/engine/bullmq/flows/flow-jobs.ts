import type { JobsOptions } from 'bullmq';
import type { NewNode, NewTask, NewWorkflow } from '../../port/index.js';
import { jobIdOf } from '../job-ids.js';
import { FLOW_QUEUE } from '../queue-names.js';
import { storedPriority, toData, toJob } from '../stored-job.js';
import type { NewJob } from '../task-job.js';
import { type AwaitedNode, type FlowNotes, MAX_NOTED } from './flow-notes.js';
import { FLOW, type FlowNode, type FlowRecord } from './flow-record.js';

/** Where a job of BullMQ stands. */
export interface JobPlace {
  readonly queue: string;
  readonly id: string;
}

/** A job of a tree, in the order in which they are stored: none before the one that waits for it. */
export interface FlowJob {
  readonly queue: string;
  readonly job: NewJob;
  /** The one that waits for it. */
  readonly parent: JobPlace | null;
  /** Whether it waits for others itself. */
  readonly waits: boolean;
}

/** The jobs of a workflow: its own first, which waits for the last nodes, and then the trees of those. */
export function flowJobs(workflow: NewWorkflow, followers: ReadonlyArray<number | null>, call: string): FlowJob[] {
  const { id, name, tags, createdAt, deadlineAt, nodes } = workflow;
  const listed = nodes.map((node, place): FlowNode => ({
    ...pick(node),
    follower: followers[place]!,
    ids: node.tasks.map((task) => task.id),
  }));
  const record: FlowRecord = { name, tags, deadlineAt, nodes: listed };
  const opts = { task: { call } } as NewJob['opts'];
  const own: JobPlace = { queue: FLOW_QUEUE, id: jobIdOf(id) };
  const taskCount = nodes.reduce((sum, { tasks }) => sum + tasks.length, 0);
  const jobs: FlowJob[] = [
    {
      queue: own.queue,
      job: { id: own.id, name: FLOW, data: toData(JSON.stringify(record)), opts, timestamp: createdAt },
      parent: null,
      waits: taskCount > 0,
    },
  ];
  for (const place of fromTheLast(listed)) {
    const node = nodes[place]!;
    const follower = followers[place]!;
    const first = follower === null ? null : nodes[follower]!.tasks[0]!;
    const parent = first ? { queue: first.queue, id: jobIdOf(first.id) } : own;
    const awaited = node.after
      .map((other): AwaitedNode => ({ place: other, ...awaitedOf(listed[other]!) }))
      .filter(({ ids }) => ids.length > 0);
    const notes = node.after.length === 0 ? undefined : notesOf(node, place, awaited);
    for (const task of node.tasks) {
      jobs.push({ queue: task.queue, job: jobOf(task, node, notes), parent, waits: awaited.length > 0 });
    }
  }
  return jobs;
}

export function awaitedOf({ name, queue, ids }: FlowNode): Omit<AwaitedNode, 'place'> {
  return { name, queue, ids };
}

function pick({ name, kind, queue, task, when, after }: NewNode) {
  return { name, kind, queue, task, when, after };
}

function notesOf({ when }: NewNode, place: number, awaited: readonly AwaitedNode[]): FlowNotes {
  const count = awaited.reduce((sum, { ids }) => sum + ids.length, 0);
  // Redis gives an empty list back as an object.
  const isNoted = count > 0 && count <= MAX_NOTED;
  return { when, place, ...(isNoted && { awaited }) };
}

function jobOf(task: NewTask, { delay }: NewNode, flow: FlowNotes | undefined): NewJob {
  const { opts, ...job } = toJob(task);
  const { delay: _delay, ...others } = opts as JobsOptions & { task: object };
  const own = {
    ...others,
    task: { ...others.task, ...(flow && { flow }) },
    priority: storedPriority(task.priority),
    // A failed one lets those go on that wait for it, which see what has become of it.
    ignoreDependencyOnFailure: true,
    ...(delay > 0 && { delay }),
  };
  return { ...job, opts: own };
}

/** Nodes with those first that wait for others. */
function fromTheLast(nodes: readonly FlowNode[]): number[] {
  const order = nodes.flatMap(({ follower }, place) => (follower === null ? [place] : []));
  // Grows as it is gone through.
  for (const place of order) order.push(...nodes[place]!.after);
  return order;
}
