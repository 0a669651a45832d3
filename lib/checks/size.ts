import type { Checked } from './checked.js';
import { shownNumber, shownValue } from './shown-value.js';

const BYTES: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KiB', 1_024],
  ['MiB', 1_024 ** 2],
  ['GiB', 1_024 ** 3],
  ['kB', 1_000],
  ['MB', 1_000 ** 2],
  ['GB', 1_000 ** 3],
]);
const GRAMMAR = /^(\d{1,15}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB|kB|MB|GB)$/;

/** Least and greatest size that is taken, in bytes. */
export interface SizeBounds {
  /** @default 0 */
  readonly min?: number;
  /** @default Number.MAX_SAFE_INTEGER */
  readonly max?: number;
}

/**
 * Reads bytes, rounded down.
 *
 * @param value a whole number of bytes, or a number with a unit: `64KiB`, `1MiB` (1,024), `500kB`, `1MB` (1,000)
 */
export function checkSize(value: unknown, bounds: SizeBounds = {}): Checked<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds;
  const bytes = typeof value === 'string' ? bytesOf(value) : value;
  if (typeof bytes !== 'number' || !Number.isInteger(bytes)) {
    return {
      problem: `must be a size such as "64KiB" or "1MiB", or a whole number of bytes, not ${shownValue(value)}`,
    };
  }
  if (bytes < min || bytes > max) {
    return { problem: `must be from ${shownNumber(min)} to ${shownNumber(max)} bytes, not ${shownValue(value)}` };
  }
  return { value: bytes + 0 };
}

function bytesOf(text: string): number {
  const [, amount, unit] = GRAMMAR.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return Number.NaN;
  return Math.floor(Number(amount) * BYTES.get(unit)!);
}
