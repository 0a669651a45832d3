import type { Type } from '@nestjs/common';
import { type DiscoveryService, INQUIRER, REQUEST } from '@nestjs/core';
import { isObject } from '../../checks/index.js';
import { listOf, TASK_HANDLER_METADATA, TASKS_CRON_METADATA } from '../../contract/index.js';
import { decoratedClasses } from '../decorators/decorated-classes.js';
import type { TaskHandlerMetadata } from '../decorators/task-handler.decorator.js';
import { metadataOf, methodNamesOf, methodsCalled } from './class-methods.js';
import { listenersOn } from './listener.scanner.js';
import { isMadeLater, lineOf, providedClass, replacedClass } from './provider-class.js';
import type { ProviderWrapper } from './provider-instance.js';
import type { Stores } from './stores.js';

export interface HiddenClassesParts {
  readonly discovery: DiscoveryService;
  readonly stores: Stores;
}

/**
 * Finds classes with handlers, crons or listeners that a provider may well give, though not so that they are found: they are
 * made by a factory for each request under a token that says nothing of them, or stand within a list. A class that is only
 * imported, as one of another process is, is no such one.
 */
export class HiddenClasses {
  constructor(private readonly parts: HiddenClassesParts) {}

  /** What to say at boot; one of several stores says it. */
  warnings(): string[] {
    const { names, mine } = this.parts.stores;
    if (names[0] !== mine) return [];
    const wrappers = [...this.parts.discovery.getProviders(), ...this.parts.discovery.getControllers()];
    const found = new Set(wrappers.flatMap((wrapper) => knownClasses(wrapper)));
    const decorated = decoratedClasses() as Array<Type<object>>;
    const missing = decorated.filter((type) => !found.has(type));
    if (missing.length === 0) return [];
    const within = missing.flatMap((type) => {
      const holder = wrappers.find((wrapper) => holds(wrapper, type));
      return holder ? [{ type, holder }] : [];
    });
    const elsewhere = missing.filter((type) => !within.some((one) => one.type === type));
    const later = wrappers.filter((wrapper) => isUnknown(wrapper, decorated));
    return [
      ...within.map(
        ({ type, holder }) =>
          `Not found: ${decorationsOf(type)}. ${type.name} is only within what "${shownToken(holder)}" provides: list it in ` +
          'the providers of a module by itself.',
      ),
      ...(later.length > 0 ? elsewhere : []).map(
        (type) =>
          `Not found: ${decorationsOf(type)}. No provider is known to be ${type.name}, and what ` +
          `${listOf([...new Set(later.map(shownToken))])} will be shows after the boot only. Where it is that, provide it ` +
          `under its class: { provide: ${type.name}, useFactory: … }.`,
      ),
    ];
  }
}

/** What Nest itself makes for each request is no handler. */
const OF_NEST: readonly unknown[] = [REQUEST, INQUIRER];

/** Under the token of a class that has handlers, it is taken for that. */
function isUnknown(wrapper: ProviderWrapper, decorated: readonly unknown[]): boolean {
  if ([...OF_NEST, ...decorated].includes(wrapper.token)) return false;
  return isMadeLater(wrapper) || wrapper.instance instanceof Promise;
}

function knownClasses(wrapper: ProviderWrapper): Type<object>[] {
  return [providedClass(wrapper), replacedClass(wrapper)].flatMap((type) => (type ? [...lineOf(type)] : []));
}

/** Whether a provider is a class itself and no instance, or holds one in a list or a record. */
function holds(wrapper: ProviderWrapper, type: Type<object>): boolean {
  if (!wrapper.isNotMetatype) return false;
  const value: unknown = wrapper.instance;
  if (value === type) return true;
  const held: unknown[] = Array.isArray(value) ? value : isObject(value) ? valuesOf(value) : [];
  return held.some((one) => one === type || (typeof one === 'object' && one !== null && one.constructor === type));
}

/** Without calling its getters. */
function valuesOf(record: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(record)).map(({ value }): unknown => value);
}

function shownToken({ token }: ProviderWrapper): string {
  if (typeof token === 'function') return (token as { name: string }).name;
  return String(token);
}

/** `@TaskHandler('mail') on Mails.send, @Cron on Mails.digest` */
function decorationsOf(type: Type<object>): string {
  const onClass = Reflect.getOwnMetadata(TASK_HANDLER_METADATA, type) as TaskHandlerMetadata | undefined;
  const onMethods = methodNamesOf(type).flatMap((name) => {
    const [method] = methodsCalled(type, name);
    if (!method) return [];
    const handler = metadataOf<TaskHandlerMetadata>(TASK_HANDLER_METADATA, method);
    const where = `${type.name}.${name}`;
    return [
      ...(handler ? [`@TaskHandler('${handler.name}') on ${where}`] : []),
      ...(metadataOf(TASKS_CRON_METADATA, method) ? [`@Cron on ${where}`] : []),
      ...listenersOn(method).map(({ event }) => `@OnTaskEvent('${event}') on ${where}`),
    ];
  });
  return [...(onClass ? [`@TaskHandler('${onClass.name}') on ${type.name}`] : []), ...onMethods].join(', ');
}
