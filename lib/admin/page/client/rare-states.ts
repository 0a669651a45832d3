import type { TaskState } from '../../../contract/index.js';

/** Whether few stores have tasks in this state: it is shown where there are some. */
export function isRare(state: TaskState): boolean {
  return state === 'suspended' || state === 'blocked';
}
