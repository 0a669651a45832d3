import { describe, expect, it } from 'vitest';
import { toSnakeCase } from './option-place.js';

describe('spelling', () => {
  it.each([
    ['retryDelay', 'retry_delay'],
    ['maxLostAttempts', 'max_lost_attempts'],
    ['database', 'database'],
  ])('spells %s as %s', (camel, snake) => {
    expect(toSnakeCase(camel)).toBe(snake);
  });

  it('takes dashes too', () => {
    expect(toSnakeCase('nightly-reports')).toBe('nightly_reports');
  });
});
