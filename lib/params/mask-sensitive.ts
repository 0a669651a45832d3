import { anyDepth, anyProperty, parsePath, type Segment, type SensitivePath } from './sensitive-path.js';

/** What is shown instead of a sensitive value. */
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
