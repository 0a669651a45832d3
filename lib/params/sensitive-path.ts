/**
 * Where a sensitive value stands in stored params, as text: property names joined by dots, such as `user.password` or
 * `cards[].number`. `*` is any one property, `**` any number of levels. A dot, bracket, asterisk or backslash within
 * a name has a backslash before it. `[]` is for the reader: a path goes through arrays wherever it meets one.
 */
export type SensitivePath = string;

export const ANY_PROPERTY = '*';
export const ANY_DEPTH = '**';

/** `name` as a segment of a path. */
export function pathSegment(name: string): string {
  return name.replace(/[\\.*[\]]/g, '\\$&');
}

/** A path taken apart. Wildcards are symbols, because a name may look like one. */
export type Segment = string | typeof anyProperty | typeof anyDepth;
export const anyProperty = Symbol(ANY_PROPERTY);
export const anyDepth = Symbol(ANY_DEPTH);

export function parsePath(path: SensitivePath): Segment[] {
  const segments: Segment[] = [];
  for (const [raw] of path.matchAll(/(?:\\[\s\S]|[^.\\])+/g)) {
    const text = raw.replace(/(?:\[\])+$/, '');
    if (text === ANY_PROPERTY) segments.push(anyProperty);
    else if (text === ANY_DEPTH) segments.push(anyDepth);
    else segments.push(text.replace(/\\([\s\S])/g, '$1'));
  }
  return segments;
}
