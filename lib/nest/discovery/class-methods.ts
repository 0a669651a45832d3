import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { DECORATED_FUNCTION_METADATA } from '../../contract/index.js';

/** A method as a class of a line has it. */
export interface ClassMethod {
  readonly prototype: object;
  readonly name: string;
  /** Null for a getter: what it gives is known by an instance alone. */
  readonly function: object | null;
}

/** The prototype of a class, and those that it extends, the nearest first. */
export function* prototypesOf(type: Type<object>): Iterable<object> {
  let prototype = type.prototype as object | null;
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    yield prototype;
  }
}

/** What a class has under the name of a method: its own, and those that it overrides, the nearest first. */
export function methodsCalled(type: Type<object>, name: string): ClassMethod[] {
  return [...prototypesOf(type)].flatMap((prototype) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (!descriptor) return [];
    const value: unknown = descriptor.value;
    return [{ prototype, name, function: typeof value === 'function' ? value : null }];
  });
}

/** The names of all methods and getters of a class. */
export function methodNamesOf(type: Type<object>): string[] {
  const names = new Set([...prototypesOf(type)].flatMap((prototype) => Object.getOwnPropertyNames(prototype)));
  names.delete('constructor');
  return [...names];
}

/**
 * What a decorator has left on a method. One that stands above it may have put another function in the method's place,
 * which has nothing of it: then what was noted beside the class counts.
 */
export function metadataOf<Metadata>(
  key: string,
  { prototype, name, function: own }: ClassMethod,
): Metadata | undefined {
  const onFunction = own ? (Reflect.getOwnMetadata(key, own) as Metadata | undefined) : undefined;
  return onFunction ?? (Reflect.getOwnMetadata(key, prototype, name) as Metadata | undefined);
}

/**
 * Gives a function that a decorator has put in a method's place what that has not taken over, such as the guards that stand
 * below: a handler that is found must not be without them.
 */
export function restoreMetadata(type: Type<object>, name: string): void {
  const [nearest] = methodsCalled(type, name);
  if (!nearest?.function) return;
  const original = Reflect.getOwnMetadata(DECORATED_FUNCTION_METADATA, nearest.prototype, name) as object | undefined;
  if (!original || original === nearest.function) return;
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    if (Reflect.hasOwnMetadata(key, nearest.function)) continue;
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), nearest.function);
  }
}

/** A method that overrides one with a decorator, and has none itself. */
export interface Undecorated<Decoration> {
  readonly method: string;
  readonly decoration: Decoration;
  /** The class whose method has the decorator. */
  readonly original: Type<object>;
}

/** @param decorationOf what a decorator has left on a method, if anything */
export function undecoratedOverrides<Decoration>(
  type: Type<object>,
  decorationOf: (method: ClassMethod) => Decoration | null | undefined,
): Array<Undecorated<Decoration>> {
  return methodNamesOf(type).flatMap((method) => {
    const [nearest, ...overridden] = methodsCalled(type, method);
    if (!nearest || decorationOf(nearest)) return [];
    for (const { prototype, function: own, name } of overridden) {
      const decoration = decorationOf({ prototype, function: own, name });
      if (decoration) return [{ method, decoration, original: prototype.constructor as Type<object> }];
    }
    return [];
  });
}
