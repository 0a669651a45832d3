import type { RateLimit } from '../contract/index.js';
import type { Checked } from './checked.js';
import { checkDuration } from './duration.js';
import { shownValue } from './shown-value.js';

const GRAMMAR = /^(\d{1,7})\/(.{1,60})$/;
const MAX_STARTS = 1_000_000;
const MAX_SPAN_MS = 31 * 24 * 60 * 60 * 1_000;

/** Reads a rate limit: most starts, a slash, and the span as a unit or a duration: `100/m`, `5/s`, `10/30s`. */
export function checkRateLimit(value: unknown): Checked<RateLimit> {
  const [, count, span] = (typeof value === 'string' && GRAMMAR.exec(value)) || [];
  if (count !== undefined && span !== undefined) {
    const max = Number(count);
    const per = checkDuration(/^\d/.test(span) ? span : `1${span}`, { min: 1, max: MAX_SPAN_MS });
    if (max >= 1 && max <= MAX_STARTS && 'value' in per) return { value: { max, per: per.value } };
  }
  return {
    problem:
      'must be a number of tasks from 1 to 1,000,000 per span of at most 31 days, such as "100/m", "5/s" or "10/30s", ' +
      `not ${shownValue(value)}`,
  };
}
