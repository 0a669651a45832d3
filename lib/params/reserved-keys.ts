import type { FieldProblem } from '../errors/index.js';
import { formatPath } from './value-path.js';

/**
 * Keys that class-transformer does not carry over into an instance: it skips them, or takes `constructor` for the class
 * of the object that it stands in.
 */
const RESERVED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Tells in one pass over the text that there is none, as nearly always. The rest is found by walking. */
const PERHAPS_RESERVED = new RegExp(`"(?:${[...RESERVED].join('|')})"\\s*:|\\\\u`);

/** The first key in the JSON text that would be lost on the way into an instance, or null. */
export function findReservedKey(json: string, parsed: object): FieldProblem | null {
  if (!PERHAPS_RESERVED.test(json)) return null;
  const segments: Array<string | number> = [];
  const key = descend(parsed, segments);
  if (key === null) return null;
  return {
    path: formatPath(segments),
    message: `has a key "${key}", which cannot stand in params that have a class: rename it`,
  };
}

function descend(value: unknown, segments: Array<string | number>): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && RESERVED.has(key)) return key;
    segments.push(Array.isArray(value) ? Number(key) : key);
    const found = descend(inner, segments);
    if (found !== null) return found;
    segments.pop();
  }
  return null;
}
