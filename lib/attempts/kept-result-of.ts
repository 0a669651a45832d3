import type { TaskResult } from '../engine/port/index.js';
import type { KeptResult } from '../handlers/index.js';
import { encodeResult } from '../params/index.js';
import type { AttemptParts } from './decide.js';

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
