import { inspect, types } from 'node:util';
import { HANDLER_ERROR, type TaskError } from '../contract/index.js';
import type { Redact } from '../params/index.js';
import { capped } from './capped-text.js';

const MAX_ERROR_NAME_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 64 * 1024;
const MAX_STACK_LENGTH = 64 * 1024;
const DEEPEST_CAUSE = 10;

/**
 * What was thrown, as it is stored with the attempt. Takes anything: a handler may throw what is no error, or an error
 * whose properties throw.
 *
 * @param redact takes sensitive values out. It runs before the text is cut, so that no part of one is left at the end.
 */
export function toTaskError(thrown: unknown, redact: Redact): TaskError {
  const stack = stackOf(thrown, new Set());
  return {
    name: capped(redact(nameOf(thrown)), MAX_ERROR_NAME_LENGTH),
    message: capped(redact(messageOf(thrown)), MAX_MESSAGE_LENGTH),
    ...(stack !== undefined && { stack: capped(redact(stack), MAX_STACK_LENGTH) }),
  };
}

/** `thrown` itself where it is an error, else one that says what was thrown. */
export function toError(thrown: unknown): Error {
  return types.isNativeError(thrown) || isInstance(thrown, Error) ? thrown : new Error(messageOf(thrown));
}

/**
 * Whether `thrown` is an instance of the class, or of the same one in another copy of this package.
 * @param name of the class, written out: a bundler that minifies changes what the class says
 */
export function isInstanceByName(
  thrown: unknown,
  type: abstract new (...parameters: never[]) => Error,
  name: string,
): boolean {
  if (isInstance(thrown, type)) return true;
  if (typeof thrown !== 'object' || thrown === null) return false;
  if (property(thrown, HANDLER_ERROR) === name || property(thrown, 'name') === name) return true;
  for (let level = attempt(() => Object.getPrototypeOf(thrown) as unknown); isObject(level);) {
    const owner = property(level, 'constructor');
    if (typeof owner === 'function' && property(owner, 'name') === name) return true;
    const current: object = level;
    level = attempt(() => Object.getPrototypeOf(current) as unknown);
  }
  return false;
}

/** Whether `thrown` only says that `signal` was aborted, as what was handed the signal reports it. */
export function isAbortError(thrown: unknown, signal: AbortSignal): boolean {
  if (thrown === signal.reason) return true;
  if (!isObject(thrown)) return false;
  const name = property(thrown, 'name');
  return name === 'AbortError' || name === 'TaskAbortedError' || name === 'DeadlineError';
}

/** `key` of an object whose getter may throw. */
export function property(object: object, key: string | symbol): unknown {
  return attempt(() => (object as Record<string | symbol, unknown>)[key]);
}

/** `instanceof`, which a Proxy may answer by throwing. */
function isInstance<T>(thrown: unknown, type: abstract new (...parameters: never[]) => T): thrown is T {
  return attempt(() => thrown instanceof type) ?? false;
}

function nameOf(thrown: unknown): string {
  if (!isObject(thrown)) return 'NonError';
  const name = property(thrown, 'name');
  return typeof name === 'string' && name !== '' ? name : 'Error';
}

function messageOf(thrown: unknown): string {
  if (isObject(thrown)) {
    const message = property(thrown, 'message');
    if (typeof message === 'string') return message;
  }
  if (typeof thrown === 'string') return thrown;
  // `inspect` calls no getters; a Proxy may throw all the same.
  return attempt(() => inspect(thrown, { depth: 2, breakLength: Infinity })) ?? 'What was thrown cannot be shown';
}

/** The stack with those of its causes and of the errors that it gathers. */
function stackOf(thrown: unknown, seen: Set<unknown>): string | undefined {
  if (!isObject(thrown) || seen.has(thrown) || seen.size >= DEEPEST_CAUSE) return undefined;
  seen.add(thrown);
  const stack = property(thrown, 'stack');
  const own = typeof stack === 'string' ? stack : undefined;
  const cause = property(thrown, 'cause');
  const gathered = property(thrown, 'errors');
  const causes = [
    ...(cause === undefined || cause === null ? [] : [['Caused by', cause] as const]),
    ...(Array.isArray(gathered) ? gathered.map((error) => ['Gathered', error as unknown] as const) : []),
  ];
  const more = causes.flatMap(([label, inner]) => {
    if (seen.has(inner) || seen.size >= DEEPEST_CAUSE) return [];
    return [`${label}: ${stackOf(inner, seen) ?? `${nameOf(inner)}: ${messageOf(inner)}`}`];
  });
  return own === undefined && more.length === 0 ? undefined : [own ?? messageOf(thrown), ...more].join('\n');
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
