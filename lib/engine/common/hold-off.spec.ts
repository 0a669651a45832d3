import { expect, it } from 'vitest';
import { holdOff } from './hold-off.js';

it.each([
  [0, 1_000],
  [3_999, 1_000],
  [4_001, 1_000],
  // PostgreSQL refuses a time that is not whole.
  [4_002, 1_001],
  [4_003, 1_001],
  [60_000, 15_000],
  [24 * 60 * 60_000, 600_000],
])('a task that has waited %d ms for a handler is left alone for %d ms', (waited, expected) => {
  expect(holdOff(waited)).toBe(expected);
});
