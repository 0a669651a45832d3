import { checkOwnId, MAX_STEP_NAME_LENGTH, parseDuration } from '../checks/index.js';
import { type Duration, InvalidArgumentError, StepNameError } from '../contract/index.js';

/** What the function of a step is given. */
export interface StepContext {
  /**
   * The same in every attempt, and no other step's: an idempotency key for whatever the step calls, as a step that was cut
   * off before it was recorded runs again.
   */
  readonly key: string;
  /** That of the attempt, see {@link TaskContext.signal}. */
  readonly signal: AbortSignal;
}

/** How a step is known. */
export interface StepOptions {
  /** Tells apart steps of one name that run at the same time: 1 to 255 characters. */
  key?: string;
  /** The name that the step had before: where it is recorded under that, it does not run again. Its key is that of the old name. */
  was?: string;
}

/**
 * The name as every store can hold it: what it is made of may be cut in the middle of a character, and the step is to be found
 * again under it all the same.
 *
 * @throws StepNameError for what cannot be a name
 */
export function checkStepName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_STEP_NAME_LENGTH) return name.toWellFormed();
  const what = typeof name === 'string' ? `of ${name.length} characters` : `of type ${typeof name}`;
  throw new StepNameError(
    typeof name === 'string' ? name.slice(0, MAX_STEP_NAME_LENGTH) : '',
    `The name of a step must be a text of 1 to ${MAX_STEP_NAME_LENGTH} characters, not one ${what}.`,
  );
}

/** @throws InvalidArgumentError, StepNameError */
export function checkStepOptions(options: unknown): StepOptions {
  if (options === undefined) return {};
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', 'The options of a step must be an object, such as { key: "a" }.');
  }
  const { key, was, ...others } = options as StepOptions;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new InvalidArgumentError(unknown, `A step has no option "${unknown}". Known: key, was.`);
  }
  if (key !== undefined) checkOwnId(key, 'key');
  return { ...(key !== undefined && { key }), ...(was !== undefined && { was: checkStepName(was) }) };
}

/** How long a signal is waited for. */
export interface WaitOptions extends StepOptions {
  /**
   * Milliseconds or a duration such as `7d`.
   * @default until it comes
   */
  timeout?: Duration;
}

/** @throws InvalidArgumentError, StepNameError */
export function checkWait(
  names: readonly unknown[],
  options: unknown,
): StepOptions & { readonly signals: readonly string[]; readonly timeout: number | null } {
  if (!Array.isArray(names) || names.length === 0) {
    throw new InvalidArgumentError('names', 'Give the names of one or more signals, such as ["approved", "rejected"].');
  }
  const { timeout, ...known } = (typeof options === 'object' && options !== null ? options : {}) as WaitOptions;
  return {
    ...checkStepOptions(options === undefined ? undefined : known),
    signals: names.map(checkSignalName),
    timeout: timeout === undefined ? null : parseDuration(timeout, 'timeout'),
  };
}

/** @throws StepNameError for what cannot be the name of a signal */
export function checkSignalName(name: unknown): string {
  return checkStepName(name);
}

/** When a sleep ends. @throws InvalidArgumentError */
export function untilOf(duration: unknown, now: number): number {
  if (!(duration instanceof Date)) return now + parseDuration(duration as Duration, 'duration');
  const time = duration.getTime();
  if (Number.isNaN(time))
    throw new InvalidArgumentError('duration', 'The date until which the task is to sleep is none.');
  return time;
}
