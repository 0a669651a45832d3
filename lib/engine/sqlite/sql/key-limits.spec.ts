import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { type KeyGate, KeyLimits } from './key-limits.js';
import { limitOfKey } from './start-log.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const [PER, LENT_FOR] = [100, 7];
const A = limitOfKey(QUEUE, 'a');

/** Within one claim. */
const within = <Result>(operation: (limits: KeyLimits) => Result, max = 2): Result =>
  site.write((tx) => operation(new KeyLimits(tx, QUEUE, { max, per: PER }, site.now, LENT_FOR)));

/** Stores so many tasks of a key that are parked for it. */
function parked(count: number, name = A): string[] {
  const ids = site.add(...Array.from({ length: count }, () => ({ traits: { key: 'a' } })));
  for (const id of ids) site.run('UPDATE tasks_task SET parked = ? WHERE id = ?', name, id);
  return ids;
}

const put = (waits: 0 | 1, at: number, name = A, queue = QUEUE) =>
  site.run('INSERT INTO tasks_key_limit (name, queue, waits, at) VALUES (?, ?, ?, ?)', name, queue, waits, at);
const started = (at: number, name = A) =>
  site.run(`INSERT INTO tasks_start (name, at, task, attempt, worker, count) VALUES (?, ?, 0, 0, '', 1)`, name, at);
const stored = () => site.find('SELECT name, waits, at FROM tasks_key_limit ORDER BY name');
const starts = () => site.find('SELECT at FROM tasks_start ORDER BY at').map(({ at }) => at);
const stillParked = () => site.find('SELECT count(*) AS count FROM tasks_task WHERE parked IS NOT NULL')[0]!.count;
/** Of the key, after so many places were lent to its tasks. */
const settle = (limits: KeyLimits, taken: number, gate = limits.of('a')!): void =>
  limits.settle(new Map<KeyGate, number>(taken > 0 ? [[gate, taken]] : []));

describe('The limit of a key', () => {
  it('is none of a task without a key', () => {
    within((limits) => {
      expect(limits.of(null)).toBeNull();
      expect(limits.of('')).toBeNull();
    });
  });

  it('has its places', () => {
    started(site.now - 10);
    started(site.now - 10, limitOfKey(QUEUE, 'b'));
    within((limits) => {
      const gate = limits.of('a')!;
      expect(gate).toEqual({
        free: 1,
        nextAt: site.now + 90,
        limit: { name: A, max: 2, per: PER },
        row: undefined,
        waits: false,
        opened: 0,
      });
      expect(limits.of('a')).toBe(gate);
      expect(limits.openings).toBe(0);
    });
  });

  it('is stored once a place was lent, as idle until that counts no more', () => {
    within((limits) => settle(limits, 0));
    expect(stored()).toEqual([]);
    within((limits) => settle(limits, 1));
    expect(stored()).toEqual([{ name: A, waits: 0, at: site.now + LENT_FOR + PER }]);
    site.clock.advance(3);
    within((limits) => settle(limits, 1));
    expect(stored()).toEqual([{ name: A, waits: 0, at: site.now - 3 + LENT_FOR + PER }]);
  });

  it('waits once a task was parked, until a place may be free', () => {
    started(site.now - 10);
    const [id] = site.add({ traits: { key: 'a' } });
    within((limits) => {
      const gate = limits.of('a')!;
      limits.park(gate, site.seq(id!));
      expect(gate.waits).toBe(true);
      settle(limits, 1);
      expect(limits.nextAt).toBe(site.now + 90);
    });
    expect(site.row(id!)!.parked).toBe(A);
    expect(stored()).toEqual([{ name: A, waits: 1, at: site.now + 90 }]);
  });

  it('is looked at again at a time that is put right', () => {
    started(site.now - 10);
    started(site.now - 5);
    put(1, site.now + 1);
    within((limits) => settle(limits, 0));
    expect(stored()).toEqual([{ name: A, waits: 1, at: site.now + 90 }]);
  });
});

describe('A key that waits', () => {
  it.each([
    { max: 1, most: 10 },
    { max: 10, most: 1 },
  ])('has as many tasks let into the line as there are places, and are wanted', ({ max, most }) => {
    parked(3);
    put(1, site.now);
    within((limits) => {
      limits.open(most);
      expect(limits.of('a')).toMatchObject({ waits: true, opened: 1 });
      expect(limits.openings).toBe(1);
    }, max);
    expect(stillParked()).toBe(2);
  });

  it('is looked at when its time has come, those of its queue first that wait for longest', () => {
    const [b, c] = [limitOfKey(QUEUE, 'b'), limitOfKey(QUEUE, 'c')];
    put(1, site.now + 1);
    put(1, site.now, b);
    put(1, site.now - 1, c);
    put(1, site.now - 2, limitOfKey('other', 'a'), 'other');
    for (const name of [A, b, c]) parked(1, name);
    const left = () => site.find('SELECT parked FROM tasks_task WHERE parked IS NOT NULL ORDER BY 1');
    within((limits) => limits.open(1));
    expect(left()).toEqual([{ parked: A }, { parked: b }]);
    within((limits) => {
      limits.open(5);
      expect(limits.openings).toBe(1);
      expect(limits.nextAt).toBe(site.now - 1);
    });
    expect(left()).toEqual([{ parked: A }]);
  });

  it('is idle once nothing of it is parked', () => {
    put(1, site.now);
    within((limits) => {
      limits.open(5);
      expect(limits.of('a')).toMatchObject({ waits: false, opened: 0 });
      expect(limits.openings).toBe(0);
      settle(limits, 0);
      expect(limits.nextAt).toBeNull();
    });
    expect(stored()).toEqual([{ name: A, waits: 0, at: site.now + LENT_FOR + PER }]);
  });

  it('goes on waiting without a place', () => {
    parked(1);
    put(1, site.now);
    started(site.now - 10);
    within((limits) => {
      limits.open(5);
      expect(limits.of('a')).toMatchObject({ waits: true, opened: 0 });
      settle(limits, 0);
    }, 1);
    expect(stillParked()).toBe(1);
    expect(stored()).toEqual([{ name: A, waits: 1, at: site.now + 90 }]);
  });

  it.each([
    { why: 'soon, as those in the line were not taken', most: 2, taken: 1, after: 1_000 },
    { why: 'at once, as there are more places', most: 1, taken: 1, after: 0 },
    { why: 'when the next place may be free, as none is', most: 2, taken: 2, after: 90 },
  ])('is looked at again $why', ({ most, taken, after }) => {
    parked(4);
    put(1, site.now - 5);
    started(site.now - 10);
    within((limits) => {
      limits.open(most);
      settle(limits, taken);
    }, 3);
    expect(stored()).toEqual([{ name: A, waits: 1, at: site.now + after }]);
  });
});

describe('An idle key', () => {
  it('is forgotten once no start of it counts', () => {
    started(site.now - PER);
    put(0, site.now);
    within((limits) => limits.open(1));
    expect(stored()).toEqual([]);
    expect(starts()).toEqual([]);
  });

  it('is not forgotten before its time', () => {
    put(0, site.now + 1);
    within((limits) => limits.open(1));
    expect(stored()).toHaveLength(1);
  });

  it.each([
    { start: 1 - PER, until: PER },
    { start: 30, until: 30 + PER },
  ])('is looked at again when its last start counts no more, at $until', ({ start, until }) => {
    started(site.now + start);
    started(site.now - PER - 5);
    put(0, site.now);
    within((limits) => limits.open(1));
    expect(starts()).toEqual([site.now + start]);
    expect(stored()).toEqual([{ name: A, waits: 0, at: site.now + until }]);
  });

  it('is not forgotten by a claim that has taken something of it', () => {
    put(0, site.now);
    within((limits) => {
      limits.of('a');
      limits.open(1);
      settle(limits, 1);
    });
    expect(stored()).toEqual([{ name: A, waits: 0, at: site.now }]);
  });

  it('is forgotten with some others at once', () => {
    for (let index = 0; index < 21; index += 1) put(0, site.now - index, limitOfKey(QUEUE, `${index}`));
    within((limits) => limits.open(1));
    expect(stored()).toEqual([{ name: limitOfKey(QUEUE, '0'), waits: 0, at: site.now }]);
  });
});
