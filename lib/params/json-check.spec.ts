import { describe, expect, it } from 'vitest';
import { checkJson } from './json-check.js';

const LIMIT = 1_000_000;
const problemOf = (value: unknown) => checkJson(value, LIMIT);

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

describe('checkJson', () => {
  it.each([
    ['plain values', { a: 1, b: 'x', c: null, d: true, e: [1, [2]], f: {} }],
    ['a date', { at: new Date(0) }],
    ['an undefined property, which JSON leaves out', { a: undefined, b: 1 }],
    ['an instance of a class, by its own properties', { point: new Point(1, 2) }],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['what toJSON makes of a value', { money: { amount: 10n, toJSON: () => '10' } }],
    ['a Buffer, by its toJSON', { data: Buffer.from('x') }],
    ['boxed primitives', { a: new Number(1), b: new String('x') }],
    ['one object in two places', ((shared) => ({ a: shared, b: shared }))({ c: 1 })],
    ['any Unicode', { text: 'é😀\u0000\uD800' }],
  ])('accepts %s', (_, value) => {
    expect(problemOf(value)).toBeNull();
    expect(() => JSON.stringify(value)).not.toThrow();
  });

  it.each([
    ['a function', { items: [{}, { price: () => 1 }] }, 'items[1].price', /function/],
    ['a symbol', { a: Symbol('s') }, 'a', /symbol/],
    ['a BigInt', { a: { b: 1n } }, 'a.b', /BigInt/],
    ['NaN', { items: [1, 2, { price: NaN }] }, 'items[2].price', /NaN/],
    ['Infinity', { a: -Infinity }, 'a', /-Infinity/],
    ['a boxed NaN', { a: new Number(NaN) }, 'a', /NaN/],
    ['an invalid Date', { at: new Date(NaN) }, 'at', /invalid Date/],
    ['undefined in an array', { list: [1, undefined] }, 'list[1]', /undefined/],
    ['a hole in an array', { list: [, 1] }, 'list[0]', /undefined/], // eslint-disable-line no-sparse-arrays
    ['a Map', { map: new Map() }, 'map', /Map/],
    ['a Set', { set: new Set() }, 'set', /Set/],
    ['a Promise that was not awaited', { user: Promise.resolve(1) }, 'user', /await/],
    ['an Error', { cause: new Error('x') }, 'cause', /Error/],
    ['a RegExp', { pattern: /x/ }, 'pattern', /RegExp/],
    ['a typed array', { data: new Uint8Array(2) }, 'data', /binary/],
    ['an opaque collection', { query: new URLSearchParams('a=1') }, 'query', /URLSearchParams/],
    ['a toJSON that gives what JSON cannot hold', { a: { toJSON: () => 1n } }, 'a', /BigInt/],
    ['a key that is no name', { 'my key': { 'a.b': NaN } }, '["my key"]["a.b"]', /NaN/],
  ])('refuses %s with its path', (_, value, path, message) => {
    expect(problemOf(value)).toMatchObject({ path, message: expect.stringMatching(message) as string });
  });

  it('refuses a cycle, naming both ends', () => {
    const order: Record<string, unknown> = { items: [{}] };
    (order['items'] as object[])[0] = { order };
    expect(problemOf({ order })).toMatchObject({
      path: 'order.items[0].order',
      message: expect.stringContaining('refers back to order;') as string,
    });
    expect(problemOf(order)).toMatchObject({ path: 'items[0].order' });
  });

  it('refuses what is too deep, also when toJSON is what goes on for ever', () => {
    let deep: object = {};
    for (let level = 0; level < 100_000; level++) deep = { deep };
    expect(problemOf(deep)).toMatchObject({ message: expect.stringContaining('deeper than 200') as string });
    const endless = { toJSON: (): object => ({ ...endless }) };
    expect(problemOf({ endless })).toMatchObject({ message: expect.stringContaining('deeper than 200') as string });
  });

  it('accepts 150 levels', () => {
    let deep: object = {};
    for (let level = 0; level < 150; level++) deep = { deep };
    expect(problemOf(deep)).toBeNull();
  });

  it('gives up early on a small value that repeats itself into a huge text', () => {
    let bomb: unknown = 'x';
    for (let level = 0; level < 100; level++) bomb = [bomb, bomb];
    const found = checkJson({ bomb }, 1000);
    expect(found).toHaveProperty('bytes');
    expect((found as { bytes: number }).bytes).toBeLessThan(2000);
  });

  it('never counts more bytes than the JSON takes', () => {
    for (const value of [{}, [], { a: 1 }, { a: [] }, { a: [1, 2, { b: null, c: true }], d: new Date(0), e: 'é' }]) {
      expect(checkJson(value, Buffer.byteLength(JSON.stringify(value)))).toBeNull();
    }
  });
});
