import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PAGE_SCRIPT, PAGE_STYLE } from './page.assets.js';

const MAX_COMPRESSED_BYTES = 150_000;

describe('the built page', () => {
  it('is small', () => {
    const size = gzipSync(PAGE_SCRIPT).length + gzipSync(PAGE_STYLE).length;
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThan(MAX_COMPRESSED_BYTES);
  });

  it('loads nothing from elsewhere', () => {
    const addresses = `${PAGE_SCRIPT}${PAGE_STYLE}`.match(/\bhttps?:\/\/[^\s"'`)]+/g) ?? [];
    // Told in an error message of path-to-regexp, never asked for.
    expect(addresses.filter((address) => address !== 'https://git.new/pathToRegexpError')).toEqual([]);
    expect(PAGE_STYLE).not.toMatch(/@import|url\((?!["']?data:)/);
  });

  it('reads no text as HTML or as script', () => {
    expect(PAGE_SCRIPT).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(/);
  });
});
