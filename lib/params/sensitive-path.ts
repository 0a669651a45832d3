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

/** The text that is shown instead of a sensitive value. */
export const SENSITIVE_MASK = '[sensitive]';

/**
 * A copy of `params` in which what stands at `paths` is replaced by `[sensitive]`. The input is left as it is; parts that
 * hold nothing sensitive are shared with it.
 */
export function maskSensitive(params: unknown, paths: readonly SensitivePath[]): unknown {
  return paths.reduce((masked, path) => replaceAt(masked, parsePath(path), 0), params);
}

function replaceAt(value: unknown, path: readonly Segment[], at: number): unknown {
  if (at === path.length) return SENSITIVE_MASK;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => replaceAt(element, path, at));
  return replaceWithin(value as Record<string, unknown>, path, at);
}

function replaceWithin(object: Record<string, unknown>, path: readonly Segment[], at: number): Record<string, unknown> {
  const segment = path[at]!;
  if (segment === anyDepth) {
    return mapProperties(replaceWithin(object, path, at + 1), (inner) => replaceAt(inner, path, at));
  }
  if (segment === anyProperty) return mapProperties(object, (inner) => replaceAt(inner, path, at + 1));
  if (!Object.hasOwn(object, segment)) return object;
  return { ...object, [segment]: replaceAt(object[segment], path, at + 1) };
}

function mapProperties(object: Record<string, unknown>, map: (value: unknown) => unknown): Record<string, unknown> {
  // Through entries, so that an own key `__proto__` stays a key.
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
