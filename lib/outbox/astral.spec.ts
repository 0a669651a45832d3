import { describe, expect, it } from 'vitest';
import { StoreError } from '../contract/index.js';
import { escapedId, unescapedId } from './astral.js';

describe('an id in MySQL', () => {
  it.each(['welcome:42', '😀/"é" \\ud83d', '\\', 'C:\\new\\𝒳'])('comes back as it was: %s', (id) => {
    expect(escapedId(id)).toMatch(/^[\0-\uffff]*$/);
    expect(escapedId(id)).not.toMatch(/[\ud800-\udfff]/);
    expect(unescapedId(escapedId(id))).toBe(id);
  });

  it('is as it was where nothing has to be escaped', () => {
    expect(escapedId('wörld/1')).toBe('wörld/1');
  });

  it('is refused where it is too long for its column', () => {
    expect(escapedId('😀'.repeat(21))).toHaveLength(252);
    expect(() => escapedId('😀'.repeat(22))).toThrow(StoreError);
  });
});
