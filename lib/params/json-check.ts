import { types } from 'node:util';
import type { FieldProblem } from '../contract/index.js';
import {
  MAX_PARAMS_DEPTH,
  toFieldProblem,
  tooDeep,
  type TooLarge,
  under,
  violation,
  type Violation,
} from './violation.js';

/**
 * Finds what JSON cannot hold, or holds only by losing it. Follows `JSON.stringify`: `toJSON` is honoured and properties
 * that are undefined are left out; all else that it would drop or bend in silence is refused.
 *
 * @param limit bytes: the walk ends when the value certainly takes more, so that a small value that repeats a part over
 *   and over is not written out in full first
 * @param root what a message calls the value itself
 */
export function checkJson(
  value: unknown,
  limit: number,
  root = 'the params themselves',
): FieldProblem | TooLarge | null {
  const walk = new JsonWalk(limit);
  const found = walk.scan(value, 0);
  if (walk.counted > limit) return { bytes: walk.counted };
  return found && toFieldProblem(found, root);
}

class JsonWalk {
  /** Bytes that the JSON takes at least. */
  counted = 0;

  constructor(private readonly limit: number) {}

  scan(value: unknown, depth: number): Violation | null {
    switch (typeof value) {
      case 'string':
        return this.count(value.length + 2);
      case 'number':
        return Number.isFinite(value) ? this.count(1) : violation(`is ${value}, which JSON cannot hold`);
      case 'boolean':
        return this.count(4);
      case 'object':
        return value === null ? this.count(4) : this.scanObject(value, depth);
      case 'bigint':
        return typeof (value as { toJSON?: unknown }).toJSON === 'function'
          ? this.count(1)
          : violation('is a BigInt, which JSON cannot hold: pass it as a string');
      case 'undefined':
        return violation('is undefined, which JSON cannot hold: use null');
      default:
        return violation(`is a ${typeof value}, which JSON cannot hold`);
    }
  }

  private scanObject(value: object, depth: number): Violation | null {
    if (depth >= MAX_PARAMS_DEPTH) return tooDeep();
    const prototype: unknown = Object.getPrototypeOf(value);
    const common = prototype === Object.prototype || prototype === Array.prototype || prototype === null;
    if (!common && types.isDate(value)) {
      return Number.isNaN(value.getTime()) ? violation('is an invalid Date') : this.count(26);
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') {
      const inner = this.scan(toJSON.call(value, ''), depth + 1);
      return inner && under(value, null, inner);
    }
    if (Array.isArray(value)) return this.scanArray(value, depth);
    if (!common) {
      if (types.isBoxedPrimitive(value)) return this.scan(value.valueOf(), depth + 1);
      const message = refusal(value);
      if (message) return violation(message);
    }
    return this.scanProperties(value as Record<string, unknown>, depth);
  }

  private scanArray(value: readonly unknown[], depth: number): Violation | null {
    let inner = this.count(1);
    for (let index = 0; index < value.length && !inner; index++) {
      inner = this.count(1) ?? this.scan(value[index], depth + 1);
      if (inner) return under(value, index, inner);
    }
    return inner;
  }

  private scanProperties(value: Readonly<Record<string, unknown>>, depth: number): Violation | null {
    let inner = this.count(1);
    for (const key of Object.keys(value)) {
      const property = value[key];
      if (property === undefined) continue;
      inner = this.count(key.length + 4) ?? this.scan(property, depth + 1);
      if (inner) return under(value, key, inner);
    }
    return inner;
  }

  private count(bytes: number): Violation | null {
    this.counted += bytes;
    return this.counted > this.limit ? violation('is too large') : null;
  }
}

/** Why an object that is no plain one is refused; null for an instance of a class, whose own properties are its value. */
function refusal(value: object): string | null {
  if (types.isPromise(value)) return 'is a Promise: await it first';
  if (types.isMap(value)) return 'is a Map, which JSON cannot hold: use Object.fromEntries(map)';
  if (types.isSet(value)) return 'is a Set, which JSON cannot hold: use an array';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return 'is a weak collection, which JSON cannot hold';
  if (types.isRegExp(value)) return 'is a RegExp, which JSON cannot hold: pass its source';
  if (types.isNativeError(value)) return 'is an Error, which JSON cannot hold: pass its message';
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return 'is binary data, which JSON cannot hold: pass it as a base64 string';
  }
  if (Symbol.iterator in value && Object.keys(value).length === 0) {
    return `is a ${value.constructor?.name ?? 'collection'}, which JSON cannot hold: pass what it contains`;
  }
  return null;
}
