import { InvalidArgumentError } from '../contract/index.js';
import { MAX_TASK_ID_LENGTH } from './limits.js';
import { shownValue } from './shown-value.js';
import { hasControlCharacter, unstorable } from './text.js';

/**
 * An id that an app gives its task, or a key that makes one.
 *
 * @param field the name of the option
 * @throws InvalidArgumentError for what not every store and every link could hold as it is
 */
export function checkOwnId(value: unknown, field: string): string {
  const problem = problemOf(value);
  if (problem === null) return value as string;
  throw new InvalidArgumentError(field, `${field} ${problem}.`);
}

function problemOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') {
    return `must be a text of 1 to ${MAX_TASK_ID_LENGTH} characters, not ${shownValue(value)}`;
  }
  if (value.length > MAX_TASK_ID_LENGTH) {
    return `must not be longer than ${MAX_TASK_ID_LENGTH} characters, and has ${value.length}: give a hash of it instead`;
  }
  if (hasControlCharacter(value)) {
    return `must not have control characters, such as a line break or NUL, as ${shownValue(value)} has`;
  }
  const ofUnicode = unstorable(value);
  if (ofUnicode !== null) return ofUnicode;
  if (value.trim() !== value) return `must not begin or end with a space, as ${shownValue(value)} does`;
  // An address drops them from its path.
  if (value === '.' || value === '..') return `must be more than dots: no link could lead to ${shownValue(value)}`;
  return null;
}
