import { createHash } from 'node:crypto';
import { MAX_TASK_ID_LENGTH } from '../checks/index.js';
import { type Caller, TaskCancelledError, TaskFailedError } from '../contract/index.js';
import type { AwaitedTask } from '../engine/port/index.js';

/** Id of the task that a step calls: the same in every attempt until somebody retries the task of the step. */
export function calledId({ task, step, number }: Caller, generation: number): string {
  const name = step.replace(/[%/]/g, encodeURIComponent);
  const id = `${task}/call/${name}:${number}${generation > 0 ? `~${generation}` : ''}`;
  return id.length <= MAX_TASK_ID_LENGTH ? id : `call/${createHash('sha256').update(id).digest('hex')}`;
}

/** Whether a task has ended without a result. */
export function isBroken({ state }: AwaitedTask): boolean {
  return state === 'failed' || state === 'cancelled';
}

/** What the handler of a task that has ended returned, as JSON. @throws TaskFailedError, TaskCancelledError */
export function resultOfCall({ id, name, state, error, result, reason }: AwaitedTask): string {
  if (state === 'failed') throw new TaskFailedError(id, name, error);
  if (state === 'cancelled') throw new TaskCancelledError(id, name, reason);
  return result ?? 'null';
}
