import { createHash } from 'node:crypto';
import { shownValue } from '../checks/index.js';
import { InvalidArgumentError } from '../contract/index.js';

/** Names the rule by which keys are made of params: one that is changed makes other keys, and says so by another number. */
const RULE = 1;
/** Places that one key is made of. */
const MAX_PLACES = 20;
const ROOT = 'params';

/**
 * Places in params: `params.user.id` is `['user', 'id']`, and `params` is all of them.
 *
 * @param field what errors name
 * @throws InvalidArgumentError
 */
export function placesIn(value: unknown, field: string): ReadonlyArray<readonly string[]> {
  const wanted = `${field} must be a list of 1 to ${MAX_PLACES} places in the params, such as ['params.userId']`;
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_PLACES) {
    throw new InvalidArgumentError(field, `${wanted}, not ${shownValue(value)}.`);
  }
  return value.map((place: unknown) => {
    const [root, ...names] = typeof place === 'string' ? place.split('.') : [];
    if (root === ROOT && names.every((name) => name !== '')) return names;
    throw new InvalidArgumentError(field, `${wanted}; ${shownValue(place)} is none.`);
  });
}

/**
 * The key that the values at `places` make: the same for the same values, in whatever order objects have their fields.
 * A value that is missing is another one than null.
 *
 * @param params as JSON has them
 */
export function keyOfParams(params: unknown, places: ReadonlyArray<readonly string[]>): string {
  const values = places.map((names) => [names, ...valueAt(params, names)]);
  const hash = createHash('sha256')
    .update(JSON.stringify(values.map(sorted)))
    .digest('base64url');
  return `by:${RULE}:${hash}`;
}

/** The value in a list; an empty list where there is none. */
function valueAt(params: unknown, names: readonly string[]): unknown[] {
  let value = params;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
    value = (value as Record<string, unknown>)[name];
  }
  return [value];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [name, sorted(inner)]);
  // As pairs: an object would put names that are numbers first, and drop "__proto__".
  return { pairs: entries.toSorted(([one], [other]) => (one < other ? -1 : 1)) };
}
