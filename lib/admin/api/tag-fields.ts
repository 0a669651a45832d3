import { checkTags, MAX_TAGS, type RequestFields } from '../../checks/index.js';
import { messageOf, type TaskTags } from '../../contract/index.js';

/** Tags that a list or an action is about: of a query `tag=customer:42`, once for each; of a body also `tags`, an object. */
export function readWantedTags(fields: RequestFields): TaskTags | undefined {
  const [tags, pairs] = [readTags(fields), readPairs(fields)];
  if (tags === undefined || pairs === undefined) {
    const wanted = tags ?? pairs;
    // Every task has none of them: whoever leaves all out acts on every one.
    return wanted && Object.keys(wanted).length === 0 ? fields.wrong('tags', 'must name at least one tag') : wanted;
  }
  return fields.wrong('tag', 'cannot stand beside "tags": give one of them');
}

/** `tags` of a body: an object. */
export function readTags(fields: RequestFields): TaskTags | undefined {
  const given = fields.object('tags');
  return given && checked(fields, 'tags', given);
}

function readPairs(fields: RequestFields): TaskTags | undefined {
  const given = fields.textOrTexts('tag', MAX_TAGS);
  if (given === undefined) return undefined;
  const tags = new Map<string, string>();
  for (const text of [given].flat()) {
    const colon = text.indexOf(':');
    if (colon === -1) return fields.wrong('tag', 'must be a name and a value with a colon in between: customer:42');
    const [name, value] = [text.slice(0, colon), text.slice(colon + 1)];
    if ((tags.get(name) ?? value) !== value)
      return fields.wrong('tag', `has two values of "${name}", and a task has one`);
    tags.set(name, value);
  }
  return checked(fields, 'tag', Object.fromEntries(tags));
}

function checked(fields: RequestFields, field: string, tags: object): TaskTags | undefined {
  try {
    return checkTags(tags, field);
  } catch (error) {
    return fields.wrong(field, `is not valid: ${messageOf(error)}`);
  }
}
