import { describe, expect, it } from 'vitest';
import { toCamelCase, toSnakeCase } from './spelling.js';

describe('spelling', () => {
  it.each([
    ['retryDelay', 'retry_delay'],
    ['maxLostAttempts', 'max_lost_attempts'],
    ['database', 'database'],
  ])('spells %s as %s and back', (camel, snake) => {
    expect(toSnakeCase(camel)).toBe(snake);
    expect(toCamelCase(snake)).toBe(camel);
  });

  it('takes dashes too', () => {
    expect(toSnakeCase('nightly-reports')).toBe('nightly_reports');
    expect(toCamelCase('retry-delay')).toBe('retryDelay');
  });
});
