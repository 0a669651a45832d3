import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import {
  type Workflow,
  type WorkflowPage,
  type WorkflowProgress,
  WorkflowsNotSupportedError,
} from '../../../contract/index.js';
import type {
  AddAnswer,
  NewTask,
  NewWorkflow,
  ResultsPage,
  StartAnswer,
  StepLease,
  WorkflowAnswer,
  WorkflowEnd,
  Workflows,
} from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { byQueue } from '../by-queue.js';
import { flowJobs } from '../flows/flow-jobs.js';
import { flowPage } from '../flows/flow-lists.js';
import { followersOf } from '../flows/tree.js';
import { foreignManager } from '../foreign-manager.js';

/** Workflows as trees of BullMQ's jobs, see `flows/`. */
export class BullmqWorkflows implements Workflows {
  constructor(private readonly store: BullmqStore) {}

  async start(workflow: NewWorkflow, within?: EntityManager): Promise<StartAnswer> {
    const { set, registry, lapses, flows, watch } = this.store.opened;
    if (within) throw foreignManager();
    const followers = followersOf(workflow);
    const call = randomBytes(9).toString('base64url');
    const jobs = flowJobs(workflow, followers, call);
    const tasks = byQueue(workflow.nodes.flatMap((node) => node.tasks));
    await registry.noteQueues(tasks.keys());
    await flows.keeper.use();
    if (workflow.mayExist && (await flows.reader.find(workflow.id))) return 'existing';
    // Before the workflow: a process that dies in between leaves what finds nothing.
    if (workflow.deadlineAt !== null) await flows.ending.noteDeadline(workflow.id, workflow.deadlineAt);
    for (const [queue, given] of tasks) await lapses.note(queue, given);
    if (!(await set.flows.add(jobs, call))) return 'existing';
    for (const [queue, given] of tasks) {
      for (const task of given) this.store.consumers.noteChild(task);
      watch.announce(queue, ...given.map(({ id }) => id));
    }
    return 'stored';
  }

  add(lease: StepLease, task: NewTask): Promise<AddAnswer> {
    return Promise.reject(
      new WorkflowsNotSupportedError(
        `Task "${lease.id}" cannot add "${task.name}" to its node on BullMQ. Enqueue it (task.queue with a key, by which a retry ` +
          'does not double it), or use the embedded engine.',
      ),
    );
  }

  async progress(id: string): Promise<WorkflowProgress | null> {
    return this.store.opened.flows.reader.progress(id);
  }

  async get(id: string): Promise<Workflow | null> {
    return this.store.opened.flows.reader.get(id);
  }

  async list(query: Parameters<Workflows['list']>[0]): Promise<WorkflowPage> {
    const { set, flows } = this.store.opened;
    return flowPage(set, flows.reader, query);
  }

  async results(id: string, name: string, after: number | null): Promise<ResultsPage> {
    return this.store.opened.flows.reader.results(id, name, after);
  }

  async end(id: string): Promise<WorkflowEnd | null> {
    return this.store.opened.flows.reader.end(id);
  }

  async cancel(id: string): Promise<WorkflowAnswer> {
    const answer = await this.store.opened.flows.ending.cancel(id);
    if (answer.done) this.store.opened.watch.announce(null);
    return answer;
  }

  /** BullMQ lets what waits for a task go on when that has ended, and for good. */
  async retry(id: string): Promise<WorkflowAnswer> {
    const found = await this.store.opened.flows.reader.find(id);
    if (!found) return { done: false, state: null };
    throw new WorkflowsNotSupportedError(
      `Workflow "${id}" cannot be retried on BullMQ, where what has waited for a task cannot wait for it again. Start it anew.`,
    );
  }
}
