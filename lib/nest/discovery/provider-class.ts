import type { Type } from '@nestjs/common';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import { methodsCalled, prototypesOf } from './class-methods.js';
import { isShared, type ProviderWrapper } from './provider-instance.js';

/**
 * The class of what a provider provides; null for plain objects, functions, and values that are not there yet. What a factory
 * makes for each request is taken for what it is asked for by.
 */
export function providedClass(wrapper: ProviderWrapper): Type<object> | null {
  const provided = wrapper.isNotMetatype ? classOfValue(wrapper) : wrapper.metatype;
  if (isClass(provided)) return provided;
  return isMadeLater(wrapper) && isClass(wrapper.token) ? wrapper.token : null;
}

/** Whether a factory makes it for each request, or each time: what it is shows by then. */
export function isMadeLater(wrapper: ProviderWrapper): boolean {
  return wrapper.isFactory && !isShared(wrapper);
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

/** Whether a value or a factory has given nothing, as a factory may that is switched off. */
export function isNothing(wrapper: ProviderWrapper): boolean {
  const value: unknown = wrapper.instance;
  if (!wrapper.isNotMetatype || !isShared(wrapper) || (value !== null && value !== undefined)) return false;
  return wrapper.getInstanceByContextId(STATIC_CONTEXT).isResolved === true;
}

/**
 * Reads a method of a provider by its value, where it is one, and by its class where it is made of one: there no getter is
 * called, which would have no instance.
 */
export function memberOf(wrapper: ProviderWrapper, type: Type<object>, name: string): unknown {
  const value: unknown = wrapper.isNotMetatype ? wrapper.instance : null;
  return value ? (value as Record<string, unknown>)[name] : methodsCalled(type, name)[0]?.function;
}

/**
 * A class and the classes that it extends, the nearest first. What a class decorator has put in the place of a class without
 * extending it, such as a proxy, shares its prototype, which names it.
 */
export function* lineOf(type: Type<object>): Iterable<Type<object>> {
  yield type;
  for (const prototype of prototypesOf(type)) {
    const own: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (own !== type && isClass(own)) yield own;
  }
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
