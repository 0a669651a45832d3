import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConnection } from '../store/open-connection.js';
import type { Connection } from '../store/connection.js';
import { Transaction } from '../store/transaction.js';
import {
  giveBackPlaces,
  lendPlaces,
  type Lease,
  type NamedLimit,
  noteStart,
  placesOf,
  settlePlacesOf,
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
