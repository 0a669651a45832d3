import { describe, expect, it } from 'vitest';
import { expressionText } from './schedule-fields.js';

describe('expressionText', () => {
  it.each([
    ['0 0 * * *', '0 0 * * *'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(NaN), 'Invalid Date'],
    [{ toJSDate: () => new Date(0) }, '1970-01-01T00:00:00.000Z'],
  ])('makes text of %j', (given, text) => expect(expressionText(given)).toBe(text));

  it.each([[42], [null], [undefined], [{}], [{ toJSDate: 5 }], [{ toJSDate: () => 'now' }]])(
    'leaves %j as it is',
    (given) => expect(expressionText(given)).toBe(given),
  );
});
