import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PAGE_SCRIPT, PAGE_STYLE } from './page.assets.js';

/** Browsers take brotli over TLS and from this machine, and gzip over plain HTTP from another one. */
const MAX_SENT_BYTES = { br: 90_000, gzip: 100_000 };
const textOf = ({ gzip }: { gzip: string }): string => gunzipSync(Buffer.from(gzip, 'base64')).toString();
const script = textOf(PAGE_SCRIPT);
const style = textOf(PAGE_STYLE);

describe('the built page', () => {
  it.each(['gzip', 'br'] as const)('is small as it is sent by %s', (coding) => {
    const size = [PAGE_SCRIPT, PAGE_STYLE].reduce((sum, file) => sum + Buffer.from(file[coding], 'base64').length, 0);
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThan(MAX_SENT_BYTES[coding]);
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
