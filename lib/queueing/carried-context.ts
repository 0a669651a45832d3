import { isObject, MAX_CONTEXT_BYTES, shownNumber, shownValue, unstorable } from '../checks/index.js';
import type { ContextOptions } from '../config/index.js';
import { type CarriedContext, InvalidArgumentError } from '../contract/index.js';
import type { FollowUps } from './follow-ups.js';

/**
 * What a task that is enqueued here carries: what the app says, over what the task carries whose handler enqueues it.
 *
 * @throws InvalidArgumentError where that is no plain object, no JSON or too large; and what `carry` throws
 */
export function carriedContext(
  { carry }: Pick<ContextOptions, 'carry'>,
  followUps: Pick<FollowUps, 'context'> | null,
): CarriedContext | undefined {
  const before = followUps?.context;
  const own: unknown = carry?.();
  if (own === null || own === undefined) return before;
  return withinLimit({ ...before, ...plain(own) });
}

/** @throws InvalidArgumentError */
function plain(own: unknown): CarriedContext {
  if (!isObject(own)) throw wrong(`must return a plain object at once, such as { requestId }, not ${shownValue(own)}`);
  try {
    return JSON.parse(JSON.stringify(own, storable)) as CarriedContext;
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw wrong(`must return what JSON can hold: ${(error as Error).message}`);
  }
}

/** @throws InvalidArgumentError */
function withinLimit(context: CarriedContext): CarriedContext | undefined {
  const size = Buffer.byteLength(JSON.stringify(context));
  if (size > MAX_CONTEXT_BYTES) {
    throw wrong(
      `may return at most ${shownNumber(MAX_CONTEXT_BYTES)} bytes of JSON, with what the task carries whose handler calls, and ` +
        `these are ${shownNumber(size)}: carry an id, and look the rest up`,
    );
  }
  return Object.keys(context).length > 0 ? context : undefined;
}

function storable(key: string, value: unknown): unknown {
  for (const text of [key, value]) {
    const problem = typeof text === 'string' ? unstorable(text) : null;
    if (problem) throw wrong(`returned a text that ${problem}`);
  }
  return value;
}

function wrong(what: string): InvalidArgumentError {
  return new InvalidArgumentError('context', `The option "context.carry" ${what}.`);
}
