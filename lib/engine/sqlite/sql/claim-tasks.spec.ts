import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { queueRows, readQueues } from './claim-tasks.js';
import { closeLimit } from './closed-limits.js';
import { addPause } from './pause-rows.js';
import { setPaused } from './pause-queue.js';
import { noteStart } from './start-log.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const idsOf = (tasks: ReadonlyArray<{ readonly id: string }>): string[] => tasks.map(({ id }) => id);

describe('A claim', () => {
  it('takes as many as are asked for, in their order, and says all of each', () => {
    const [low, first, second, third] = site.add(
      {},
      {
        priority: 5,
        params: '{"a":1}',
        settings: '{"s":1}',
        sensitive: ['a'],
        maxAttempts: 7,
        traits: { tags: { a: 'b' } },
      },
      { priority: 5, runAt: site.now - 10 },
      { priority: 5, params: JSON.stringify('x'.repeat(20_000)) },
    ) as [string, string, string, string];
    site.add({ queue: 'other' }, { runAt: site.now + 1 });
    const tasks = site.claim({ wanted: 3 });
    expect(tasks).toEqual([
      {
        seq: site.seq(first),
        worker: 'one',
        id: first,
        queue: QUEUE,
        name: 'work',
        params: '{"a":1}',
        priority: 5,
        runAt: site.now,
        createdAt: site.now,
        maxAttempts: 7,
        settings: '{"s":1}',
        sensitive: ['a'],
        attempt: 1,
        excusedAttempts: 0,
        traits: { tags: { a: 'b' } },
      },
      expect.objectContaining({ id: second, runAt: site.now - 10, sensitive: [] }),
      expect.objectContaining({ id: third, params: JSON.stringify('x'.repeat(20_000)) }),
    ]);
    expect(tasks[1]).not.toHaveProperty('traits');
    expect(site.states([low, first, second, third])).toEqual(['available', 'running', 'running', 'running']);
    expect(site.row(first)).toMatchObject({ attempt: 1, worker: 'one', started_at: site.now });
    expect(site.counts()).toEqual({
      'default available': 1,
      'default running': 3,
      'default scheduled': 1,
      'other available': 1,
    });
    expect(site.last.touched.get(QUEUE)).toEqual([first, second, third]);
  });

  it('leaves a worker hungry that got what it asked for, and one that did not is not', () => {
    site.add({}, {}, {});
    const enough = site.claimant({ wanted: 2 });
    expect(site.claimAs(enough)).toMatchObject({ limitedUntil: null });
    expect(enough).toMatchObject({ hungry: true, claimsAhead: true, paused: false });
    const more = site.claimant({ wanted: 2 });
    expect(site.claimAs(more)!.tasks).toHaveLength(1);
    expect(more.hungry).toBe(false);
    site.add({});
    expect(site.claimAs(more)).toBeUndefined();
    expect(site.claimAs(site.claimant({ wanted: 0 }))).toBeUndefined();
    expect(site.claimAs(site.claimant({ wanted: -1 }))).toBeUndefined();
    const nothing = site.claimant({ queue: 'nothing' });
    expect(site.claimAs(nothing)).toEqual({ tasks: [], limitedUntil: null });
    expect(nothing.hungry).toBe(false);
  });

  it('takes nothing of a queue that is paused, and says so', () => {
    site.add({}, { queue: 'other' });
    site.write((transaction) => setPaused(transaction, QUEUE, site.now));
    const worker = site.claimant();
    expect(site.claimAs(worker)).toEqual({ tasks: [], limitedUntil: null });
    expect(worker).toMatchObject({ paused: true, hungry: false });
    expect(site.claim({ queue: 'other' })).toHaveLength(1);
    site.write((transaction) => setPaused(transaction, QUEUE, null));
    worker.hungry = true;
    expect(site.claimAs(worker)!.tasks).toHaveLength(1);
    expect(worker.paused).toBe(false);
  });

  it('takes nothing of a queue that is closed, until then', () => {
    site.add({});
    site.write((transaction) => closeLimit(transaction, QUEUE, null, site.now, site.now + 1_000));
    expect(site.last.paused).toEqual(new Set([QUEUE]));
    expect(site.last.touched.has(QUEUE)).toBe(true);
    expect(site.claimAs(site.claimant())).toEqual({ tasks: [], limitedUntil: site.now + 1_000 });
    expect(site.claim({}, { now: site.now - 1 })).toHaveLength(1);
    site.add({});
    site.write((transaction) => closeLimit(transaction, QUEUE, null, site.now, site.now + 500));
    site.now += 999;
    expect(site.claim()).toEqual([]);
    site.now += 1;
    expect(site.claim()).toHaveLength(1);
  });

  it('takes ahead of the free workers what fits into memory, and nothing of what was lost before', () => {
    const params = JSON.stringify('x'.repeat(15_000));
    site.add(...Array.from({ length: 80 }, () => ({ params })));
    const worker = site.claimant({ wanted: 80, room: 2 });
    expect(site.claimAs(worker)!.tasks).toHaveLength(2 + Math.floor((1024 * 1024) / params.length));
    expect(worker).toMatchObject({ claimsAhead: false, hungry: true });
    site.run('DELETE FROM tasks_task');
    site.run('DELETE FROM tasks_count');

    const [, , , large] = site.add({}, {}, {}, { params: JSON.stringify('x'.repeat(20_000)) }, {});
    const other = site.claimant({ wanted: 5, room: 2 });
    expect(site.claimAs(other)!.tasks).toHaveLength(3);
    expect(site.states([large!])).toEqual(['available']);
    const third = site.claimant({ wanted: 2, room: 2 });
    expect(site.claimAs(third)!.tasks).toHaveLength(2);
    expect(third.claimsAhead).toBe(true);
  });

  it('takes as many bytes ahead as fit, to the last one', () => {
    const text = (length: number): string => JSON.stringify('x'.repeat(length - 2));
    const full = Array.from({ length: 64 }, () => ({ params: text(16_384) }));
    site.add({}, ...full, {});
    expect(site.claim({ wanted: 66, room: 1 })).toHaveLength(65);
  });

  it.each([
    { lost: [0, 0, 1, 0], found: 2 },
    { lost: [0, 1, 0, 0], found: 1 },
    { lost: [1, 0, 0, 0], found: 1 },
    { lost: [0, 0, 0, 0], found: 4 },
  ])('takes nothing ahead with what was lost: $lost', ({ lost, found }) => {
    for (const [index, id] of site.add({}, {}, {}, {}).entries()) {
      site.run('UPDATE tasks_task SET lost = ? WHERE id = ?', lost[index]!, id);
    }
    const worker = site.claimant({ wanted: 4, room: 1 });
    expect(site.claimAs(worker)!.tasks).toHaveLength(found);
    expect(worker.claimsAhead).toBe(found === 4);
  });

  it('takes what was lost for workers that are free', () => {
    const ids = site.add({}, {});
    for (const id of ids) site.run('UPDATE tasks_task SET lost = 1 WHERE id = ?', id);
    expect(site.claim({ wanted: 2, room: 2 })).toHaveLength(2);
  });

  it('takes one task at a time that fails if it is lost once more', () => {
    const ids = site.add({}, {}, {}, {});
    for (const id of ids.slice(1)) site.run('UPDATE tasks_task SET lost = 4 WHERE id = ?', id);
    const worker = site.claimant({ wanted: 4 });
    const claim = site.claimAs(worker)!;
    expect(idsOf(claim.tasks)).toEqual(ids.slice(0, 2));
    expect(claim.limitedUntil).toBe(site.now + 250);
    expect(worker.hungry).toBe(false);
    expect(site.claimAs(site.claimant({ wanted: 4 }))).toEqual({ tasks: [], limitedUntil: site.now + 250 });
    // Another process may.
    expect(idsOf(site.claim({ wanted: 4 }, { worker: 'two' }))).toEqual([ids[2]]);
    for (const task of claim.tasks) site.end(task);
    expect(idsOf(site.claim({ wanted: 4 }))).toEqual([ids[3]]);
  });

  it('takes each for the last one, where no loss is allowed', () => {
    const ids = site.add({}, {});
    for (const id of ids) site.run('UPDATE tasks_task SET lost = 1 WHERE id = ?', id);
    expect(site.claim({ wanted: 2 }, { maxLostAttempts: 1 })).toHaveLength(1);
    site.run('UPDATE tasks_task SET lost = 0');
    expect(site.claim({ wanted: 2 }, { maxLostAttempts: 1 })).toHaveLength(1);
  });

  it('waits for a task that may not be lost beside a limit, until the earlier of both', () => {
    const ids = site.add({}, {});
    for (const id of ids) site.run('UPDATE tasks_task SET lost = 4 WHERE id = ?', id);
    const options = (per: number) => ({ rateLimit: { max: 1, per } });
    expect(site.claim()).toHaveLength(1);
    expect(site.claimAs(site.claimant({ options: options(100_000) }))).toEqual({
      tasks: [],
      limitedUntil: site.now + 250,
    });
  });

  it('counts the attempts before', () => {
    site.add({});
    const [task] = site.claim();
    site.end(task!, {
      kind: 'retry',
      maxAttempts: 4,
      at: site.now,
      countsAttempt: false,
      error: { name: 'E', message: '' },
    });
    expect(site.claim()[0]).toMatchObject({ attempt: 2, excusedAttempts: 1 });
  });
});

describe('A claim with limits', () => {
  const rateLimit = { max: 2, per: 1_000 };

  it('takes no more than have a place, none ahead, and says when there is one', () => {
    site.add({}, {}, {}, {});
    const worker = site.claimant({ wanted: 4, room: 4, options: { rateLimit } });
    const claim = site.claimAs(worker)!;
    expect(claim.tasks).toHaveLength(2);
    expect(claim.tasks[0]!.limits).toEqual([{ name: 'queue:default', ...rateLimit }]);
    expect(claim.limitedUntil).toBe(site.now + 1_000);
    expect(site.claimAs(site.claimant({ options: { rateLimit } }))).toEqual({
      tasks: [],
      limitedUntil: site.now + 1_000,
    });
    const other = site.claimant({ wanted: 3, room: 1, options: { rateLimit: { max: 10, per: 1_000 } } });
    expect(site.claimAs(other)!.tasks).toHaveLength(1);
    other.hungry = true;
    expect(site.claimAs(other)!.limitedUntil).toBeNull();
  });

  it('goes by a rate limit that was set at run time over the one of the code', () => {
    site.add({}, {}, {}, {}, {});
    site.limit(QUEUE, { rateLimit: { max: 3, per: 1_000 } });
    const worker = site.claimant({ wanted: 5, room: 5, options: { rateLimit } });
    expect(site.claimAs(worker)!.tasks).toHaveLength(3);
    expect(worker.claimsAhead).toBe(false);
  });

  it('passes over what a limit of several queues has no place for, and lets the others by', () => {
    const one = { name: 'api', max: 1, per: 1_000 };
    const limits = { call: one, fetch: one };
    const [first, second, third, other] = site.add(
      { name: 'call' },
      { name: 'call' },
      { name: 'fetch' },
      { name: 'other' },
    );
    const worker = site.claimant({ wanted: 4, options: { rateLimit: null, limits } });
    const claim = site.claimAs(worker)!;
    expect(idsOf(claim.tasks)).toEqual([first, other]);
    expect(claim.tasks[0]!.limits).toEqual([{ name: 'limit:api', max: 1, per: 1_000 }]);
    expect(claim.tasks[1]).not.toHaveProperty('limits');
    expect(claim.limitedUntil).toBe(site.now + 1_000);
    expect([second, third].map((id) => site.row(id!)!.parked)).toEqual(['limit:api', 'limit:api']);
    expect(worker.hungry).toBe(false);
    site.now += 11_000;
    expect(idsOf(site.claim({ wanted: 4, options: { rateLimit: null, limits } }))).toEqual([second]);
    expect(site.row(third!)!.parked).toBe('limit:api');
    const roomy = { name: 'api', max: 9, per: 1_000 };
    site.add({ name: 'call' });
    site.run(`UPDATE tasks_task SET parked = 'limit:api' WHERE state = 'available'`);
    site.claim({ options: { rateLimit: null, limits: { call: roomy } } });
    expect(site.find('SELECT 1 FROM tasks_task WHERE parked IS NOT NULL')).toHaveLength(1);
  });

  it('waits where a limit of several queues is closed', () => {
    site.add({ name: 'call' });
    const limits = { call: { name: 'api', max: 5, per: 1_000 } };
    site.write((transaction) => closeLimit(transaction, QUEUE, 'api', site.now, site.now + 700));
    expect(site.last.paused.size).toBe(0);
    const asked = { options: { rateLimit: null, limits } };
    expect(site.claimAs(site.claimant(asked))).toMatchObject({ tasks: [], limitedUntil: site.now + 700 });
    site.now += 700;
    expect(site.claim(asked)).toHaveLength(1);
  });

  it('says the earliest time of the limits that are full, and none where each has a place', () => {
    const limits = { call: { name: 'api', max: 1, per: 1_000 }, fetch: { name: 'web', max: 1, per: 500 } };
    const asked = { wanted: 9, options: { rateLimit: null, limits } };
    site.add({ name: 'call' });
    expect(site.claimAs(site.claimant(asked))!.limitedUntil).toBe(site.now + 1_000);
    site.add({ name: 'fetch' });
    expect(site.claimAs(site.claimant(asked))!.limitedUntil).toBe(site.now + 500);
    const roomy = { call: { name: 'roomy', max: 5, per: 1_000 } };
    site.add({ name: 'call' });
    site.run('UPDATE tasks_task SET parked = NULL');
    expect(
      site.claimAs(site.claimant({ wanted: 9, options: { rateLimit: null, limits: roomy } }))!.limitedUntil,
    ).toBeNull();
  });

  it('parks a thousand and more a claim, and goes on with the next one', () => {
    const limits = { call: { name: 'api', max: 1, per: 1_000 } };
    site.add(...Array.from({ length: 1_051 }, () => ({ name: 'call' })), {});
    const worker = site.claimant({ wanted: 100, options: { rateLimit: null, limits } });
    let claim = site.claimAs(worker)!;
    expect(claim).toMatchObject({ isInterrupted: true, tasks: [] });
    expect(worker.hungry).toBe(true);
    claim = site.claimAs(worker)!;
    expect(claim.tasks.map(({ name }) => name)).toEqual(['call', 'work']);
    expect(claim.isInterrupted).toBe(false);
  });

  it('parks what is paused, and takes what is not', () => {
    const [paused, other] = site.add({ name: 'mail' }, {});
    site.write((transaction) => addPause(transaction, { name: 'mail' }, site.now));
    site.write((transaction) => addPause(transaction, { queue: 'other', key: 'x' }, site.now));
    const worker = site.claimant({ wanted: 3, room: 1 });
    const claim = site.claimAs(worker)!;
    expect(idsOf(claim.tasks)).toEqual([other]);
    expect(claim.limitedUntil).toBeNull();
    expect(site.row(paused!)!.parked).toBe('pause:{"name":"mail"}');
    expect(readQueues(site.database).pauses.map(({ selector }) => selector)).toEqual(
      expect.arrayContaining([{ name: 'mail' }, { queue: 'other', key: 'x' }]),
    );
    expect(queueRows(site.database).size).toBe(0);
  });

  it('takes ahead beside a pause, which lends nothing', () => {
    site.add({}, {}, {});
    site.write((transaction) => addPause(transaction, { name: 'mail' }, site.now));
    expect(site.claim({ wanted: 3, room: 1 })).toHaveLength(3);
  });
});

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
    site.now += 11_000;
    expect(idsOf(site.claim(asked))).toEqual([second]);
    expect(site.find('SELECT name, waits, at FROM tasks_key_limit')).toEqual([
      { name: 'key:["default","a"]', waits: 1, at: site.now + 1_000 },
    ]);
    site.now += 11_000;
    expect(idsOf(site.claim(asked))).toEqual([third]);
    site.now += 11_000;
    site.claim(asked);
    site.now += 11_000;
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
      site.now += 10_500;
      site.write((transaction) => noteStart(transaction, task!, task!.limits!, site.now));
      site.now += 500;
      site.claim();
      expect(waiting()).toEqual([{ waits: 0, at: site.now + 1_000 }]);
      expect(site.find('SELECT * FROM tasks_start')).toHaveLength(1);
      site.now += 999;
      site.claim();
      expect(waiting()).toHaveLength(1);
      site.now += 1;
      site.claim();
      expect(waiting()).toEqual([]);
      expect(site.find('SELECT * FROM tasks_start')).toEqual([]);
    });
  });
});
