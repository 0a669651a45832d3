import { messageOf, TasksConfigError } from '../../contract/index.js';
import { type HandlerUniquenessOptions, type UniqueRule, uniqueRule } from '../../uniqueness/index.js';

/**
 * How tasks get their unique keys, as a decorator says it; null: they have none.
 *
 * @param where the decorator, for the error
 * @throws TasksConfigError
 */
export function handlerRule(options: HandlerUniquenessOptions<never>, where: string): UniqueRule | null {
  try {
    return uniqueRule(options) ?? null;
  } catch (error) {
    throw new TasksConfigError(`${where}: ${messageOf(error)}`);
  }
}
