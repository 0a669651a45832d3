import { InvalidArgumentError, type PauseSelector } from '../contract/index.js';
import { checkQueue, checkTaskName } from './task-arguments.js';
import { checkTags } from './tags.js';
import { shownValue } from './shown-value.js';

const FIELDS = ['queue', 'key', 'name', 'tag'] as const;
const EXAMPLES = `{ queue: 'emails' }, { queue: 'imports', key: '42' }, { name: 'send_email' } or { tag: { customer: '42' } }`;

/** What a pause is about. @throws InvalidArgumentError */
export function checkPauseSelector(value: unknown): PauseSelector {
  const given = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  const unknown = given && Object.keys(given).find((field) => !FIELDS.some((known) => known === field));
  if (!given || unknown !== undefined) {
    const what = unknown === undefined ? shownValue(value) : `an object with "${unknown}"`;
    throw new InvalidArgumentError('selector', `The selector must be one of ${EXAMPLES}, not ${what}.`);
  }
  const { queue, key, name, tag } = given as Record<(typeof FIELDS)[number], unknown>;
  const said = [queue, name, tag].filter((part) => part !== undefined).length;
  if (said !== 1 || (key !== undefined && queue === undefined)) {
    throw new InvalidArgumentError('selector', `The selector must be one of ${EXAMPLES}.`);
  }
  if (name !== undefined) return { name: checkTaskName(name) };
  if (tag !== undefined) {
    const tags = checkTags(tag, 'tag');
    if (Object.keys(tags).length > 0) return { tag: tags };
    throw new InvalidArgumentError('tag', `tag must name one, such as { tag: { customer: '42' } }.`);
  }
  const checked = checkQueue(queue);
  if (key === undefined) return { queue: checked };
  if (typeof key === 'string' && key !== '') return { queue: checked, key };
  throw new InvalidArgumentError('key', `key must be a text that is not empty, not ${shownValue(key)}.`);
}
