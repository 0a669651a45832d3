import { InvalidArgumentError } from '../contract/index.js';
import { isObject } from './is-object.js';
import { DEFAULT_PAGE_SIZE, MAX_CONCURRENCY, MAX_PAGE_SIZE, MAX_PRIORITY } from './limits.js';
import { checkOwnId } from './own-id.js';
import { shownNumber, shownValue } from './shown-value.js';
import { checkObject } from './task-arguments.js';

interface FlowPart {
  readonly key?: { readonly concurrency?: number | null; readonly rateLimit?: string | null };
  readonly concurrency?: number | null;
  readonly globalConcurrency?: number | null;
  readonly rateLimit?: string | null;
}

const EXAMPLE =
  '{ key: { concurrency: 2, rateLimit: "100/m" } }, { concurrency: 5 }, { globalConcurrency: 10 } or { rateLimit: "5/s" }';

/** @throws InvalidArgumentError for what changes nothing, or is wrong */
export function checkQueueChange<Change extends FlowPart>(change: Change): Change {
  if (!isObject(change)) {
    throw new InvalidArgumentError(
      'change',
      `The change must be an object, such as ${EXAMPLE}, not ${shownValue(change)}.`,
    );
  }
  const { key, concurrency, globalConcurrency, rateLimit, ...others } = change;
  const other = Object.keys(others)[0];
  if (other !== undefined) {
    throw new InvalidArgumentError(other, `"${other}" of a queue cannot be changed, only what ${EXAMPLE} say.`);
  }
  if ([key, concurrency, globalConcurrency, rateLimit].every((part) => part === undefined)) {
    throw new InvalidArgumentError('change', `Say what is to change of the queue: ${EXAMPLE}.`);
  }
  if (key !== undefined) checkKeyPart(key);
  if (concurrency !== undefined) checkConcurrency(concurrency, 'concurrency');
  if (globalConcurrency !== undefined) checkConcurrency(globalConcurrency, 'globalConcurrency');
  return change;
}

function checkKeyPart(key: FlowPart['key']): void {
  const { concurrency, rateLimit, ...others } = Object(key) as NonNullable<FlowPart['key']>;
  if (concurrency !== undefined) checkConcurrency(concurrency, 'key.concurrency');
  if (Object.keys(others).length === 0 && (concurrency !== undefined || rateLimit !== undefined)) return;
  throw new InvalidArgumentError(
    'key',
    `key must say what is to change of each key, such as { concurrency: 2, rateLimit: "100/m" }, not ${shownValue(key)}.`,
  );
}

function checkConcurrency(value: unknown, field: string): void {
  if (value === null) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_CONCURRENCY) return;
  throw new InvalidArgumentError(
    field,
    `${field} must be a whole number from 1 to ${shownNumber(MAX_CONCURRENCY)}, or null for that of the configuration, not ${shownValue(value)}.`,
  );
}

/** @throws InvalidArgumentError */
export function checkPriority(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MAX_PRIORITY) return value;
  const bound = shownNumber(MAX_PRIORITY);
  throw new InvalidArgumentError(
    'priority',
    `priority must be a whole number from -${bound} to ${bound}, not ${shownValue(value)}.`,
  );
}

/** @throws InvalidArgumentError */
export function checkKeysQuery(query: { after?: string; limit?: number }): {
  readonly after?: string;
  readonly limit: number;
} {
  const { after, limit = DEFAULT_PAGE_SIZE } = checkObject(query, 'query', 'keys', ['after', 'limit']) as typeof query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE) {
    throw new InvalidArgumentError('limit', `limit must be a whole number from 1 to ${MAX_PAGE_SIZE}.`);
  }
  return { limit, ...(after !== undefined && { after: checkOwnId(after, 'after') }) };
}
