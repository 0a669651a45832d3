import { types } from 'node:util';
import type { FieldProblem } from '../contract/index.js';
import { copiedProperties, type AnyClass } from './class-metadata.js';
import { MAX_PARAMS_DEPTH, toFieldProblem, tooDeep, under, violation, type Violation } from './violation.js';

/**
 * Finds what class-transformer would bend in silence when it makes an instance plain: it calls functions that it meets
 * as values, and runs out of stack on a cycle. Values are not looked at: the plain form is checked afterwards.
 */
export function checkInstance(instance: object): FieldProblem | null {
  const found = scan(instance, 0);
  return found && toFieldProblem(found);
}

function scan(value: unknown, depth: number): Violation | null {
  if (typeof value === 'function')
    return violation('is a function, which JSON cannot hold: make it a method of the class');
  if (typeof value !== 'object' || value === null || isLeaf(value)) return null;
  if (depth >= MAX_PARAMS_DEPTH) return tooDeep();
  for (const [key, inner] of entriesOf(value)) {
    const found = scan(inner, depth + 1);
    if (found) return under(value, key, found);
  }
  return null;
}

function isLeaf(value: object): boolean {
  return types.isDate(value) || types.isPromise(value) || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

function entriesOf(value: object): Iterable<[string | number, unknown]> {
  if (Array.isArray(value)) return value.entries();
  if (types.isSet(value)) return [...value].entries();
  if (types.isMap(value)) return [...value].map(([key, inner]) => [String(key), inner]);
  const properties = value as Record<string, unknown>;
  const type: unknown = value.constructor;
  const names =
    typeof type === 'function' && type !== Object ? copiedProperties(type as AnyClass, value) : Object.keys(value);
  return names.map((name) => [name, properties[name]]);
}
