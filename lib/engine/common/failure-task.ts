import { createHash } from 'node:crypto';
import { MAX_TASK_ID_LENGTH } from '../../checks/index.js';
import type { FailedTask, TaskError, TaskFailure, TaskTraits } from '../../contract/index.js';
import type { NewTask } from '../port/index.js';

/**
 * The task to enqueue as another one fails for good; null where nothing asks for one. It asks for none itself, so its own
 * failure is the last word.
 *
 * @param traits of the failed task; those of a task whose deadline came while it waited say so
 */
export function failureTask(failed: FailedTask, traits: TaskTraits | undefined, error: TaskError): NewTask | null {
  const target = traits?.onFailed;
  if (!target) return null;
  const params: TaskFailure = { task: failed, error };
  return {
    id: idOf(failed, traits),
    mayExist: true,
    queue: target.queue,
    name: target.name,
    params: JSON.stringify(params),
    priority: 0,
    runAt: failed.failedAt,
    createdAt: failed.failedAt,
    maxAttempts: null,
    settings: null,
    sensitive: [],
    parentId: failed.id,
    ...(traits.context && { traits: { context: traits.context } }),
  };
}

/** One for each time that a task fails: whoever stores the failure twice, after it was not answered, stores one task. */
function idOf({ id, attempt }: FailedTask, { reason, deadlineAt }: TaskTraits): string {
  const own = `${id}/failed/${reason === 'deadline' ? `at-${deadlineAt}` : attempt}`;
  return own.length <= MAX_TASK_ID_LENGTH ? own : `failed/${createHash('sha256').update(own).digest('hex')}`;
}
