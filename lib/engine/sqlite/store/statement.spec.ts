import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { placeholders, statement } from './statement.js';

it('a statement is prepared once on each connection', () => {
  const [one, other] = [new Database(':memory:'), new Database(':memory:')];
  const first = statement<[number], { n: number }>(one, 'SELECT ? AS n');
  expect(first.get(3)).toEqual({ n: 3 });
  expect(statement(one, 'SELECT ? AS n')).toBe(first);
  expect(statement(one, 'SELECT 1')).not.toBe(first);
  expect(statement(other, 'SELECT ? AS n')).not.toBe(first);
  one.close();
  other.close();
});

it('rows have their placeholders', () => {
  expect(placeholders(2, 1)).toBe('(?, ?)');
  expect(placeholders(1, 3)).toBe('(?), (?), (?)');
});
