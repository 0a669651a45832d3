import { StoreError } from '../contract/index.js';

/** Characters that take four bytes, of which MySQL's character set "utf8" has none. */
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu;
const BACKSLASH = '\\';
/** What stands for a backslash, or for half of such a character. */
const ESCAPE = /\\(?:\\|u([\da-f]{4}))/g;
/** Characters of a column. */
const MAX_LENGTH = 255;

/** What JSON or a text for people has that is no ASCII: a connection in another character set would make "?" of it. */
const BEYOND_ASCII = /[^\0-\x7f]/g;

/** The same JSON, with those characters escaped, whatever character set table and connection have. */
export function escapedJson(json: string): string {
  return json.replaceAll(BEYOND_ASCII, escapedUnit);
}

/**
 * An id or a name as MySQL holds it: only what takes four bytes is escaped, as a longer text would not fit.
 *
 * @param what it is, for the error
 * @throws StoreError where that does not fit into its column
 */
export function escapedName(name: string, what: 'id' | 'name'): string {
  const escaped = name
    .replaceAll(BACKSLASH, BACKSLASH.repeat(2))
    .replaceAll(ASTRAL, (character) => [0, 1].map((unit) => escapedUnit(character[unit]!)).join(''));
  if (escaped.length <= MAX_LENGTH) return escaped;
  throw new StoreError(
    `The ${what} "${name}" takes ${escaped.length} of ${MAX_LENGTH} characters in the outbox, as emoji and the like take 12 each ` +
      'in MySQL. Give a shorter one, or a hash of it.',
  );
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Undoes {@link escapedName}. */
export function unescapedName(escaped: string): string {
  return escaped.replaceAll(ESCAPE, (_, unit?: string) =>
    unit === undefined ? BACKSLASH : String.fromCharCode(Number.parseInt(unit, 16)),
  );
}
