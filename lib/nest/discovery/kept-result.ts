import { parseDuration } from '../../checks/index.js';
import { type Duration, messageOf, TasksConfigError } from '../../contract/index.js';
import type { KeptResult } from '../../handlers/index.js';

/**
 * How results are kept, as a decorator says it; null: not at all.
 *
 * @param where the decorator, for the error
 * @throws TasksConfigError for what is no duration
 */
export function keptResult(result: boolean | Duration | undefined, where: string): KeptResult | null {
  if (result === undefined || result === false) return null;
  if (result === true) return { keepFor: null };
  try {
    return { keepFor: parseDuration(result, '"result"', { min: 1 }) };
  } catch (error) {
    throw new TasksConfigError(`${where}: ${messageOf(error)} Or true: as long as the task is kept.`);
  }
}
