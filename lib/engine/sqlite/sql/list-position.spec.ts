import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../../contract/index.js';
import { decodeCursor, encodeCursor } from './list-position.js';

describe('The place in a list', () => {
  it.each([
    { seq: 5 },
    { seq: 123_456 },
    { id: 'x', own: [5, 6] as const },
    { id: null, own: [5, 6] as const },
    { id: 'a/b\nc', own: null },
    { id: null, own: null },
  ])('comes back as it was: %o', (place) => {
    expect(decodeCursor(encodeCursor(place))).toEqual(place);
  });

  it('is none where there is none, and refused where no page gave it', () => {
    expect(decodeCursor(undefined)).toBeNull();
    const forged = [
      '',
      'x',
      'seq:x',
      'seq:1x',
      'x1',
      'time:x',
      'time:1.2',
      'time:1/',
      'time:x1.2/',
      'seq:1234567890123456',
      `time:/${'x'.repeat(256)}`,
    ];
    for (const text of forged) {
      expect(() => decodeCursor(Buffer.from(text).toString('base64url')), text).toThrow(InvalidArgumentError);
    }
    expect(decodeCursor(encodeCursor({ id: 'x'.repeat(255), own: null }))).toMatchObject({ own: null });
  });
});
