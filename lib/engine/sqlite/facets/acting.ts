import { turn } from '../../../clock/index.js';
import {
  ACTION_STATES,
  MAX_REFUSED_LISTED,
  type ActionResult,
  type ActionTarget,
  type RefusedTask,
  type TaskAction,
  type TaskChange,
  type TaskFilter,
} from '../../../contract/index.js';
import type { Acting, EngineContext } from '../../port/index.js';
import { actOnTask, findTask } from '../sql/act-on-tasks.js';
import { updateTask } from '../sql/update-task.js';
import { setPaused } from '../sql/pause-queue.js';
import { untilNoneBegins } from '../consumer/until-none-begins.js';
import type { SqliteStore } from '../sqlite-store.js';
import type { Transaction } from '../store/transaction.js';
import { BATCH, changeFound } from './change-found.js';

interface Tally {
  changed: number;
  readonly refused: RefusedTask[];
}

export class SqliteActing implements Acting {
  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock' | 'keepFor'>,
  ) {}

  async act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    return 'ids' in target ? this.actOnIds(action, target.ids) : this.actOnFilter(action, target.filter);
  }

  async update(id: string, change: TaskChange): Promise<ActionResult> {
    return this.store.opened.writer.write((transaction) => {
      const task = findTask(transaction, { id });
      const isChanged = task !== undefined && updateTask(transaction, task, change, this.context.clock.now());
      return isChanged ? { changed: 1, refused: [] } : { changed: 0, refused: [{ id, state: task?.state ?? null }] };
    });
  }

  async pauseQueue(queue: string): Promise<void> {
    const now = this.context.clock.now();
    const { writer, connection, workForce } = this.store.opened;
    await writer.write((transaction) => setPaused(transaction, queue, now));
    await untilNoneBegins(connection, queue, workForce.workerId);
  }

  async resumeQueue(queue: string): Promise<void> {
    await this.store.opened.writer.write((transaction) => setPaused(transaction, queue, null));
  }

  private async actOnIds(action: TaskAction, ids: readonly string[]): Promise<ActionResult> {
    const { writer } = this.store.opened;
    const total: Tally = { changed: 0, refused: [] };
    for (let start = 0; start < ids.length; start += BATCH) {
      const keys = ids.slice(start, start + BATCH).map((id) => ({ id }));
      add(total, await writer.write((transaction) => this.apply(transaction, action, keys)));
      await turn();
    }
    return total;
  }

  /** Goes from the newest to the oldest, so tasks that arrive meanwhile are left out; as are those in another state. */
  private async actOnFilter(action: TaskAction, filter: TaskFilter): Promise<ActionResult> {
    const change = (transaction: Transaction, keys: ReadonlyArray<{ readonly seq: number }>): number =>
      this.apply(transaction, action, keys).changed;
    const changed = await changeFound(this.store.opened, filter, ACTION_STATES[action], 'newest', change);
    return { changed, refused: [] };
  }

  private apply(
    transaction: Transaction,
    action: TaskAction,
    keys: ReadonlyArray<{ id: string } | { seq: number }>,
  ): Tally {
    const tally: Tally = { changed: 0, refused: [] };
    const now = this.context.clock.now();
    for (const key of keys) {
      const task = findTask(transaction, key);
      if (task) {
        const refusal = actOnTask(transaction, action, task, now, this.context.keepFor);
        if (refusal === null) tally.changed += 1;
        else tally.refused.push({ id: task.id, state: task.state, ...refusal });
      } else if ('id' in key) tally.refused.push({ id: key.id, state: null });
    }
    return tally;
  }
}

function add(total: Tally, part: Tally): void {
  total.changed += part.changed;
  total.refused.push(...part.refused.slice(0, MAX_REFUSED_LISTED - total.refused.length));
}
