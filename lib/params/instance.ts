import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { methodNames, hasTransformations, type AnyClass } from './class-metadata.js';

/** Null for a class whose instances class-transformer has to make. */
const known = new WeakMap<AnyClass, ReadonlySet<string> | null>();

/** What `plainToInstance` makes of parsed JSON. */
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
