import { InvalidArgumentError, type TaskTags } from '../contract/index.js';
import { isObject } from './is-object.js';
import { MAX_TAG_LENGTH, MAX_TAGS } from './limits.js';
import { shownValue } from './shown-value.js';
import { hasControlCharacter, isText, unstorable } from './text.js';

/**
 * Tags as they are stored and asked for.
 *
 * @param field what errors name before the tag's own name
 * @throws InvalidArgumentError that names the tag
 */
export function checkTags(value: unknown, field = 'tags'): TaskTags {
  if (!isObject(value)) {
    throw new InvalidArgumentError(
      field,
      `${field} must be an object, such as { customer: '42' }, not ${shownValue(value)}.`,
    );
  }
  const tags = Object.entries(value);
  if (tags.length > MAX_TAGS) {
    throw new InvalidArgumentError(field, `${field} must be at most ${MAX_TAGS}, and are ${tags.length}.`);
  }
  for (const [name, given] of tags) {
    const nameProblem = problemOf(name) ?? (name.includes(':') ? 'must not have a colon, which a value may' : null);
    if (nameProblem) throw new InvalidArgumentError(field, `${field}: the name ${shownValue(name)} ${nameProblem}.`);
    const path = `${field}.${name}`;
    if (typeof given !== 'string') {
      throw new InvalidArgumentError(path, `${path} must be a text, such as '42', not ${shownValue(given)}.`);
    }
    const problem = problemOf(given);
    if (problem) throw new InvalidArgumentError(path, `${path} ${problem}.`);
  }
  return Object.fromEntries(tags);
}

/** What is wrong with a tag's name or value, worded to follow it; null where nothing is. */
function problemOf(text: string): string | null {
  if (!isText(text, MAX_TAG_LENGTH)) return `must have 1 to ${MAX_TAG_LENGTH} characters, of which one is no space`;
  if (hasControlCharacter(text)) return 'must not have control characters, such as a line break';
  return unstorable(text);
}
