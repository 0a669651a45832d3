import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PackedFile } from './packed-file.js';

describe('PackedFile', () => {
  const text = 'the page '.repeat(99);
  const file = new PackedFile({
    br: brotliCompressSync(text).toString('base64'),
    gzip: gzipSync(text).toString('base64'),
  });
  const open = { br: brotliDecompressSync, gzip: gunzipSync };

  it.each<[string | undefined, 'br' | 'gzip' | null]>([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br ; q=0.0, gzip;q=0', null],
    ['identity', null],
    ['', null],
    [undefined, null],
  ])('gives whoever takes %j the form %j', (accepted, expected) => {
    const { bytes, coding } = file.forClient(accepted);
    expect(coding).toBe(expected);
    expect(String(coding === null ? bytes : open[coding](bytes))).toBe(text);
  });
});
