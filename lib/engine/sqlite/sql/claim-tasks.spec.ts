import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { closeLimit } from './closed-limits.js';
import { setPaused } from './pause-queue.js';

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
    site.clock.advance(999);
    expect(site.claim()).toEqual([]);
    site.clock.advance(1);
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
