import { checkTaskKey, taskKeyOf } from '../checks/index.js';
import { InvalidArgumentError, type QueueFlow, type TaskKey } from '../contract/index.js';
import type { RegisteredHandler } from '../handlers/index.js';

/** What the option `key` of a call means. */
export interface PartedKey {
  /** What makes the id of a follow-up task. */
  readonly key: string | undefined;
  /** Whose slots the tasks share. */
  readonly slotKey: TaskKey | undefined;
}

/**
 * On a queue with slots by key, or turns, the option says whose slots a task shares; elsewhere it makes the id of a follow-up
 * task.
 *
 * @throws InvalidArgumentError
 */
export function partKey(given: TaskKey | undefined, queue: string, flow: QueueFlow | null): PartedKey {
  if (given === undefined) return { key: undefined, slotKey: undefined };
  if (hasSlots(flow)) return { key: undefined, slotKey: checkTaskKey(given) };
  if (typeof given !== 'function') return { key: given, slotKey: undefined };
  throw new InvalidArgumentError(
    'key',
    `key is made of a task's params where tasks share slots by it, and those of queue "${queue}" do not: give the queue "key" or "fair".`,
  );
}

function hasSlots(flow: QueueFlow | null): boolean {
  return flow !== null && (flow.keyConcurrency !== undefined || flow.keyRateLimit !== undefined || flow.fair === true);
}

/** The key of one task, as it is stored; undefined for a task without. Where keys take turns, an empty one stands for none. */
export function slotKeyOf(
  given: TaskKey | undefined,
  handler: RegisteredHandler | undefined,
  name: string,
  params: unknown,
  flow: QueueFlow | null,
): string | undefined {
  return taskKeyOf(given ?? handler?.key, name, params) ?? (flow?.fair ? '' : undefined);
}
