import type { Type } from '@nestjs/common';
import type { ProviderWrapper } from './provider-instance.js';

/** The class of what a provider provides; null for plain objects, functions, and values that are not there yet. */
export function providedClass(wrapper: ProviderWrapper): Type<object> | null {
  const provided = wrapper.isNotMetatype ? classOfValue(wrapper) : wrapper.metatype;
  return isClass(provided) ? provided : null;
}

/**
 * The class that a provider is asked for by, where something of another kind stands in its place: a stub, or what a test
 * gave to `overrideProvider`.
 */
export function replacedClass(wrapper: ProviderWrapper): Type<object> | null {
  const { token } = wrapper;
  if (!isClass(token)) return null;
  const provided = providedClass(wrapper);
  return provided === token || provided?.prototype instanceof token ? null : token;
}

/** Reads a member of a provider by its value, where it is one, and by its class where it is made of one. */
export function memberOf(wrapper: ProviderWrapper, type: Type<object>, name: string): unknown {
  const value: unknown = wrapper.isNotMetatype ? wrapper.instance : null;
  return ((value ?? type.prototype) as Record<string, unknown>)[name];
}

/** A class and the classes that it extends, the nearest first. */
export function* lineOf(type: Type<object>): Iterable<Type<object>> {
  for (let current: unknown = type; isClass(current); current = Object.getPrototypeOf(current)) yield current;
}

/** The name of a class; one that a class decorator made without a name goes by that of the class that it extends. */
export function nameOf(type: Type<object>): string {
  for (const { name } of lineOf(type)) if (name !== '') return name;
  return '';
}

export function isClass(value: unknown): value is Type<object> {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}

function classOfValue(wrapper: ProviderWrapper): unknown {
  // Null for a request-scoped factory: its value is not known before there is a request.
  const value: unknown = wrapper.instance;
  if (typeof value !== 'object' || value === null) return null;
  const { constructor } = value;
  return constructor === Object ? null : constructor;
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
  methods: readonly string[],
  decorationOf: (method: object) => Decoration | null | undefined,
): Array<Undecorated<Decoration>> {
  return methods.flatMap((method) => {
    for (const original of lineOf(type)) {
      const own: unknown = Object.getOwnPropertyDescriptor(original.prototype, method)?.value;
      const decoration = typeof own === 'function' ? decorationOf(own) : null;
      if (!decoration) continue;
      const isOverridden = (type.prototype as Record<string, unknown>)[method] !== own;
      return isOverridden ? [{ method, decoration, original }] : [];
    }
    return [];
  });
}
