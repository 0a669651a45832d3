import { describe, expect, it } from 'vitest';
import { shownValue } from './shown-value.js';

describe('a value in an error', () => {
  it.each<[unknown, string]>([
    ['text', '"text"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    [5, '5'],
    [undefined, 'undefined'],
    [null, 'empty (null)'],
    [['secret'], 'a list'],
    [{ password: 'secret' }, 'an object'],
    [new (class Mail {})(), 'an object'],
    [new Date(0), 'a Date'],
    [new Map([['password', 'secret']]), 'a Map'],
    [Promise.resolve('secret'), 'a Promise'],
    [new Error('secret'), 'an Error'],
    [() => 'secret', 'a function'],
    [Symbol('secret'), 'a symbol'],
  ])('is short, and shows nothing of what stands inside: %s', (value, shown) => {
    expect(shownValue(value)).toBe(shown);
  });
});
