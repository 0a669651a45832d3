import {
  ACTION_STATES,
  ForeignQueueError,
  MAX_REFUSED_LISTED,
  type ActionResult,
  type ActionTarget,
  type TaskAction,
  type TaskChange,
  type TaskFilter,
  UPDATE_STATES,
} from '../../../contract/index.js';
import type { Acting } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { taskIdOf } from '../job-ids.js';
import { workflowProblem } from '../flows/task-guard.js';
import { Retrying } from '../retrying.js';
import type { Listed } from '../task-lists.js';
import { changeWaiting, runNow } from '../waiting-jobs.js';

/** Carries out what a person asks, by BullMQ's own moves. */
export class BullmqActing implements Acting {
  private readonly retrying: Retrying;

  constructor(private readonly store: BullmqStore) {
    this.retrying = new Retrying(store);
  }

  async act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    const { watch } = this.store.opened;
    const result = await ('ids' in target ? this.actOnNamed(action, target.ids) : this.actOnAll(action, target.filter));
    watch.announce(null);
    return result;
  }

  async update(id: string, change: TaskChange): Promise<ActionResult> {
    const { lists, registry, set, watch } = this.store.opened;
    const listed = await lists.find(id);
    if (listed && registry.isForeign(listed.queue)) throw new ForeignQueueError(listed.queue);
    const waits = listed !== null && UPDATE_STATES.some((state) => state === listed.state);
    if (waits && (await changeWaiting(set, listed.queue, listed.job, change))) {
      watch.announce(listed.queue, id);
      return { changed: 1, refused: [] };
    }
    return { changed: 0, refused: [{ id, state: (await lists.find(id))?.state ?? null }] };
  }

  async pauseQueue(queue: string): Promise<void> {
    const { set, registry } = this.store.opened;
    if (registry.isForeign(queue)) throw new ForeignQueueError(queue);
    await registry.noteQueues([queue]);
    await set.queue(queue).pause();
  }

  async resumeQueue(queue: string): Promise<void> {
    const { set, registry } = this.store.opened;
    if (registry.isForeign(queue)) throw new ForeignQueueError(queue);
    await set.queue(queue).resume();
  }

  private async actOnNamed(action: TaskAction, ids: readonly string[]): Promise<ActionResult> {
    const { lists, registry, set } = this.store.opened;
    let changed = 0;
    const refused: Array<ActionResult['refused'][number]> = [];
    for (const id of new Set(ids)) {
      const listed = await lists.find(id);
      if (listed && registry.isForeign(listed.queue)) throw new ForeignQueueError(listed.queue);
      const problem = listed && (await workflowProblem(set, action, listed));
      if (problem && ids.length === 1) throw problem;
      if (listed && !problem && (await this.change(action, listed))) changed += 1;
      else if (refused.length < MAX_REFUSED_LISTED) {
        refused.push({ id, state: (await lists.find(id))?.state ?? null });
      }
    }
    return { changed, refused };
  }

  private async actOnAll(action: TaskAction, filter: TaskFilter): Promise<ActionResult> {
    let changed = 0;
    const { lists, set } = this.store.opened;
    for await (const part of lists.all(filter)) {
      const free: Listed[] = [];
      for (const listed of part) if (!(await workflowProblem(set, action, listed))) free.push(listed);
      const results = await Promise.all(free.map((listed) => this.change(action, listed)));
      changed += results.filter(Boolean).length;
    }
    return { changed, refused: [] };
  }

  /** Resolves to false where the task has moved on meanwhile, or never was in a state that the action applies to. */
  private async change(action: TaskAction, listed: Listed): Promise<boolean> {
    if (!ACTION_STATES[action].includes(listed.state)) return false;
    try {
      await this.move(action, listed);
      return true;
    } catch (error) {
      const now = await this.store.opened.lists.find(taskIdOf(listed.job.id!));
      if (now?.state === listed.state) throw error;
      return false;
    }
  }

  private async move(action: TaskAction, { queue, job, state }: Listed): Promise<void> {
    if (action === 'delete') await this.delete(queue, job);
    else if (action === 'run-now') await runNow(this.store.opened.set, queue, job);
    else if (action === 'cancel') await this.cancel(queue, job, state);
    else await this.retrying.retry({ queue, job, state });
  }

  private async delete(queue: string, job: Listed['job']): Promise<void> {
    const { set, callers } = this.store.opened;
    await set.remove(queue, job);
    await callers.tellOfEnd(job);
  }

  private async cancel(queue: string, job: Listed['job'], state: Listed['state']): Promise<void> {
    const { cancelled, callers, flows } = this.store.opened;
    if (state === 'running') {
      await cancelled.ask(job.id!);
      return;
    }
    await flows.admission.settle(queue, job);
    await cancelled.cancelWaiting(queue, job);
    this.store.happenings.tell('cancelled', queue, job);
    await callers.tellOfEnd(job);
  }
}
