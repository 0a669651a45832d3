import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../http/http-types.js';
import { userOf } from './user-of.js';

describe('userOf', () => {
  it.each<[unknown, string | null]>([
    [undefined, null],
    [null, null],
    ['ada', 'ada'],
    [7, null],
    [{}, null],
    [{ id: 7 }, '7'],
    [{ sub: 'auth0|7' }, 'auth0|7'],
    [{ id: 7, name: 'Ada' }, 'Ada'],
    [{ id: 7, name: 'Ada', username: 'ada' }, 'ada'],
    [{ id: 7, name: 'Ada', username: 'ada', email: 'ada@example.com' }, 'ada@example.com'],
    [{ id: 7, email: ' ' }, '7'],
    [{ name: { first: 'Ada' } }, null],
  ])('of %j is %j', (user, who) => {
    expect(userOf({ user } as unknown as HttpRequest)).toBe(who);
    // Fastify: a middleware has only Node's request to leave it on.
    expect(userOf({ raw: { user } } as unknown as HttpRequest)).toBe(who);
  });
});
