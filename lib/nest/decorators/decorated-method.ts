import 'reflect-metadata';
import { DECORATED_FUNCTION_METADATA, TasksConfigError } from '../../contract/index.js';
import { noteDecorated } from './decorated-classes.js';

/** A method that a decorator stands on. */
export interface DecoratedMethod {
  readonly target: object;
  readonly name: string;
  readonly method: object;
  /** `Housekeeping.cleanup` */
  readonly where: string;
}

/**
 * @param decorator for errors: `@Cron`
 * @throws TasksConfigError for what is not a method of an instance, or is one that no name leads to
 */
export function decoratedMethod(
  decorator: string,
  target: object,
  property: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): DecoratedMethod {
  const where = `${typeof target === 'function' ? target.name : target.constructor.name}.${String(property)}`;
  const method: unknown = descriptor?.value;
  if (typeof target === 'function' || typeof method !== 'function') {
    throw new TasksConfigError(`${decorator} stands on ${where}, which is not a method of an instance.`);
  }
  if (typeof property === 'symbol') {
    throw new TasksConfigError(`${decorator} stands on ${where}, a method whose name is a symbol. Give it a text.`);
  }
  return { target, name: property, method, where };
}

/** What the decorator has left there before; one that stands between may have put another function in the method's place. */
export function notedOn<Metadata>(key: string, { target, name }: DecoratedMethod): Metadata | undefined {
  return Reflect.getOwnMetadata(key, target, name) as Metadata | undefined;
}

/** On the method, and beside its class, where it stays when a decorator puts another function in the method's place. */
export function noteOn(key: string, metadata: unknown, { target, name, method }: DecoratedMethod): void {
  noteDecorated(target.constructor);
  Reflect.defineMetadata(key, metadata, method);
  Reflect.defineMetadata(key, metadata, target, name);
  Reflect.defineMetadata(DECORATED_FUNCTION_METADATA, method, target, name);
}
