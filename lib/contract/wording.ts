import { closest, distance } from 'fastest-levenshtein';

/** The one of `known` that `given` was most likely meant to be, or undefined where none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(given, known);
  const tolerated = Math.max(2, Math.floor(candidate.length / 3));
  return distance(given.toLowerCase(), candidate.toLowerCase()) <= tolerated ? candidate : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** `1 task`, `2 tasks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `"a", "b" and "c"`: names as a sentence lists them; `none` where there are none. */
export function listOf(names: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  const quoted = names.map((name) => `"${name}"`);
  if (quoted.length === 0) return 'none';
  if (quoted.length === 1) return quoted[0]!;
  return `${quoted.slice(0, -1).join(', ')} ${conjunction} ${quoted.at(-1)}`;
}
