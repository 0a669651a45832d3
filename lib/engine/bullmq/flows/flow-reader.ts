import {
  MAX_EDGES_SHOWN,
  MAX_NODES_LISTED,
  type NodeState,
  type Workflow,
  type WorkflowNode,
  type WorkflowProgress,
  type WorkflowSummary,
} from '../../../contract/index.js';
import type { ResultsPage, WorkflowEnd } from '../../port/index.js';
import { jobIdOf, taskIdOf } from '../job-ids.js';
import { resultOfJob } from '../job-result.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import type { TaskJob } from '../task-job.js';
import type { TaskLists } from '../task-lists.js';
import type { JobView } from '../job-view.js';
import { childEnds, nodeEndOf } from './awaited-ends.js';
import type { JobPlace } from './flow-jobs.js';
import type { FlowFacts, FlowLog, NodeEnd } from './flow-log.js';
import { flowEndIn, FLOW, type FlowEnd, type FlowNode, type FlowRecord, flowRecordIn } from './flow-record.js';
import { endedOf, type NodeNow, nodesNow, outcomeOf } from './node-states.js';

/** Results that are read together. */
const MAX_RESULTS = 200;

/** A workflow as it is now. */
export interface FlowNow {
  readonly job: TaskJob;
  readonly record: FlowRecord;
  readonly facts: FlowFacts;
  readonly nodes: readonly NodeNow[];
  readonly progress: WorkflowProgress;
  /** Place of the node by which it has not completed. */
  readonly at: number | null;
}

export interface FlowReaderParts {
  readonly set: QueueSet;
  readonly log: FlowLog;
  readonly lists: TaskLists;
  readonly view: JobView;
}

/**
 * Reads workflows: what they are stands in the workflow's job, how far they are in BullMQ's marks of children that have ended,
 * in the job that waits for them, or noted beside the workflow where that job has gone on.
 */
export class FlowReader {
  constructor(private readonly parts: FlowReaderParts) {}

  async progress(id: string): Promise<WorkflowProgress | null> {
    return (await this.read(id))?.progress ?? null;
  }

  async get(id: string): Promise<Workflow | null> {
    const flow = await this.read(id);
    return flow && { ...flowSummary(flow), listed: listedNodes(flow) };
  }

  /** Of one that runs no more than that: whoever waits for the end asks again and again. */
  async end(id: string): Promise<WorkflowEnd | null> {
    const state = await this.queue.getJobState(jobIdOf(id));
    if (state === 'unknown') return null;
    if (state === 'waiting-children') return { name: '', state: 'running', failed: null, last: [] };
    const flow = await this.read(id);
    if (!flow) return null;
    const { record, progress, at } = flow;
    const last = record.nodes.filter(({ follower }) => follower === null).map(({ name, kind }) => ({ name, kind }));
    return {
      name: record.name,
      state: progress.state,
      failed: progress.state === 'failed' && at !== null ? await this.failureOf(flow, at) : null,
      last: progress.state === 'completed' ? last : [],
    };
  }

  /** What tasks of nodes of one name returned. `after`: how many were read before. */
  async results(id: string, name: string, after: number | null): Promise<ResultsPage> {
    const job = await this.find(id);
    if (!job) return { results: [], next: null };
    const { nodes } = flowRecordIn(job);
    const start = after ?? 0;
    const wanted = nodes.flatMap((node, place) =>
      node.name === name ? node.ids.map((taskId) => ({ place, taskId })) : [],
    );
    const page = wanted.slice(start, start + MAX_RESULTS);
    const results: Array<ResultsPage['results'][number]> = [];
    for (const place of new Set(page.map((one) => one.place))) {
      const ids = page.filter((one) => one.place === place).map(({ taskId }) => taskId);
      results.push(...(await this.resultsOf(job, nodes, place, ids)));
    }
    const next = start + page.length;
    return { results, next: next < wanted.length ? next : null };
  }

  async read(id: string): Promise<FlowNow | null> {
    const job = await this.find(id);
    return job ? this.now(job) : null;
  }

  async now(job: TaskJob): Promise<FlowNow> {
    const record = flowRecordIn(job);
    const { nodes } = record;
    const [facts, state] = await Promise.all([this.parts.log.read(job.id!), this.queue.getJobState(job.id!)]);
    const isOver = state !== 'waiting-children';
    const now = await nodesNow(nodes, facts, (places) => this.look(job, nodes, places), isOver);
    const outcome = isOver ? outcomeOf(nodes, now, facts) : null;
    const counts: Record<NodeState, number> = { blocked: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
    for (const node of now) counts[node.state] += 1;
    const total = nodes.reduce((sum, { ids }) => sum + ids.length, 0);
    const ended = now.reduce((sum, { end }) => sum + endedOf(end), 0);
    const progress: WorkflowProgress = {
      id: taskIdOf(job.id!),
      name: record.name,
      ...progressBy({ state: outcome?.state ?? 'running', nodes: counts, tasks: { total, ended } }),
    };
    return { job, record, facts, nodes: now, progress, at: outcome?.at ?? null };
  }

  async find(id: string): Promise<TaskJob | null> {
    const job: TaskJob | undefined = await this.queue.getJob(jobIdOf(id));
    return job?.name === FLOW ? job : null;
  }

  /** By the marks in the job that waits for the nodes; null where that is gone. */
  private async look(
    job: TaskJob,
    nodes: readonly FlowNode[],
    places: readonly number[],
  ): Promise<Array<NodeEnd | null>> {
    const parent = parentOf(job, nodes, places[0]!);
    const asked = places.map((place) => nodes[place]!);
    const found = await childEnds(this.parts.set.flows, parent, asked);
    if (found.some((ends) => ends.size > 0)) return found.map(nodeEndOf);
    const state = await this.parts.set.queue(parent.queue).getJobState(parent.id);
    return state === 'unknown' ? places.map(() => null) : found.map(nodeEndOf);
  }

  private async resultsOf(
    job: TaskJob,
    nodes: readonly FlowNode[],
    place: number,
    ids: readonly string[],
  ): Promise<ResultsPage['results']> {
    const { set } = this.parts;
    const { queue } = nodes[place]!;
    const [ends] = await childEnds(set.flows, parentOf(job, nodes, place), [{ queue, ids }]);
    return Promise.all(
      ids.map(async (taskId) => {
        const end = ends!.get(taskId);
        if (end) {
          const completed = end.state === 'completed';
          return { taskId, completed, result: completed ? end.result : null };
        }
        // The job that it was handed to is gone: it may be kept by its queue.
        const own: TaskJob | undefined = await set.queue(queue).getJob(jobIdOf(taskId));
        const completed = own?.finishedOn !== undefined && own.failedReason === undefined;
        return { taskId, completed, result: completed ? resultOfJob(own, null) : null };
      }),
    );
  }

  private async failureOf({ record, nodes }: FlowNow, at: number): Promise<WorkflowEnd['failed']> {
    const { lists, view } = this.parts;
    const node = record.nodes[at]!;
    const id = nodes[at]!.end.failedTask;
    if (id === undefined) return { node: node.name, task: null };
    const found = await lists.findIn(node.queue, id);
    const error = found && view.summary(found.queue, found.job, found.state).error;
    return { node: node.name, task: { id, name: node.task, error: error ?? null } };
  }

  private get queue() {
    return this.parts.set.queue(FLOW_QUEUE);
  }
}

/** The summary of one that has ended, by what was noted then. */
export function endedSummary(job: TaskJob, record: FlowRecord, end: FlowEnd): WorkflowSummary {
  const progress = { id: taskIdOf(job.id!), name: record.name, ...progressBy(end.progress) };
  return withTimes(job, record, progress, end.finishedAt, end.ending);
}

export function flowSummary({ job, record, facts, progress }: FlowNow): WorkflowSummary {
  const finishedAt = flowEndIn(job)?.finishedAt ?? null;
  return withTimes(job, record, progress, finishedAt, facts.ending);
}

function withTimes(
  job: TaskJob,
  { tags, deadlineAt }: FlowRecord,
  progress: WorkflowProgress,
  finishedAt: number | null,
  ending: FlowFacts['ending'],
): WorkflowSummary {
  return {
    ...progress,
    ...(tags && { tags }),
    createdAt: job.timestamp,
    finishedAt,
    deadlineAt,
    ...(ending && { reason: ending }),
  };
}

function progressBy({ state, nodes, tasks }: FlowEnd['progress']): Omit<WorkflowProgress, 'id' | 'name'> {
  const percent = state !== 'running' || tasks.total === 0 ? 100 : Math.floor((100 * tasks.ended) / tasks.total);
  return { state, percent, nodes, tasks };
}

/** The job that waits for the tasks of a node. */
function parentOf(job: TaskJob, nodes: readonly FlowNode[], place: number): JobPlace {
  const { follower } = nodes[place]!;
  if (follower === null) return { queue: FLOW_QUEUE, id: job.id! };
  return { queue: nodes[follower]!.queue, id: jobIdOf(nodes[follower]!.ids[0]!) };
}

function listedNodes({ record, nodes, facts }: FlowNow): WorkflowNode[] {
  const all = record.nodes.map((_, number) => number);
  const atIssue = (state: NodeState): number[] =>
    all.filter((number) => nodes[number]!.state === state).slice(0, MAX_NODES_LISTED / 4);
  const first = all.length > MAX_NODES_LISTED ? (['failed', 'running', 'cancelled'] as const).flatMap(atIssue) : [];
  const chosen = new Set([...first, ...all].slice(0, MAX_NODES_LISTED + first.length));
  return [...chosen]
    .slice(0, MAX_NODES_LISTED)
    .toSorted((one, other) => one - other)
    .map((number) => shownNode(record.nodes, number, nodes[number]!, facts));
}

function shownNode(
  all: readonly FlowNode[],
  number: number,
  { state, end }: NodeNow,
  { ending }: FlowFacts,
): WorkflowNode {
  const { name, kind, queue, task, when, after, ids } = all[number]!;
  const cause = end.cause === undefined ? undefined : all[end.cause]!.name;
  const reason = state !== 'cancelled' ? undefined : cause !== undefined ? 'condition' : (ending ?? undefined);
  return {
    number,
    name,
    kind,
    queue,
    task,
    state,
    when,
    after: after.slice(0, MAX_EDGES_SHOWN),
    waitsFor: after.length,
    tasks: { total: ids.length, ended: endedOf(end), failed: end.failed },
    taskId: ids[0] ?? null,
    ...(reason && { reason }),
    ...(cause !== undefined && { cause }),
  };
}
