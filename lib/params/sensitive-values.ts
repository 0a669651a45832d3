import { MAX_PARAMS_DEPTH } from './finding.js';
import { anyDepth, anyProperty, parsePath, type Segment, type SensitivePath } from './sensitive-path.js';

/**
 * What stands at `paths` in `params`, stored or as an instance: strings and numbers as text; of an object or array
 * everything that it holds.
 */
export function sensitiveValues(params: unknown, paths: readonly SensitivePath[]): string[] {
  const values = new Set<string>();
  for (const path of paths) visit(params, parsePath(path), 0, 0, values);
  return [...values];
}

function visit(value: unknown, path: readonly Segment[], at: number, depth: number, into: Set<string>): void {
  if (at >= path.length) {
    if (typeof value === 'string') into.add(value);
    else if (typeof value === 'number' || typeof value === 'bigint') into.add(String(value));
  }
  // A transformation of the class may have made a cycle: the depth ends it.
  if (typeof value !== 'object' || value === null || depth > MAX_PARAMS_DEPTH) return;
  const segment = path[at];
  const step = (inner: unknown, next: number): void => visit(inner, path, next, depth + 1, into);
  if (Array.isArray(value) || value instanceof Set) {
    for (const element of value) step(element, at);
  } else if (segment === undefined || segment === anyProperty) {
    for (const inner of propertiesOf(value)) step(inner, segment === undefined ? at : at + 1);
  } else if (segment === anyDepth) {
    step(value, at + 1);
    for (const inner of propertiesOf(value)) step(inner, at);
  } else {
    step(value instanceof Map ? value.get(segment) : (value as Record<string, unknown>)[segment], at + 1);
  }
}

function propertiesOf(value: object): Iterable<unknown> {
  return value instanceof Map ? value.values() : Object.values(value);
}
