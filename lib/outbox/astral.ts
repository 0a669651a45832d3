import { StoreError } from '../contract/index.js';

/** Characters that take four bytes, of which MySQL's character set "utf8" has none. */
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu;
const BACKSLASH = '\\';
/** Characters of the column. */
const MAX_ID_LENGTH = 255;

/** The text, or the same JSON, with those characters escaped, whatever character set table and connection have. */
export function escapeAstral(text: string): string {
  return text.replaceAll(ASTRAL, (character) =>
    [0, 1].map((unit) => `\\u${character.charCodeAt(unit).toString(16)}`).join(''),
  );
}

/** An id as MySQL holds it. @throws StoreError where that does not fit into its column */
export function escapedId(id: string): string {
  const escaped = escapeAstral(id.replaceAll(BACKSLASH, BACKSLASH.repeat(2)));
  if (escaped.length <= MAX_ID_LENGTH) return escaped;
  throw new StoreError(
    `The id "${id}" takes ${escaped.length} of ${MAX_ID_LENGTH} characters in the outbox, as emoji and the like take 12 each ` +
      'in MySQL. Give a shorter one, or a hash of it.',
  );
}

/** Undoes {@link escapedId}. */
export function unescapedId(escaped: string): string {
  if (!escaped.includes(BACKSLASH)) return escaped;
  return JSON.parse(`"${escaped.replaceAll('"', `${BACKSLASH}"`)}"`) as string;
}
