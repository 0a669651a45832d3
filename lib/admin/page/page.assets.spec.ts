import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { GRAPH_SCRIPT, LATER_SCRIPT, PAGE_SCRIPT, PAGE_STYLE, PAGE_VERSION } from './page.assets.js';

/** The first view, and all there is. Browsers take gzip over plain HTTP from another machine, and brotli elsewhere. */
const MAX_FIRST_BYTES = 90_000;
const MAX_SENT_BYTES = 150_000;
const textOf = ({ gzip }: { gzip: string }): string => gunzipSync(Buffer.from(gzip, 'base64')).toString();
const script = `${textOf(PAGE_SCRIPT)}${textOf(LATER_SCRIPT)}${textOf(GRAPH_SCRIPT)}`;
const style = textOf(PAGE_STYLE);

describe('the built page', () => {
  it.each(['gzip', 'br'] as const)('is small as it is sent by %s', (coding) => {
    const sizeOf = (file: { gzip: string; br: string }): number => Buffer.from(file[coding], 'base64').length;
    const first = sizeOf(PAGE_SCRIPT) + sizeOf(PAGE_STYLE);
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThan(MAX_FIRST_BYTES);
    expect(first + sizeOf(LATER_SCRIPT) + sizeOf(GRAPH_SCRIPT)).toBeLessThan(MAX_SENT_BYTES);
  });

  it('asks for the other scripts of its own version', () => {
    const asked = script.match(/\.\/(?:page|later-views|graph)\.js[^"'`]*/g) ?? [];
    const names = ['page', 'later-views', 'graph'];
    expect(new Set(asked)).toEqual(new Set(names.map((name) => `./${name}.js?v=${PAGE_VERSION}`)));
  });

  it('loads nothing from elsewhere', () => {
    const addresses = `${script}${style}`.match(/\bhttps?:\/\/[^\s"'`)]+/g) ?? [];
    // Names of XML's namespaces: never asked for.
    const known = /^http:\/\/www\.w3\.org\//;
    expect(addresses.filter((address) => !known.test(address))).toEqual([]);
    expect(style).not.toMatch(/@import|url\((?!["']?data:)/);
  });

  it('reads no text as HTML or as script', () => {
    expect(script).not.toMatch(/outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(/);
  });
});
