import { checkOwnId } from '../checks/index.js';
import { InvalidArgumentError } from '../contract/index.js';
import type { NewTask } from '../engine/port/index.js';
import type { FollowUps } from './follow-ups.js';

/** The options that say what id a task is to have. */
export interface Identity {
  readonly id?: string | undefined;
  readonly key?: string | undefined;
}

/** @throws InvalidArgumentError for one that is wrong, or both */
export function checkIdentity({ id, key }: Identity): void {
  if (id !== undefined) checkOwnId(id, 'id');
  if (key !== undefined) checkOwnId(key, 'key');
  if (id !== undefined && key !== undefined) {
    throw new InvalidArgumentError('key', 'Give either id or key, not both: key makes the id of a follow-up task.');
  }
}

/**
 * The id that was given for a task, or that its key makes; undefined where there is neither.
 *
 * @param followUps those of the attempt whose handler is calling; null where none is
 * @throws InvalidArgumentError for a key outside of a handler, or one that is another task's
 */
export function ownId(
  { id, key }: Identity,
  task: Pick<NewTask, 'queue' | 'name' | 'params'>,
  followUps: FollowUps | null,
): string | undefined {
  if (key === undefined) return id;
  if (followUps) return followUps.idFor(key, task);
  throw new InvalidArgumentError(
    'key',
    'key makes the id of a follow-up task from the task whose handler calls, and no handler of this store does: give id instead. Tasks share slots by it on a queue that has "key" or "fair".',
  );
}

/** @throws InvalidArgumentError where one id is given for all tasks of a call */
export function refuseOneForAll(options: Identity): void {
  for (const option of ['id', 'key'] as const) {
    if (options[option] === undefined) continue;
    throw new InvalidArgumentError(
      option,
      `${option} is that of one task: give each row its own, as { name, params, options: { ${option} } }.`,
    );
  }
}
