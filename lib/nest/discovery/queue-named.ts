import { checkQueueName } from '../../checks/index.js';
import { TasksConfigError } from '../../contract/index.js';

/**
 * The queue that a decorator names.
 *
 * @param where the decorator, for the error
 * @throws TasksConfigError for what cannot be one
 */
export function queueNamed(queue: unknown, where: string): string {
  const checked = checkQueueName(queue);
  if ('problem' in checked) throw new TasksConfigError(`${where}: "queue" ${checked.problem}.`);
  return checked.value;
}
