/** `text`, or its beginning and how much was left out, where it is longer than `limit` characters. */
export function capped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // Half of a surrogate pair could not be stored.
  const end = isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit;
  return `${text.slice(0, end)}… (${text.length - end} more characters)`;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd8_00 && code <= 0xdb_ff;
}
