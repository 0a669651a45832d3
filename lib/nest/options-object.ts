import { isObject, shownValue } from '../checks/index.js';
import { TasksConfigError } from '../contract/index.js';

/** @throws TasksConfigError for what has no options, and would pass for none at all */
export function refuseNoOptions(what: string, options: unknown, verb = 'takes'): void {
  if (isObject(options)) return;
  throw new TasksConfigError(`${what} ${verb} an object of options, not ${shownValue(options)}.`);
}
