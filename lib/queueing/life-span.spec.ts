import { describe, expect, it } from 'vitest';
import { lifeSpanOf } from './life-span.js';

const NOW = Date.UTC(2027, 0, 1);
const SECOND = 1_000;

describe('The life span of a task', () => {
  it('counts from the call, or is a date', () => {
    expect(lifeSpanOf({}, NOW, NOW)).toBeNull();
    expect(lifeSpanOf({ expires: '30s' }, NOW, NOW)).toEqual({ startBy: NOW + 30 * SECOND });
    expect(lifeSpanOf({ deadline: 2_000 }, NOW, NOW)).toEqual({ deadlineAt: NOW + 2 * SECOND });
    expect(lifeSpanOf({ expires: new Date(NOW + 1), deadline: '1h' }, NOW, NOW)).toEqual({
      startBy: NOW + 1,
      deadlineAt: NOW + 3_600 * SECOND,
    });
  });

  it.each([
    ['expires', new Date(NOW), 'expires must be in the future: 2027-01-01T00:00:00.000Z has passed.'],
    ['deadline', new Date(NOW - 1), 'deadline must be in the future: 2026-12-31T23:59:59.999Z has passed.'],
    ['expires', 0, 'expires must be in the future: a task without any time could never run.'],
    ['expires', new Date(Number.NaN), 'expires must be a duration such as "30s", or a valid Date.'],
    ['deadline', '30', 'deadline must be a duration such as'],
    ['deadline', -1, 'deadline must not be negative, as -1 is.'],
    ['expires', new Date(NOW + 1e15), 'expires must be less than ten years away.'],
    ['expires', null, 'expires must be a duration such as'],
  ])('refuses %s: %s', (field, value, message) => {
    const wrong = { [field]: value } as { expires: string };
    expect(() => lifeSpanOf(wrong, NOW, NOW)).toThrow(message);
    expect(() => lifeSpanOf(wrong, NOW, NOW)).toThrow(expect.objectContaining({ name: 'InvalidArgumentError', field }));
  });

  it.each(['expires', 'deadline'] as const)('must begin after the delay: %s', (field) => {
    const runAt = NOW + 60 * SECOND;
    expect(lifeSpanOf({ [field]: 61 * SECOND }, NOW, runAt)).not.toBeNull();
    for (const length of [60 * SECOND, 1]) {
      const end = new Date(NOW + length).toISOString();
      expect(() => lifeSpanOf({ [field]: length }, NOW, runAt)).toThrow(
        `${field} must come after runAt: it is over at ${end}, and the task may not start before 2027-01-01T00:01:00.000Z. ` +
          'A duration counts from when the task is enqueued, not from its runAt or delay.',
      );
    }
  });
});
