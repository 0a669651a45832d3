import 'reflect-metadata';
import { Type } from 'class-transformer';
import { describe, expect, it } from 'vitest';
import { InvalidResultError, ResultTooLargeError } from '../contract/index.js';
import { encodeResult } from './result-codec.js';
import { maskSensitive } from './sensitive-path.js';
import { markSensitive } from './sensitive-paths.js';
import { TaskSecrets } from './secrets.js';

class Card {
  constructor(readonly number = '4111-1111') {}
}
markSensitive(Card, 'number');

class Receipt {
  @Type(() => Card) cards = [new Card()];
  total = 7;
}

const encode = (value: unknown, limit = 100_000) => encodeResult('render', value, limit, null);
const shown = ({ json, sensitive }: ReturnType<typeof encode>) => maskSensitive(JSON.parse(json), sensitive);

describe('A result', () => {
  it('is what JSON makes of the value, and null where nothing was returned', () => {
    for (const value of [{ url: 'x', pages: [1, 2] }, [1, 'two'], 'text', 7, true, null, '', 0, false]) {
      expect(JSON.parse(encode(value).json)).toEqual(value);
    }
    expect(encode(undefined).json).toBe('null');
    expect(encode({ a: undefined, at: new Date(0) }).json).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    expect(encode(new Receipt()).json).toBe('{"cards":[{"number":"4111-1111"}],"total":7}');
  });

  it('is refused where JSON cannot hold it, with the place and what would be right', () => {
    const cycle: Record<string, unknown> = {};
    cycle.again = { cycle };
    for (const [value, problem] of [
      [() => 1, 'it is a function, which JSON cannot hold'],
      [10n, 'it is a BigInt, which JSON cannot hold: pass it as a string'],
      [{ rows: [{ count: 10n }] }, 'rows[0].count: is a BigInt'],
      [cycle, 'again.cycle: refers back to the result itself; JSON cannot hold a cycle'],
      [{ at: Number.NaN }, 'at: is NaN'],
      [new Map(), 'it is a Map, which JSON cannot hold: use Object.fromEntries(map)'],
      [Promise.resolve(1), 'it is a Promise: await it first'],
      [[undefined], '[0]: is undefined, which JSON cannot hold: use null'],
      [Symbol('s'), 'it is a symbol, which JSON cannot hold'],
    ] as const) {
      const thrown = thrownBy(() => encode(value));
      expect(thrown).toBeInstanceOf(InvalidResultError);
      expect((thrown as Error).message).toContain('task "render"');
      expect((thrown as Error).message).toContain(problem);
    }
  });

  it('may take so many bytes of UTF-8, and not one more', () => {
    expect(encode('é'.repeat(10), 22).json).toHaveLength(12);
    const thrown = thrownBy(() => encode('é'.repeat(10), 21)) as ResultTooLargeError;
    expect(thrown).toBeInstanceOf(ResultTooLargeError);
    expect(thrown).toMatchObject({ taskName: 'render', bytes: 22, limit: 21 });
    expect(thrown.message).toContain('"maxResultSize"');
    // Written out, it would be larger than a string may be.
    const part = Array.from({ length: 1_000 }, () => 'x'.repeat(1_000));
    const much = Array.from({ length: 1_000 }, () => part);
    expect(thrownBy(() => encode(much))).toBeInstanceOf(ResultTooLargeError);
  });

  it('is shown without what its classes call sensitive, wherever an instance stands', () => {
    const masked = { cards: [{ number: '[sensitive]' }], total: 7 };
    expect(shown(encode(new Receipt()))).toEqual(masked);
    expect(shown(encode([new Receipt()]))).toEqual([masked]);
    expect(shown(encode({ of: { 'the.day': new Card(), rest: 1 } }))).toEqual({
      of: { 'the.day': { number: '[sensitive]' }, rest: 1 },
    });
    expect(encode(new Receipt()).json).toContain('4111-1111');
  });

  it('is shown without values of sensitive params', () => {
    const { redact } = new TaskSecrets('{"token":"hunter-2-secret"}', ['token']);
    const encoded = encodeResult('render', { url: 'https://x/?t=hunter-2-secret', to: ['ann'] }, 1_000, redact);
    expect(shown(encoded)).toEqual({ url: '[sensitive]', to: ['ann'] });
    expect(encoded.json).toContain('hunter-2-secret');
    expect(shown(encodeResult('render', 'hunter-2-secret', 1_000, redact))).toBe('[sensitive]');
    expect(shown(encodeResult('render', { a: { 'hunter-2-secret': 1 } }, 1_000, redact))).toEqual({ a: '[sensitive]' });
    expect(encodeResult('render', { to: 'ann' }, 1_000, redact).sensitive).toEqual([]);
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
