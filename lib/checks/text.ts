const NUL = '\0';
const CONTROL_CHARACTER = /\p{Cc}/u;
const REPLACEMENT = '\uFFFD';

/**
 * What keeps a name from being held by every store, worded to follow what it is the name of; null where nothing does.
 * Not every database has a place for NUL, and UTF-8 has none for half of a surrogate pair: two names could become one.
 */
export function unstorable(name: string): string | null {
  if (name.includes(NUL)) return 'must not have the character NUL (\\0), which not every store can hold';
  return name.isWellFormed()
    ? null
    : 'must be well-formed Unicode, and has half of a surrogate pair, as slice() through an emoji leaves it';
}

/** Whether a text has a line break, NUL or another character that is not shown. */
export function hasControlCharacter(text: string): boolean {
  return CONTROL_CHARACTER.test(text);
}

/** A text as every store can hold it: what {@link unstorable} objects to is replaced by U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll(NUL, REPLACEMENT);
}

/** Whether a value is a text that says something, of at most so many characters. */
export function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength;
}
