import { InvalidArgumentError, type TaskKey } from '../contract/index.js';
import { checkOwnId } from './own-id.js';

/** @throws InvalidArgumentError for what is neither a text that can be a key nor a function */
export function checkTaskKey(value: unknown): TaskKey {
  return typeof value === 'function' ? (value as TaskKey) : checkOwnId(value, 'key');
}

/**
 * The key that a task has by what was given for it; undefined where that makes none.
 *
 * @throws InvalidArgumentError where the function fails, or what it makes cannot be a key
 */
export function taskKeyOf(given: TaskKey | undefined, name: string, params: unknown): string | undefined {
  if (typeof given !== 'function') return given;
  const made = call(given, name, params);
  if (made === null || made === undefined) return undefined;
  return checkOwnId(typeof made === 'number' && Number.isFinite(made) ? String(made) : made, 'key');
}

function call(make: (params: never) => unknown, name: string, params: unknown): unknown {
  try {
    return make(params as never);
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'something';
    // Its message may have a value of the params.
    throw new InvalidArgumentError('key', `key could not be made of the params of task "${name}": it threw ${kind}.`);
  }
}
