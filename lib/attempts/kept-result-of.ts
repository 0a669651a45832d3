import type { TaskTraits } from '../contract/index.js';
import type { TaskResult } from '../engine/port/index.js';
import type { KeptResult, RegisteredHandler } from '../handlers/index.js';
import { encodeResult } from '../params/index.js';
import type { AttemptParts } from './decide.js';

/** Whoever calls a task, or waits for it in a workflow, gets what its handler returns, whether the handler keeps it or not. */
const KEPT_FOR_OTHERS: KeptResult = { keepFor: null };

/** How what the handler of a task with traits returns is kept; null where it is not. */
export function keptOf({ result }: RegisteredHandler, { workflow, caller }: TaskTraits): KeptResult | null {
  if (workflow) return KEPT_FOR_OTHERS;
  return result ?? (caller ? KEPT_FOR_OTHERS : null);
}

/**
 * What a handler returned, as it is kept.
 *
 * @param limit most bytes that it may take as JSON
 * @throws InvalidResultError, ResultTooLargeError
 */
export function keptResultOf(
  { handler, secrets }: Pick<AttemptParts, 'handler' | 'secrets'>,
  { keepFor }: KeptResult,
  value: unknown,
  limit: number,
): TaskResult {
  return { ...encodeResult(handler.name, value, limit, secrets?.redact ?? null), keepFor };
}
