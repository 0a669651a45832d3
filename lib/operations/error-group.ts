import type { Task } from '../contract/index.js';
import { errorGroupKey } from '../engine/common/index.js';

/** Key of the group of errors that a failed task belongs to; null for one that has not failed. */
export function errorGroupOf({ state, name, error }: Pick<Task, 'state' | 'name' | 'error'>): string | null {
  return state === 'failed' ? errorGroupKey(name, error ?? { name: 'Error', message: '' }) : null;
}
