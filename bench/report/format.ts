import type { Unit } from '../measure.js';

/** A value as the tables show it, without its unit. */
export function format(value: number, unit: Unit): string {
  const digits = unit === 'tasks/s' || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
