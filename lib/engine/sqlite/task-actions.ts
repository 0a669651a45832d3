import { setImmediate as turn } from 'node:timers/promises';
import {
  ACTION_STATES,
  MOST_REFUSED_LISTED,
  type ActionResult,
  type ActionTarget,
  type EngineContext,
  type TaskAction,
  type TaskFilter,
} from '../task-engine.js';
import type { TaskState } from '../task.js';
import { BEYOND_FIRST } from './statements/list-tasks.js';
import { actOnTask, findTask } from './statements/act-on-tasks.js';
import type { TaskList } from './task-list.js';
import type { Transaction } from './transaction.js';
import type { Writer } from './writer.js';

/** Changed in one transaction; claims and enqueues of others come between. */
const BATCH = 200;

type Refused = { readonly id: string; readonly state: TaskState | null };

interface Tally {
  changed: number;
  readonly refused: Refused[];
}

/** Actions of people on tasks: retry, cancel, run now, delete; on named tasks, or on all that meet a filter. */
export class TaskActions {
  constructor(
    private readonly context: EngineContext,
    private readonly list: TaskList,
    private readonly writer: Writer,
  ) {}

  async act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    return 'ids' in target ? this.actOnIds(action, target.ids) : this.actOnFilter(action, target.filter);
  }

  private async actOnIds(action: TaskAction, ids: readonly string[]): Promise<ActionResult> {
    const total: Tally = { changed: 0, refused: [] };
    for (let start = 0; start < ids.length; start += BATCH) {
      const keys = ids.slice(start, start + BATCH).map((id) => ({ id }));
      add(total, await this.writer.write((transaction) => this.apply(transaction, action, keys)));
      await turn();
    }
    return total;
  }

  /** Goes from the newest to the oldest, so tasks that arrive meanwhile are left out; as are those in another state. */
  private async actOnFilter(action: TaskAction, filter: TaskFilter): Promise<ActionResult> {
    let changed = 0;
    for await (const { seqs } of this.list.walk(filter, ACTION_STATES[action], BEYOND_FIRST.newest, BATCH, 'newest')) {
      for (let start = 0; start < seqs.length; start += BATCH) {
        const keys = seqs.slice(start, start + BATCH).map((seq) => ({ seq }));
        const tally = await this.writer.write((transaction) => this.apply(transaction, action, keys));
        changed += tally.changed;
      }
    }
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
      if (task && actOnTask(transaction, action, task, now, this.context.keepFor)) tally.changed += 1;
      else if (task) tally.refused.push({ id: task.id, state: task.state });
      else if ('id' in key) tally.refused.push({ id: key.id, state: null });
    }
    return tally;
  }
}

function add(total: Tally, part: Tally): void {
  total.changed += part.changed;
  total.refused.push(...part.refused.slice(0, MOST_REFUSED_LISTED - total.refused.length));
}
