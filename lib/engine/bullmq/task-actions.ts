import { ForeignQueueError } from '../../errors/index.js';
import {
  ACTION_STATES,
  MOST_REFUSED_LISTED,
  type ActionResult,
  type ActionTarget,
  type TaskAction,
} from '../task-engine.js';
import { recordsIn } from './attempt-record.js';
import { type Cancelled, cancelledNotes } from './cancelled.js';
import type { QueueSet } from './queue-set.js';
import type { Listed, TaskLists } from './task-lists.js';
import { withoutPast } from './transfer/carried.js';

const AT_ONCE = 50;

/** Carries out what a person asks of tasks, by BullMQ's own moves. */
export class TaskActions {
  constructor(
    private readonly set: QueueSet,
    private readonly lists: TaskLists,
    private readonly cancelled: Cancelled,
    private readonly isForeign: (queue: string) => boolean,
  ) {}

  async act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    return 'ids' in target ? this.actOnNamed(action, target.ids) : this.actOnAll(action, target.filter);
  }

  private async actOnNamed(action: TaskAction, ids: readonly string[]): Promise<ActionResult> {
    let changed = 0;
    const refused: Array<ActionResult['refused'][number]> = [];
    for (const id of new Set(ids)) {
      const listed = await this.lists.find(id);
      if (listed && this.isForeign(listed.queue)) throw new ForeignQueueError(listed.queue);
      if (listed && (await this.change(action, listed))) changed += 1;
      else if (refused.length < MOST_REFUSED_LISTED) {
        refused.push({ id, state: (await this.lists.find(id))?.state ?? null });
      }
    }
    return { changed, refused };
  }

  private async actOnAll(action: TaskAction, filter: Parameters<TaskLists['all']>[0]): Promise<ActionResult> {
    let changed = 0;
    let batch: Listed[] = [];
    const carryOut = async () => {
      const results = await Promise.all(batch.map((listed) => this.change(action, listed)));
      changed += results.filter(Boolean).length;
      batch = [];
    };
    for await (const listed of this.lists.all(filter)) {
      if (batch.push(listed) === AT_ONCE) await carryOut();
    }
    await carryOut();
    return { changed, refused: [] };
  }

  /** Resolves to false where the task has moved on meanwhile, or never was in a state that the action applies to. */
  private async change(action: TaskAction, listed: Listed): Promise<boolean> {
    if (!ACTION_STATES[action].includes(listed.state)) return false;
    try {
      await this.move(action, listed);
      return true;
    } catch (error) {
      const now = await this.lists.find(listed.job.id!);
      if (now?.state === listed.state) throw error;
      return false;
    }
  }

  private async move(action: TaskAction, { queue, job, state }: Listed): Promise<void> {
    if (action === 'delete') await job.remove();
    else if (action === 'run-now') await job.promote();
    else if (action === 'cancel') await this.cancel(queue, job, state);
    else if (state === 'retryable') await job.promote();
    else if (state === 'cancelled') await this.revive(queue, job);
    else await this.retryFailed(job);
  }

  /** BullMQ on PostgreSQL drops the stacks of a job that is retried: there, the log keeps what they tell. */
  private async retryFailed(job: Listed['job']): Promise<void> {
    if (!this.set.keepsStacks) for (const record of recordsIn(job.stacktrace)) await job.log(JSON.stringify(record));
    // Whoever asked it to stop did so before it failed.
    await this.cancelled.unask(job.id!);
    await job.retry('failed', { resetAttemptsMade: true });
  }

  private async cancel(queue: string, job: Listed['job'], state: Listed['state']): Promise<void> {
    if (state === 'running') {
      await this.cancelled.ask(job.id!);
      return;
    }
    await this.cancelled.keep(queue, job, undefined, null);
    try {
      await job.remove();
    } catch (error) {
      await this.set.cancelledOf(queue).remove(job.id!);
      throw error;
    }
  }

  /** Attempts before it was cancelled are not carried over: BullMQ begins to count with a job's first. */
  private async revive(queue: string, job: Listed['job']): Promise<void> {
    const { cancelled: _cancelled, ...opts } = job.opts as typeof job.opts & { cancelled?: unknown };
    if (!cancelledNotes(job)) throw new Error(`Task "${job.id}" has no notes of its cancellation.`);
    await this.set.queue(queue).add(job.name, job.data, {
      ...withoutPast(opts),
      jobId: job.id!,
      timestamp: job.timestamp,
    });
    await job.remove();
  }
}
