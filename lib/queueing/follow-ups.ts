import { createHash } from 'node:crypto';
import { MAX_TASK_ID_LENGTH, shownNumber } from '../checks/index.js';
import { type Caller, type CarriedContext, InvalidArgumentError } from '../contract/index.js';
import type { NewTask } from '../engine/port/index.js';

/** One commit stores them all, and the process does nothing else meanwhile. */
const MAX_WITH_COMPLETION = 10_000;

/** A task that a handler enqueues, as far as two calls with one key must agree on it. */
type FollowUp = Pick<NewTask, 'queue' | 'name' | 'params'>;

/** What the handler of one attempt enqueues, as far as calls have to know of each other. */
export class FollowUps {
  /** By key. */
  private keyed: Map<string, FollowUp> | null = null;
  /** To be stored with the completion of the attempt, by id. */
  private waiting: Map<string, NewTask> | null = null;
  private closed = false;

  /**
   * @param taskId of the task whose handler runs
   * @param queue name of its queue
   * @param context what it carries, and so what it enqueues
   */
  constructor(
    readonly taskId: string,
    readonly queue: string,
    readonly context?: CarriedContext,
    /** The step of that task for which the task is enqueued; absent where it is for none. */
    readonly caller?: Caller,
  ) {}

  /**
   * The id of the task that this one enqueues under `key`: the same in every attempt.
   * @throws InvalidArgumentError where an earlier call of this attempt has enqueued another task under it
   */
  idFor(key: string, { queue, name, params }: FollowUp): string {
    const before = this.keyed?.get(key);
    const other = before && differenceOf(before, { queue, name, params });
    if (other) {
      throw new InvalidArgumentError(
        'key',
        `key "${key}" was given in this attempt for another task, ${other}: give each follow-up task a key of its own.`,
      );
    }
    (this.keyed ??= new Map()).set(key, { queue, name, params });
    return derivedId(this.taskId, key);
  }

  /**
   * Has tasks wait for the completion of the attempt. Returns for each whether it waits by this call.
   * @throws InvalidArgumentError where the attempt has ended, or too many would wait: none does by this call then
   */
  wait(tasks: readonly NewTask[]): boolean[] {
    if (this.closed) {
      throw new InvalidArgumentError(
        'with',
        `The attempt of task "${this.taskId}" has ended: what is to be stored with its completion must be enqueued before its handler returns.`,
      );
    }
    const waiting = (this.waiting ??= new Map<string, NewTask>());
    if (waiting.size + tasks.length > MAX_WITH_COMPLETION) {
      throw new InvalidArgumentError(
        'with',
        `At most ${shownNumber(MAX_WITH_COMPLETION)} tasks are stored with the completion of one: give the others a key instead, by which a retry does not double them.`,
      );
    }
    return tasks.map((task) => {
      const isFirst = !waiting.has(task.id);
      if (isFirst) waiting.set(task.id, task);
      return isFirst;
    });
  }

  /** Ends the attempt: nothing waits any more. Returns what does; null where nothing does. */
  close(): readonly NewTask[] | null {
    this.closed = true;
    return this.waiting && [...this.waiting.values()];
  }
}

export function followUpsOf(attempt: object | null): FollowUps | null {
  return attempt instanceof FollowUps ? attempt : null;
}

/** No two keys of a task make one id, nor do those of two tasks: a key's own slashes are encoded. */
function derivedId(taskId: string, key: string): string {
  const id = `${taskId}/${key.replace(/[%/]/g, encodeURIComponent)}`;
  return id.length <= MAX_TASK_ID_LENGTH ? id : `follow-up/${createHash('sha256').update(id).digest('hex')}`;
}

function differenceOf(before: FollowUp, now: FollowUp): string | null {
  if (before.name !== now.name) return `of the name "${before.name}"`;
  if (before.queue !== now.queue) return `on queue "${before.queue}"`;
  return before.params === now.params ? null : 'with other params';
}
