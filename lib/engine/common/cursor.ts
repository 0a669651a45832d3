import { InvalidArgumentError } from '../../contract/index.js';

/** The text by which a page of `kind` goes on at `place`. */
export function cursorTo(kind: string, place: string): string {
  return Buffer.from(`${kind}:${place}`).toString('base64url');
}

/**
 * The place that a cursor stands for.
 * @param form of a place
 * @throws InvalidArgumentError for a text that {@link cursorTo} did not make for pages of that kind
 */
export function placeOf(kind: string, cursor: string, form: RegExp): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  const place = text.slice(kind.length + 1);
  if (cursorTo(kind, place) === cursor && form.test(place)) return place;
  throw new InvalidArgumentError(
    'cursor',
    'The cursor is not one that a page gave as "nextCursor"; leave it out to begin at the first page.',
  );
}

/**
 * The page that begins with `found`, which is one item longer where another page follows.
 * @param place of an item
 */
export function pageOf<T>(kind: string, found: readonly T[], limit: number, place: (item: T) => string | number) {
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? cursorTo(kind, String(place(items.at(-1)!))) : null };
}
