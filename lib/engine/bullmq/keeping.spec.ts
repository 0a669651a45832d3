import { expect, it } from 'vitest';
import { keeping } from './keeping.js';

it('keeps by age, by count, by both, for ever, or not at all', () => {
  const ten = (queue: string, state: string): number | null => (queue === 'few' && state === 'failed' ? 10 : null);
  expect(keeping('many', 'failed', null, ten)).toBe(false);
  expect(keeping('many', 'failed', 1_001, undefined)).toStrictEqual({ age: 2 });
  expect(keeping('few', 'failed', null, ten)).toEqual({ count: 10 });
  expect(keeping('few', 'failed', 1_000, ten)).toEqual({ age: 1, count: 10 });
  expect(keeping('few', 'completed', null, ten)).toBe(false);
  expect(keeping('few', 'failed', 0, ten)).toBe(true);
  expect(keeping('few', 'failed', 1_000, () => 0)).toBe(true);
});
