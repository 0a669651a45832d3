import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConnection } from '../store/open-connection.js';
import type { Connection } from '../store/connection.js';
import { Transaction } from '../store/transaction.js';
import {
  giveBackPlaces,
  lendPlaces,
  limitNamed,
  limitOfKey,
  limitOfQueue,
  limitsOfKeys,
  type Lease,
  type NamedLimit,
  noteStart,
  placesOf,
  settlePlacesOf,
  usedPlaces,
} from './start-log.js';

const LENT_FOR = 5_000;

/** Mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The most starts in any span of the length: over every pair of them. */
function mostInASpan(starts: readonly number[], per: number): number {
  const sorted = starts.toSorted((one, other) => one - other);
  let most = 0;
  for (let first = 0, last = 0; last < sorted.length; last += 1) {
    while (sorted[last]! - sorted[first]! >= per) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('The starts of a limit', () => {
  let connection: Connection;
  let transaction: Transaction;

  beforeEach(async () => {
    connection = await openConnection(':memory:', 'normal');
    transaction = new Transaction(connection.database);
  });

  afterEach(() => connection.close());

  const rows = (): number => connection.database.prepare<[], number>('SELECT count(*) FROM tasks_start').pluck().get()!;

  /** Takes all places that are free, and starts at once. */
  function startAll(limit: NamedLimit, at: number, seq = 1): number {
    const { free } = placesOf(transaction, limit, at, LENT_FOR);
    for (let index = 0; index < free; index += 1) {
      const lease = { seq: seq + index, attempt: 1, worker: 'one' };
      lendPlaces(transaction, limit, [lease], at, LENT_FOR);
      noteStart(transaction, lease, [limit], at);
    }
    return free;
  }

  const storedStarts = (): unknown[] =>
    connection.database.prepare('SELECT name, at, task, count FROM tasks_start ORDER BY name, at, task').all();
  const leaseOf = (seq: number, attempt = 1, worker = 'one'): Lease => ({ seq, attempt, worker });

  it('are counted together by their time, the earliest of which says when the next place is free', () => {
    const limit = { name: 'limit:x', max: 3, per: 1_000 };
    lendPlaces(transaction, limit, [leaseOf(1), leaseOf(2), leaseOf(3)], 0, LENT_FOR);
    expect(placesOf(transaction, limit, 0, LENT_FOR)).toEqual({ free: 0, nextAt: 1_000 });
    noteStart(transaction, leaseOf(1), [limit], 10);
    noteStart(transaction, leaseOf(2), [limit], 10);
    // Nothing happens for a start that is noted, or of another lease.
    noteStart(transaction, leaseOf(2), [limit], 12);
    noteStart(transaction, leaseOf(3, 2), [limit], 12);
    noteStart(transaction, leaseOf(3, 1, 'other'), [limit], 12);
    expect(storedStarts()).toEqual([
      { name: 'limit:x', at: 10, task: 0, count: 2 },
      { name: 'limit:x', at: LENT_FOR, task: 3, count: 1 },
    ]);
    expect(usedPlaces(connection.database, limit, 1_009)).toBe(3);
    expect(usedPlaces(connection.database, limit, 1_010)).toBe(1);
    giveBackPlaces(transaction, leaseOf(3, 1, 'other'));
    expect(rows()).toBe(2);
    giveBackPlaces(transaction, leaseOf(3));
    expect(placesOf(transaction, limit, 11, LENT_FOR)).toEqual({ free: 1, nextAt: 1_010 });
    // Those before a limit was lowered are more than it has places.
    expect(placesOf(transaction, { ...limit, max: 1 }, 11, LENT_FOR).free).toBe(0);
  });

  it('are looked for again soon where a place is over, and its start not noted yet', () => {
    const limit = { name: 'limit:x', max: 1, per: 1_000 };
    lendPlaces(transaction, limit, [leaseOf(1)], 0, LENT_FOR);
    expect(placesOf(transaction, limit, 999, LENT_FOR).nextAt).toBe(1_000);
    expect(placesOf(transaction, limit, 1_000, LENT_FOR)).toEqual({ free: 0, nextAt: 1_020 });
  });

  it('are taken together where places become free very often', () => {
    const often = { name: 'limit:x', max: 1_000, per: 1_000 };
    lendPlaces(transaction, often, [leaseOf(1)], 0, LENT_FOR);
    noteStart(transaction, leaseOf(1), [often], 5);
    expect(placesOf(transaction, often, 1_003, LENT_FOR).nextAt).toBe(1_007);
    expect(placesOf(transaction, { ...often, max: 251 }, 1_003, LENT_FOR).nextAt).toBe(1_007);
    expect(placesOf(transaction, { ...often, max: 250 }, 1_003, LENT_FOR).nextAt).toBe(1_005);
    expect(placesOf(transaction, often, 1_000, LENT_FOR).nextAt).toBe(1_005);
  });

  it('are noted a little later where a limit allows very many', () => {
    const notedAt = (limits: readonly NamedLimit[]) => {
      lendPlaces(transaction, { name: 'limit:x', max: 1, per: 1 }, [leaseOf(1)], 0, LENT_FOR);
      noteStart(transaction, leaseOf(1), limits, 1_002);
      return connection.database.prepare('DELETE FROM tasks_start RETURNING at').pluck().get();
    };
    const limit = { name: 'limit:x', max: 1_025, per: 10_240 };
    expect(notedAt([{ ...limit, max: 1_024 }])).toBe(1_002);
    expect(notedAt([{ name: 'limit:y', max: 1, per: 1 }, limit])).toBe(1_010);
    expect(notedAt([{ ...limit, per: 10_241 }])).toBe(1_012);
    expect(notedAt([{ ...limit, per: 10 }])).toBe(1_002);
    expect(notedAt([{ ...limit, name: 'limit:y' }])).toBe(1_002);
    // Which is not to be taken for a clock that was set back.
    lendPlaces(transaction, limit, [leaseOf(1)], 0, LENT_FOR);
    noteStart(transaction, leaseOf(1), [limit], 1_002);
    placesOf(transaction, limit, 1_002, LENT_FOR);
    expect(storedStarts()).toMatchObject([{ at: 1_010 }]);
  });

  it('that are noted as later than it is are by now, and places are lent for no longer', () => {
    const limit = { name: 'limit:x', max: 9, per: 1_000 };
    lendPlaces(transaction, limit, [leaseOf(1), leaseOf(2)], 500, LENT_FOR);
    noteStart(transaction, leaseOf(1), [limit], 500);
    expect(placesOf(transaction, limit, 500, LENT_FOR).free).toBe(7);
    placesOf(transaction, limit, 499, LENT_FOR);
    expect(storedStarts()).toEqual([
      { name: 'limit:x', at: 499, task: 0, count: 1 },
      { name: 'limit:x', at: 499 + LENT_FOR, task: 2, count: 1 },
    ]);
    giveBackPlaces(transaction, leaseOf(2));
    lendPlaces(transaction, limit, [leaseOf(3)], 900, LENT_FOR);
    noteStart(transaction, leaseOf(3), [limit], 900);
    expect(placesOf(transaction, limit, 600, LENT_FOR)).toEqual({ free: 7, nextAt: 1_499 });
    lendPlaces(transaction, limit, [leaseOf(4)], 700, LENT_FOR);
    placesOf(transaction, limit, 600, LENT_FOR);
    expect(storedStarts()).toEqual([
      { name: 'limit:x', at: 499, task: 0, count: 1 },
      { name: 'limit:x', at: 600, task: 0, count: 1 },
      { name: 'limit:x', at: 600 + LENT_FOR, task: 4, count: 1 },
    ]);
  });

  it('stay lent for as long as they were where only others were lent later than it is', () => {
    const limit = { name: 'limit:x', max: 9, per: 1_000 };
    lendPlaces(transaction, limit, [leaseOf(1)], 100, LENT_FOR);
    lendPlaces(transaction, limit, [leaseOf(2)], 500, LENT_FOR);
    placesOf(transaction, limit, 499, LENT_FOR);
    expect(storedStarts()).toEqual([
      { name: 'limit:x', at: 100 + LENT_FOR, task: 1, count: 1 },
      { name: 'limit:x', at: 499 + LENT_FOR, task: 2, count: 1 },
    ]);
  });

  it('of a key have the next claim look at it, where a place of it is given back and some wait', () => {
    const put = connection.database.prepare('INSERT INTO tasks_key_limit (name, queue, waits, at) VALUES (?, ?, ?, 9)');
    const [waiting, idle] = [limitOfKey('q', 'a'), limitOfKey('q', 'b')];
    put.run(waiting, 'q', 1);
    put.run(idle, 'q', 0);
    put.run('limit:x', 'q', 1);
    for (const [index, name] of [waiting, idle, 'limit:x'].entries()) {
      lendPlaces(transaction, { name, max: 1, per: 1 }, [leaseOf(index + 1)], 0, LENT_FOR);
      giveBackPlaces(transaction, leaseOf(index + 1));
    }
    const looked = connection.database.prepare('SELECT name FROM tasks_key_limit WHERE at = 0').pluck();
    expect(looked.all()).toEqual([waiting]);
  });

  it('of a worker that is dead are by now at the latest, where they had begun', () => {
    const limit = { name: 'limit:x', max: 9, per: 1_000 };
    lendPlaces(transaction, limit, [leaseOf(1), leaseOf(2, 3), leaseOf(3, 1, 'other')], 0, LENT_FOR);
    const asked: string[] = [];
    const hasBegun = (seq: number, attempt: number) => asked.push(`${seq} ${attempt}`) === 1;
    settlePlacesOf(transaction, 'one', hasBegun, 7);
    expect(asked).toEqual(['1 1', '2 3']);
    expect(storedStarts()).toEqual([
      { name: 'limit:x', at: 7, task: 0, count: 1 },
      { name: 'limit:x', at: LENT_FOR, task: 3, count: 1 },
    ]);
  });

  it('are of a queue, a limit of a name, or a key', () => {
    expect([limitOfQueue('q'), limitNamed('n'), limitOfKey('q', 'k')]).toEqual(['queue:q', 'limit:n', 'key:["q","k"]']);
    const [from, before] = limitsOfKeys('q');
    const isOfQueue = (name: string): boolean => name >= from && name < before;
    expect(['', 'a', '"', '\u{10ffff}'].every((key) => isOfQueue(limitOfKey('q', key)))).toBe(true);
    expect(['', 'p', 'q"', 'q,', 'qq', 'r'].some((queue) => isOfQueue(limitOfKey(queue, 'k')))).toBe(false);
  });

  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'are never more in a span than it allows, whatever becomes of the processes (seed %i)',
    (seed) => {
      const random = randomFrom(seed);
      const limit: NamedLimit = { name: 'limit:x', max: 1 + random(8), per: 20 + random(200) };
      const starts: number[] = [];
      let lent: Array<Lease & { until: number }> = [];
      let time = 100_000;
      /** Only ever set back. */
      let offset = 0;
      let seq = 0;
      for (let step = 0; step < 1_500; step += 1) {
        time += random(12);
        const now = time - offset;
        lent = lent.filter(({ until }) => until >= time);
        const some = lent[random(lent.length || 1)];
        switch (random(10)) {
          case 0:
          case 1:
          case 2:
          case 3: {
            const { free } = placesOf(transaction, limit, now, LENT_FOR);
            const leases = Array.from({ length: Math.min(free, 1 + random(4)) }, () => ({
              seq: (seq += 1),
              attempt: 1 + random(3),
              worker: `worker ${random(3)}`,
            }));
            lendPlaces(transaction, limit, leases, now, LENT_FOR);
            lent.push(...leases.map((lease) => ({ ...lease, until: time + LENT_FOR })));
            break;
          }
          case 4:
          case 5:
          case 6: {
            if (!some) break;
            lent = lent.filter((each) => each !== some);
            starts.push(time);
            // It is told of later, and maybe twice.
            const told = now + random(3);
            noteStart(transaction, some, [limit], told);
            if (random(4) === 0) noteStart(transaction, some, [limit], told + 5);
            break;
          }
          case 7: {
            if (!some) break;
            lent = lent.filter((each) => each !== some);
            giveBackPlaces(transaction, some);
            giveBackPlaces(transaction, { ...some, worker: 'nobody' });
            break;
          }
          case 8: {
            // A process dies: some of what it had been lent has begun and was not told of, by now at the latest.
            const worker = `worker ${random(3)}`;
            const begun = new Set<number>();
            for (const each of lent.filter((lease) => lease.worker === worker)) if (random(2)) begun.add(each.seq);
            lent = lent.filter((lease) => lease.worker !== worker);
            for (const _ of begun) starts.push(time);
            settlePlacesOf(transaction, worker, (which) => begun.has(which), now);
            break;
          }
          default:
            if (random(40) === 0) offset += 1 + random(10 * limit.per);
        }
      }
      expect(starts.length).toBeGreaterThan(limit.max);
      expect(mostInASpan(starts, limit.per)).toBeLessThanOrEqual(limit.max);
    },
  );

  it('use up all that the limit allows', () => {
    const limit = { name: 'limit:x', max: 100, per: 1_000 };
    let count = 0;
    for (let at = 0; at < 10_000; at += 7) count += startAll(limit, at, count + 1);
    expect(count).toBeGreaterThanOrEqual(10 * limit.max * 0.99);
  });

  it('are kept in few rows, however many the limit allows', () => {
    const limit = { name: 'limit:x', max: 1_000_000, per: 3_600_000 };
    for (let at = 0; at < 7_200_000; at += 700) {
      const lease = { seq: at + 1, attempt: 1, worker: 'one' };
      lendPlaces(transaction, limit, [lease], at, LENT_FOR);
      noteStart(transaction, lease, [limit], at);
      if (at % 70_000 === 0) placesOf(transaction, limit, at, LENT_FOR);
    }
    expect(rows()).toBeLessThan(1_100);
  });

  it('say when there is a place again', () => {
    const limit = { name: 'limit:x', max: 2, per: 1_000 };
    expect(placesOf(transaction, limit, 10, LENT_FOR)).toEqual({ free: 2, nextAt: 1_010 });
    startAll(limit, 10);
    expect(placesOf(transaction, limit, 500, LENT_FOR)).toEqual({ free: 0, nextAt: 1_010 });
    expect(placesOf(transaction, limit, 1_009, LENT_FOR).free).toBe(0);
    expect(placesOf(transaction, limit, 1_010, LENT_FOR).free).toBe(2);
  });

  it('wait no longer than a span where the clock was set back by hours', () => {
    const limit = { name: 'limit:x', max: 2, per: 1_000 };
    startAll(limit, 10_000_000);
    lendPlaces(transaction, { ...limit, max: 3 }, [{ seq: 9, attempt: 1, worker: 'one' }], 10_000_000, LENT_FOR);
    expect(placesOf(transaction, limit, 50, LENT_FOR).free).toBe(0);
    expect(placesOf(transaction, limit, 1_050, LENT_FOR).free).toBe(1);
    expect(placesOf(transaction, limit, 1_050 + LENT_FOR, LENT_FOR).free).toBe(2);
  });

  it('forget a place that was lent to a process nobody knows any more', () => {
    const limit = { name: 'limit:x', max: 1, per: 1_000 };
    lendPlaces(transaction, limit, [{ seq: 1, attempt: 1, worker: 'gone' }], 0, LENT_FOR);
    expect(placesOf(transaction, limit, LENT_FOR + 999, LENT_FOR).free).toBe(0);
    expect(placesOf(transaction, limit, LENT_FOR + 1_000, LENT_FOR).free).toBe(1);
    expect(rows()).toBe(0);
  });
});
