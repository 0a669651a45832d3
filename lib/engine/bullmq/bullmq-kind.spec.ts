import { describe, expect, it } from 'vitest';
import type { BullmqOptions } from './bullmq-options.js';
import { bullmqKind } from './bullmq-kind.js';

const { options, together } = bullmqKind;
const check = (name: keyof BullmqOptions, value: unknown): string | null => options[name](value);

/** What `isCluster` goes by. */
const method = (): void => undefined;
const CLUSTER = { connect: method, duplicate: method, defineCommand: method, isCluster: true };

describe('the options of the BullMQ engine', () => {
  it.each(['shop', '{shop}', 'a:b', 'é', 'x'.repeat(200)])('take a prefix such as %s', (prefix) => {
    expect(check('prefix', prefix)).toBeNull();
  });

  it.each(['', 'x'.repeat(201), 'a\nb', '\ud83d', 7, null])('take no prefix such as %j', (prefix) => {
    expect(check('prefix', prefix)).toMatch(/^must be a text of 1 to 200 characters/);
  });

  it('take names of queues to show that can be of other code', () => {
    expect(check('show', [])).toBeNull();
    expect(check('show', ['legacy', 'other'])).toBeNull();
    for (const value of ['legacy', ['legacy', ''], [7], null]) {
      expect(check('show', value)).toBe('must be a list of names of queues, such as ["legacy-emails"]');
    }
    expect(check('show', ['fine', 'nestjs-tasks'])).toBe(
      'cannot have "nestjs-tasks": the name is one of the library\'s own, and not of other code',
    );
  });

  it('say what is wrong with a connection', () => {
    expect(check('connection', 'redis://localhost')).toBeNull();
    expect(check('connection', 7)).toMatch(/^must be \{ host/);
    expect(check('postgres', 'postgres://localhost/app')).toBeNull();
    expect(check('postgres', 7)).toMatch(/^must be a connection string/);
  });

  it('name one server', () => {
    const one = [{ option: null, problem: 'must have one of "connection" and "postgres"' }];
    expect(together({})).toEqual(one);
    expect(together({ connection: 'redis://a', postgres: 'postgres://a/b' })).toEqual(one);
    expect(together({ connection: 'redis://a' })).toEqual([]);
    expect(together({ connection: 'redis://a', prefix: 'shop' })).toEqual([]);
    expect(together({ postgres: 'postgres://a/b' })).toEqual([]);
  });

  it('have no prefix on PostgreSQL', () => {
    expect(together({ postgres: 'postgres://a/b', prefix: 'shop' })).toEqual([
      { option: 'prefix', problem: 'is for Redis: on PostgreSQL, each app has a database of its own' },
    ]);
  });

  it('have a prefix in a cluster that keeps the keys of a queue on one node', () => {
    const connection = CLUSTER;
    for (const prefix of ['{shop}', 'a{b}c']) expect(together({ connection, prefix })).toEqual([]);
    for (const given of [{}, { prefix: 'shop' }, { prefix: '{}' }, { prefix: '{shop' }]) {
      expect(together({ connection, ...given })).toMatchObject([
        { option: 'prefix', problem: expect.stringContaining('must have braces in a cluster') },
      ]);
    }
  });
});
