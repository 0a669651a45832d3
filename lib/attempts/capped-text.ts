import { storableText } from '../checks/index.js';

/**
 * `text` as every store holds it, or its beginning and how much was left out, where it is longer than `limit` characters.
 */
export function capped(text: string, limit: number): string {
  if (text.length <= limit) return storableText(text);
  // Only what is kept: to replace millions of characters takes seconds. One more tells a pair from the half of one.
  const storable = storableText(text.slice(0, limit + 1));
  const end = isHighSurrogate(storable.charCodeAt(limit - 1)) ? limit - 1 : limit;
  return `${copyOf(storable.slice(0, end))}… (${text.length - end} more characters)`;
}

/** Of a text that is well-formed: a part of a text keeps all of it in memory, for as long as the store cannot take that part. */
function copyOf(part: string): string {
  return Buffer.from(part).toString();
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd8_00 && code <= 0xdb_ff;
}
