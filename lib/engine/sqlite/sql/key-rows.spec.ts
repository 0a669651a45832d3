import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { nextKey, readHold, readKeys } from './key-rows.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.closeAsIs());

describe('The keys of a queue', () => {
  const keyed = (key: string, priority = 0) => ({ traits: { key }, priority });

  it('are told of in pages, with what of each waits and runs', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.add(keyed('a'), keyed('a'), keyed('a'), keyed('ä'), keyed('b'), keyed('😀'), keyed('\uFFFD'));
    site.claim();
    const page = readKeys(site.database, QUEUE, '', 2, site.now);
    expect(page).toEqual({
      queue: QUEUE,
      flow: { keyConcurrency: 1 },
      keys: [
        { key: 'a', held: 2, available: 0, running: 1 },
        { key: 'b', held: 0, available: 1, running: 0 },
      ],
      next: 'b',
    });
    const second = readKeys(site.database, QUEUE, 'b', 9, site.now);
    expect(second.keys.map(({ key }) => key)).toEqual(['ä', '\uFFFD', '😀']);
    expect(second.next).toBeNull();
    expect(readKeys(site.database, QUEUE, 'b', 3, site.now).next).toBeNull();
    expect(readKeys(site.database, QUEUE, '', 0, site.now)).toMatchObject({ keys: [], next: null });
    expect(readKeys(site.database, QUEUE, '', 1, site.now).next).toBe('a');
    // By bytes, whatever the state of the tasks of each.
    site.run(`UPDATE tasks_task SET state = 'running' WHERE key = ?`, '\uFFFD');
    expect(nextKey(site.database, QUEUE, 'ä')).toBe('\uFFFD');
    site.run(`UPDATE tasks_task SET state = 'held' WHERE key = ?`, '😀');
    expect(nextKey(site.database, QUEUE, 'ä')).toBe('\uFFFD');
    site.run(`UPDATE tasks_task SET state = iif(key = '😀', 'running', 'held') WHERE key IN ('😀', '\uFFFD')`);
    expect(nextKey(site.database, QUEUE, 'ä')).toBe('\uFFFD');
    expect(nextKey(site.database, QUEUE, '', ['available'])).toBe('b');
    expect(nextKey(site.database, QUEUE, '😀', ['held'])).toBeNull();
    expect(nextKey(site.database, 'other', '')).toBeNull();
  });

  it('have the starts that their limit counts, and when it has a place again', () => {
    const keyRateLimit = { max: 1, per: 1_000 };
    site.limit(QUEUE, { keyRateLimit });
    site.add(keyed('a'), keyed('a'), keyed('a'), keyed('b'));
    site.claim({ wanted: 9 });
    expect(readKeys(site.database, QUEUE, '', 9, site.now).keys).toEqual([
      { key: 'a', held: 0, available: 2, running: 1, starts: { used: 1, waiting: 2, nextAt: site.now + 1_000 } },
      { key: 'b', held: 0, available: 0, running: 1, starts: { used: 1, waiting: 0, nextAt: null } },
    ]);
    site.run('DELETE FROM tasks_key_limit');
    expect(readKeys(site.database, QUEUE, '', 1, site.now).keys[0]!.starts!.nextAt).toBeNull();
  });

  it('say why a task of theirs is held', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const ids = site.add(keyed('a', 5), keyed('a', 2), keyed('a', 3), keyed('a', 2));
    const hold = (id: string, others = {}) =>
      readHold(site.database, { ...(site.row(id) as unknown as Parameters<typeof readHold>[1]), ...others });
    expect(hold(ids[3]!)).toEqual({ key: 'a', concurrency: 1, holders: [ids[0]], ahead: 2 });
    expect(hold(ids[2]!)).toMatchObject({ ahead: 0 });
    expect(hold(ids[3]!, { key: null })).toBeNull();
    expect(hold(ids[3]!, { queue: 'other' })).toBeNull();
  });
});
