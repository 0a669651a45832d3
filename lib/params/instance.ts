import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import type { FieldProblem } from '../contract/index.js';
import { methodNames, hasTransformations, type AnyClass } from './class-metadata.js';
import { formatPath } from './violation.js';

/** Null for a class whose instances class-transformer has to make. */
const known = new WeakMap<AnyClass, ReadonlySet<string> | null>();

/** The result of `plainToInstance` for parsed JSON. */
export interface Instantiated {
  readonly instance: object;
  /** Whether `plain` is as it was; what it holds then stands in the instance, too. */
  readonly intact: boolean;
}

/**
 * Makes parsed JSON an instance of its class, as class-transformer's `plainToInstance` does. Where no decorator of
 * class-transformer says anything about the class, that is a copy of the properties: done here at once, where
 * class-transformer asks for each of them what to do with it.
 *
 * @param plain parsed JSON that nobody else holds
 */
export function instantiate(type: Type<object>, plain: object): Instantiated {
  let methods = known.get(type);
  if (methods === undefined) known.set(type, (methods = hasTransformations(type) ? null : methodNames(type)));
  const copy = methods && copied(type, plain as Record<string, unknown>, methods);
  return copy ? { instance: copy, intact: true } : { instance: plainToInstance(type, plain), intact: false };
}

/** Null where a property meets something of the class: class-transformer knows what becomes of it. */
function copied(
  type: Type<object>,
  plain: Readonly<Record<string, unknown>>,
  methods: ReadonlySet<string>,
): object | null {
  const instance = new type() as Record<string, unknown>;
  for (const key of Object.keys(plain)) {
    if (methods.has(key) || typeof instance[key] === 'function') return null;
    instance[key] = plain[key];
  }
  return instance;
}

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
