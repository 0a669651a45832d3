import { describe, expect, it } from 'vitest';
import { isRegistrable } from './request-host.js';

describe('isRegistrable', () => {
  it.each([
    'evil.example',
    'evil.example:3000',
    'Evil.Example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'a.b:80:80',
  ])('is true for %s, which a stranger may own', (host) => {
    expect(isRegistrable(host)).toBe(true);
  });

  it.each([
    'localhost',
    'panel.localhost:3000',
    '127.0.0.1:3000',
    '10.0.0.5',
    '[::1]:3000',
    '[2001:db8::1]',
    'app',
    'app:3000',
  ])('is false for %s, which nobody can register', (host) => {
    expect(isRegistrable(host)).toBe(false);
  });
});
