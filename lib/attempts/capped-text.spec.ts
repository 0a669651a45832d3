import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { capped } from './capped-text.js';

const LONG = 1024 * 1024;

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('capped', () => {
  it('leaves a text as it is that is no longer than the limit', () => {
    expect(capped('', 3)).toBe('');
    expect(capped('abc', 3)).toBe('abc');
  });

  it('cuts a longer one, and says how much was left out', () => {
    expect(capped('abcdefgh', 3)).toBe('abc… (5 more characters)');
    expect(capped('abcd', 3)).toBe('abc… (1 more characters)');
  });

  it.each([
    ['\u{10000}', 'the first of all pairs'],
    ['😀', 'one in the middle'],
    ['\u{10FFFF}', 'the last'],
  ])('cuts no pair in two: %j, %s', (pair) => {
    expect(capped(`a${pair}bcd`, 2)).toBe('a… (5 more characters)');
    expect(capped(`a${pair}bcd`, 3)).toBe(`a${pair}… (3 more characters)`);
  });

  it('takes what stands beside the pairs for characters of their own', () => {
    expect(capped('a\ud7ffbcd', 2)).toBe('a\ud7ff… (3 more characters)');
    expect(capped('a\ue000bcd', 2)).toBe('a\ue000… (3 more characters)');
  });

  it('replaces halves where it cuts, and only those', () => {
    expect(capped('a\ud83dbcd', 2)).toBe('a\ufffd… (3 more characters)');
    expect(capped('ab\ud83dcd', 2)).toBe('ab… (3 more characters)');
    expect(capped('a\ude00bcd', 2)).toBe('a\ufffd… (3 more characters)');
  });

  it('keeps nothing in memory of what it cuts off', () => {
    const before = heapUsed();
    const cut = Array.from({ length: 100 }, (_, index) => capped(String(index % 10).repeat(LONG), 8_192));
    expect(heapUsed() - before).toBeLessThan((cut.length * LONG) / 4);
    expect(cut[3]).toMatch(/^3{8192}… /);
  });

  it('gives what every store can hold', () => {
    expect(capped('Thanks 😀'.slice(0, 8), 100).isWellFormed()).toBe(true);
  });
});
