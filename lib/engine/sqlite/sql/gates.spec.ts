import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { queueRows, readQueues } from './claim-tasks.js';
import { closeLimit } from './closed-limits.js';
import { addPause } from './pause-rows.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const idsOf = (tasks: ReadonlyArray<{ readonly id: string }>): string[] => tasks.map(({ id }) => id);

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
    site.clock.advance(11_000);
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
    site.clock.advance(700);
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

  it('parks a thousand that are paused and not one more', () => {
    site.add(...Array.from({ length: 1_001 }, () => ({ name: 'mail' })));
    site.write((transaction) => addPause(transaction, { name: 'mail' }, site.now));
    const parked = () => site.find('SELECT 1 FROM tasks_task WHERE parked IS NOT NULL').length;
    const worker = site.claimant({ wanted: 100 });
    expect(site.claimAs(worker)).toMatchObject({ tasks: [], isInterrupted: true });
    expect(parked()).toBe(1_000);
    expect(site.claimAs(worker)).toMatchObject({ tasks: [], isInterrupted: false });
    expect(parked()).toBe(1_001);
  });

  it('takes none ahead of workers under any limit', () => {
    site.add({ name: 'call' }, { name: 'call' }, { name: 'call' });
    const limits = { call: { name: 'api', max: 9, per: 1_000 } };
    expect(site.claim({ wanted: 3, room: 1, options: { rateLimit: null, limits } })).toHaveLength(1);
    site.limit(QUEUE, { keyRateLimit: { max: 9, per: 1_000 } });
    expect(site.claim({ wanted: 2, room: 1 })).toHaveLength(1);
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
