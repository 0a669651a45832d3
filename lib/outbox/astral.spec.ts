import { describe, expect, it } from 'vitest';
import { StoreError } from '../contract/index.js';
import { escapedJson, escapedName, unescapedName } from './astral.js';

describe('an id in MySQL', () => {
  it.each(['welcome:42', '😀/"é" \\ud83d', '\\', 'C:\\new\\𝒳', 'two\n\t😀 lines\\'])(
    'comes back as it was: %s',
    (id) => {
      expect(escapedName(id, 'id')).toMatch(/^[\0-\uffff]*$/);
      expect(escapedName(id, 'id')).not.toMatch(/[\ud800-\udfff]/);
      expect(unescapedName(escapedName(id, 'id'))).toBe(id);
    },
  );

  it('is as it was where nothing has to be escaped', () => {
    expect(escapedName('wörld/1', 'id')).toBe('wörld/1');
  });

  it('is refused where it is too long for its column', () => {
    expect(escapedName('😀'.repeat(21), 'id')).toHaveLength(252);
    expect(escapedName('a'.repeat(255), 'id')).toHaveLength(255);
    expect(() => escapedName('😀'.repeat(22), 'id')).toThrow(StoreError);
    expect(() => escapedName('😀'.repeat(22), 'name')).toThrow(/^The name "/);
  });
});

describe('JSON in MySQL', () => {
  it('is the same, in ASCII alone', () => {
    const value = { relevé: ['任务', '😀', '\\ud83d', 'a\nb', '\u0085\u2028'] };
    const escaped = escapedJson(JSON.stringify(value));
    expect(escaped).toMatch(/^[\0-\x7f]*$/);
    expect(JSON.parse(escaped)).toEqual(value);
  });
});
