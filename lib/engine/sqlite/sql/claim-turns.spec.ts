import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { addPause } from './pause-rows.js';
import { declareFlow } from './set-flow.js';
import { noteStart } from './start-log.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const idsOf = (tasks: ReadonlyArray<{ readonly id: string }>): string[] => tasks.map(({ id }) => id);

describe('A claim by keys', () => {
  const keyed = (key: string, others = {}) => ({ traits: { key }, ...others });

  it('has as many of a key run as it has slots, and the next once one has ended', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const [first, second, other, plain] = site.add(keyed('a'), keyed('a'), keyed('b'), {}) as [
      string,
      string,
      string,
      string,
    ];
    expect(site.states([first, second, other, plain])).toEqual(['available', 'held', 'available', 'available']);
    const tasks = site.claim({ wanted: 9 });
    expect(idsOf(tasks)).toEqual([first, other, plain]);
    expect(tasks.map(({ traits }) => traits?.key)).toEqual(['a', 'b', '']);
    expect([first, plain].map((id) => site.row(id)!.key)).toEqual(['a', '']);
    site.end(tasks[0]!);
    expect(site.states([second])).toEqual(['available']);
    expect(site.counts()).toMatchObject({ 'default available': 1, 'default running': 2, 'default completed': 1 });
  });

  it('takes those of a higher priority first, and of one those that came first, with a key or without', () => {
    site.limit(QUEUE, { keyConcurrency: 9 });
    const ids = site.add({}, keyed('a'), {}, keyed('a'), keyed('b', { priority: 1 }), { priority: 2 });
    const order = [5, 4, 0, 1, 2, 3].map((index) => ids[index]);
    expect(idsOf(site.claim({ wanted: 2 }))).toEqual(order.slice(0, 2));
    expect(idsOf(site.claim({ wanted: 9 }))).toEqual(order.slice(2));
  });

  it('lets keys take turns where it is fair, and what has none comes first', () => {
    site.limit(QUEUE, { fair: true, keyConcurrency: 5 });
    const ids = site.add(keyed('a'), keyed('a'), keyed('a'), keyed('b'), {});
    const worker = site.claimant({ wanted: 5, room: 3 });
    expect(idsOf(site.claimAs(worker)!.tasks)).toEqual([ids[4], ids[0], ids[3]]);
    expect(worker).toMatchObject({ claimsAhead: false, hungry: true });
    expect(idsOf(site.claim({ wanted: 5 }))).toEqual([ids[1], ids[2]]);
  });

  it('runs no more at once than the queue may over all processes, and takes none ahead', () => {
    site.limit(QUEUE, { globalConcurrency: 2 });
    const ids = site.add({}, {}, {}, {});
    const worker = site.claimant({ wanted: 4, room: 4 });
    const tasks = site.claimAs(worker)!.tasks;
    expect(idsOf(tasks)).toEqual(ids.slice(0, 2));
    expect(worker).toMatchObject({ hungry: false, claimsAhead: false });
    expect(site.claim({ wanted: 4 })).toEqual([]);
    site.end(tasks[0]!, failed());
    expect(site.last.available.has(QUEUE)).toBe(true);
    expect(idsOf(site.claim({ wanted: 4 }, { worker: 'two' }))).toEqual([ids[2]]);
  });

  it('claims ahead of a queue that only has keys, or workers that were set', () => {
    site.limit(QUEUE, { keyConcurrency: 9 });
    site.add(keyed('a'), keyed('b'), keyed('c'));
    const worker = site.claimant({ wanted: 3, room: 1 });
    expect(site.claimAs(worker)!.tasks).toHaveLength(3);
    expect(worker.claimsAhead).toBe(true);
    site.limit('other', { concurrency: 3 });
    site.add({ queue: 'other' }, { queue: 'other' });
    const tasks = site.claim({ queue: 'other', wanted: 2, room: 1 });
    expect(tasks).toHaveLength(2);
    expect(tasks[0]).not.toHaveProperty('traits');
    expect(site.row(tasks[0]!.id)!.key).toBeNull();
  });

  it('keeps keys where their queue limits nothing any more', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.add(keyed('a'), keyed('a'), {});
    site.write((transaction) => transaction.keys.freed(QUEUE, 'a'));
    expect(site.claim({ wanted: 3 })).toHaveLength(2);
    site.limit(QUEUE, {});
    expect(site.claim({ wanted: 3 })).toHaveLength(0);
  });

  it('counts the starts of each key, parks what finds no place, and has it back in its order', () => {
    const keyRateLimit = { max: 1, per: 1_000 };
    site.limit(QUEUE, { keyRateLimit });
    const [first, second, third, other] = site.add(keyed('a'), keyed('a'), keyed('a'), keyed('b')) as [
      string,
      string,
      string,
      string,
    ];
    const asked = { wanted: 9, room: 9 };
    const worker = site.claimant(asked);
    const claim = site.claimAs(worker)!;
    expect(idsOf(claim.tasks)).toEqual([first, other]);
    expect(claim.tasks[0]!.limits).toEqual([{ name: 'key:["default","a"]', ...keyRateLimit }]);
    expect(claim.limitedUntil).toBe(site.now + 1_000);
    expect(worker.claimsAhead).toBe(false);
    expect([second, third].map((id) => site.row(id)!.parked)).toEqual(['key:["default","a"]', 'key:["default","a"]']);
    expect(site.find('SELECT name, queue, waits, at FROM tasks_key_limit ORDER BY name')).toEqual([
      { name: 'key:["default","a"]', queue: QUEUE, waits: 1, at: site.now + 1_000 },
      { name: 'key:["default","b"]', queue: QUEUE, waits: 0, at: site.now + 11_000 },
    ]);
    expect(site.claim(asked)).toEqual([]);
    site.clock.advance(11_000);
    expect(idsOf(site.claim(asked))).toEqual([second]);
    expect(site.find('SELECT name, waits, at FROM tasks_key_limit')).toEqual([
      { name: 'key:["default","a"]', waits: 1, at: site.now + 1_000 },
    ]);
    site.clock.advance(11_000);
    expect(idsOf(site.claim(asked))).toEqual([third]);
    site.clock.advance(11_000);
    site.claim(asked);
    site.clock.advance(11_000);
    site.claim(asked);
    expect(site.find('SELECT * FROM tasks_key_limit')).toEqual([]);
    expect(site.claimAs(site.claimant(asked))!.limitedUntil).toBeNull();
  });

  it('counts what has no key where keys have slots, and takes what has one where nothing is limited any more', () => {
    site.limit(QUEUE, { keyConcurrency: 3 });
    const [plain] = site.add({});
    site.claim();
    expect(site.row(plain!)!.key).toBe('');
    site.limit('other', { concurrency: 2 });
    site.add({ queue: 'other', ...keyed('a') }, { queue: 'other' });
    expect(site.claim({ queue: 'other', wanted: 2 })).toHaveLength(2);
  });

  it('goes by what the code declares, and takes those with a key where it declares nothing', () => {
    site.add(keyed('a'), {});
    expect(site.claim({ wanted: 2 })).toHaveLength(2);
    site.write((transaction) => declareFlow(transaction, 'other', '{"globalConcurrency":1}'));
    site.add({ queue: 'other' }, { queue: 'other' });
    expect(site.claim({ queue: 'other', wanted: 2 })).toHaveLength(1);
  });

  it('parks those of a key that is paused in the queue, and no others', () => {
    site.write((transaction) => addPause(transaction, { queue: QUEUE, key: 'a' }, site.now));
    const [paused, other] = site.add(keyed('a'), keyed('b'), keyed('a', { queue: 'other' })) as [string, string];
    expect(idsOf(site.claim({ wanted: 9 }))).toEqual([other]);
    expect(site.row(paused)!.parked).toContain('pause:');
    expect(site.claim({ queue: 'other' })).toHaveLength(1);
  });

  describe('of which starts are counted', () => {
    const waiting = (name = 'a') =>
      site.find('SELECT waits, at FROM tasks_key_limit WHERE name = ?', `key:["default","${name}"]`);
    const parked = () => site.find('SELECT 1 FROM tasks_task WHERE parked IS NOT NULL').length;

    beforeEach(() => site.limit(QUEUE, { keyRateLimit: { max: 1, per: 1_000 } }));

    it('counts none of what has no key', () => {
      site.add({}, keyed(''), keyed(''));
      const tasks = site.claim({ wanted: 9 });
      expect(tasks).toHaveLength(3);
      expect(tasks.some(({ limits }) => limits)).toBe(false);
      expect(site.find('SELECT * FROM tasks_key_limit')).toEqual([]);
    });

    it('lets as many into the line again as are asked for, and looks at the key again at once', () => {
      site.add(keyed('a'), keyed('a'), keyed('a'), keyed('a'));
      site.claim({ wanted: 9 });
      expect(parked()).toBe(3);
      site.limit(QUEUE, { keyRateLimit: { max: 9, per: 1_000 } });
      expect(site.claim({ wanted: 1 })).toHaveLength(1);
      expect(parked()).toBe(2);
      expect(waiting()).toEqual([{ waits: 1, at: site.now }]);
      site.add({ priority: 9 });
      site.claim({ wanted: 1 });
      expect(parked()).toBe(1);
      expect(waiting()).toEqual([{ waits: 1, at: site.now + 1_000 }]);
    });

    it('says when a key of which all places are used has one again', () => {
      site.limit(QUEUE, { keyRateLimit: { max: 2, per: 1_000 } });
      site.add(keyed('a'), keyed('a'), keyed('a'));
      expect(site.claim({ wanted: 9 })).toHaveLength(2);
      expect(waiting()).toEqual([{ waits: 1, at: site.now + 1_000 }]);
    });

    it('has what has waited come before what has come since', () => {
      const [, second] = site.add(keyed('a'), keyed('a'));
      site.claim({ wanted: 9 });
      site.run('DELETE FROM tasks_start');
      site.add(keyed('a'));
      expect(idsOf(site.claim({ wanted: 1 }))).toEqual([second]);
    });

    it('forgets a key once none of its starts counts any more', () => {
      site.add(keyed('a'));
      const [task] = site.claim();
      site.clock.advance(10_500);
      site.write((transaction) => noteStart(transaction, task!, task!.limits!, site.now));
      site.clock.advance(500);
      site.claim();
      expect(waiting()).toEqual([{ waits: 0, at: site.now + 1_000 }]);
      expect(site.find('SELECT * FROM tasks_start')).toHaveLength(1);
      site.clock.advance(999);
      site.claim();
      expect(waiting()).toHaveLength(1);
      site.clock.advance(1);
      site.claim();
      expect(waiting()).toEqual([]);
      expect(site.find('SELECT * FROM tasks_start')).toEqual([]);
    });
  });
});
