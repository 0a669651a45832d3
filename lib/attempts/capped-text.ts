import { storableText } from '../checks/index.js';

/**
 * `text` as every store holds it, or its beginning and how much was left out, where it is longer than `limit` characters.
 */
export function capped(text: string, limit: number): string {
  const storable = storableText(text);
  if (storable.length <= limit) return storable;
  const end = isHighSurrogate(storable.charCodeAt(limit - 1)) ? limit - 1 : limit;
  return `${storable.slice(0, end)}… (${storable.length - end} more characters)`;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd8_00 && code <= 0xdb_ff;
}
