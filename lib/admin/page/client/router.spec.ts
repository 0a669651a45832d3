import { describe, expect, it } from 'vitest';
import { addressOf, Router } from './router.js';

describe('the router', () => {
  const router = new Router<string>(
    {
      '/tasks': (query) => `tasks ${query.toString()}`,
      '/tasks/:id': (_, { id }) => `task ${id}`,
    },
    (query) => `overview ${query.toString()}`,
  );

  it.each([
    ['', 'overview '],
    ['#', 'overview '],
    ['#/', 'overview '],
    ['#/?window=24h', 'overview window=24h'],
    ['#/nowhere/at/all', 'overview '],
    ['#/tasks', 'tasks '],
    ['#tasks', 'tasks '],
    ['#/tasks/', 'tasks '],
    ['#/tasks?state=failed&search=a%3Fb', 'tasks state=failed&search=a%3Fb'],
    ['#/tasks/0199?x=1', 'task 0199'],
    ['#/tasks/a%2Fb%20c', 'task a/b c'],
    ['#/tasks/cut%E2%8', 'task cut%E2%8'],
  ])('shows for %j what it stands for', (hash, shown) => {
    expect(router.show(addressOf(hash))).toBe(shown);
  });
});
