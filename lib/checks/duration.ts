import ms from 'ms';
import { type Duration, InvalidArgumentError } from '../contract/index.js';
import type { Checked } from './checked.js';
import { shownValue } from './shown-value.js';
export type { Duration } from '../contract/index.js';

/** The longest duration that is taken, about ten years: what is longer is a slip of the pen, or means `false`. */
export const MAX_DURATION_MS = 3_660 * 24 * 60 * 60 * 1_000;

/** Least and greatest length that is taken, in milliseconds. */
export interface DurationBounds {
  /** @default 0 */
  readonly min?: number;
  /** @default {@link MAX_DURATION_MS} */
  readonly max?: number;
}

const AMOUNT = String.raw`\d+(?:\.\d+)?`;
const PART = new RegExp(`${AMOUNT}(?:ms|[smhdw])`, 'g');
/** Each unit at most once, from the largest to the smallest. `ms` alone would take `5 Minutes`, `-1h` and `7` too. */
const GRAMMAR = new RegExp(`^(?=.)${['w', 'd', 'h', 'm', 's', 'ms'].map((unit) => `(?:${AMOUNT}${unit})?`).join('')}$`);
/** No sensible duration is longer; keeps the work on a hostile string small. */
const MAX_TEXT_LENGTH = 60;

/**
 * Milliseconds of a duration, rounded to a whole number.
 *
 * @param value a number of milliseconds, or numbers with units from the largest to the smallest: `60s`, `1h30m`, `1.5d`
 * @param field name of the argument or option, for the error
 * @param bounds least and greatest length in milliseconds; default: 0 to about ten years
 * @throws InvalidArgumentError for anything else
 */
export function parseDuration(value: Duration, field: string, bounds?: DurationBounds): number {
  const checked = checkDuration(value, bounds);
  if ('problem' in checked) throw new InvalidArgumentError(field, `${field} ${checked.problem}.`);
  return checked.value;
}

export function checkDuration(value: unknown, bounds: DurationBounds = {}): Checked<number> {
  const { min = 0, max = MAX_DURATION_MS } = bounds;
  const length = typeof value === 'string' ? millisecondsOf(value) : value;
  if (typeof length !== 'number' || Number.isNaN(length)) {
    const missingUnit = typeof value === 'string' && /^\d+$/.test(value) ? ' (a string needs a unit)' : '';
    return {
      problem:
        'must be a duration such as "250ms", "60s", "5m", "1h30m" or "7d", or a number of milliseconds, ' +
        `not ${shownValue(value)}${missingUnit}`,
    };
  }
  const rounded = Math.round(length);
  if (length < 0) return { problem: `must not be negative, as ${shownValue(value)} is` };
  if (rounded < min) return { problem: `must be at least "${ms(min)}", not ${shownValue(value)}` };
  if (rounded > max) return { problem: `must be at most "${ms(max)}", not ${shownValue(value)}` };
  // Math.round(-0) is -0, which JSON and SQL would not give back as it is.
  return { value: rounded + 0 };
}

function millisecondsOf(text: string): number {
  if (text.length > MAX_TEXT_LENGTH || !GRAMMAR.test(text)) return Number.NaN;
  const parts = text.match(PART) ?? [];
  return parts.reduce((sum, part) => sum + ms(part as ms.StringValue), 0);
}
