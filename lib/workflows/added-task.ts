import { createHash } from 'node:crypto';
import { MAX_TASK_ID_LENGTH } from '../checks/index.js';

/** Id of the task that another one adds: the same in every attempt. */
export function addedId(adder: string, key: string): string {
  const id = `${adder}/add/${key.replace(/[%/]/g, encodeURIComponent)}`;
  return id.length <= MAX_TASK_ID_LENGTH ? id : `add/${createHash('sha256').update(id).digest('hex')}`;
}
