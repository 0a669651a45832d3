import { describe, expect, it } from 'vitest';
import { type LedgerEvent, overlaps } from './ledger.js';

const start = (process: string, attempt: number): LedgerEvent => ({
  event: 'start',
  process,
  name: 'quick',
  task: 't',
  attempt,
});
const end = (process: string, attempt: number): LedgerEvent =>
  ({ ...start(process, attempt), event: 'end' }) as LedgerEvent;
const gone = (process: string): LedgerEvent => ({ event: 'gone', process });
const back = (process: string): LedgerEvent => ({ event: 'back', process });

describe('what counts as running a task twice', () => {
  it('is none of what the library promises', () => {
    expect(overlaps([start('a', 1), end('a', 1), start('b', 2), end('b', 2)])).toEqual([]);
    expect(overlaps([start('a', 1), gone('a'), start('b', 2), end('b', 2)])).toEqual([]);
    // One that is stopped ends its old attempt when it is back, in vain, and works on.
    expect(
      overlaps([start('a', 1), gone('a'), start('b', 2), back('a'), end('a', 1), end('b', 2), start('a', 3)]),
    ).toEqual([]);
  });

  it('is not what a process starts in the moment before the signal reaches it', () => {
    expect(overlaps([gone('a'), start('a', 1), start('b', 2), end('b', 2)])).toEqual([]);
  });

  it('is a start while another runs it', () => {
    const found = ['t: attempt 2 started in b while attempt 1 ran in a'];
    expect(overlaps([start('a', 1), start('b', 2)])).toEqual(found);
    expect(overlaps([start('a', 1), start('b', 2), end('a', 1), end('b', 2)])).toEqual(found);
    expect(overlaps([start('a', 1), gone('b'), start('b', 2)])).toEqual(found);
    expect(overlaps([gone('a'), back('a'), start('a', 1), start('b', 2)])).toEqual(found);
  });

  it('is an attempt that is started again', () => {
    expect(overlaps([start('a', 1), end('a', 1), start('b', 1)])).toEqual(['t: attempt 1 was started twice']);
  });
});
