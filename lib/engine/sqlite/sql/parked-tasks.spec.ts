import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import {
  blockOf,
  countParked,
  forgotten,
  park,
  parkedFor,
  unparkAny,
  unparkForgotten,
  unparkNext,
} from './parked-tasks.js';
import { addPause, pauseReason } from './pause-rows.js';
import { limitOfKey } from './start-log.js';

describe('A task that something keeps from starting', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const parked = () => site.find('SELECT parked FROM tasks_task ORDER BY seq').map((row) => row['parked']);
  const parkAll = (...reasons: ReadonlyArray<string | null>) =>
    site.write((transaction) =>
      reasons.forEach((reason, index) => reason !== null && park(transaction, reason, index + 1)),
    );

  it('may be claimed again, those of a queue first that are to run first', () => {
    site.add({}, { priority: 5 }, {}, { queue: 'mail' }, {});
    parkAll('limit:a', 'limit:a', 'limit:a', 'limit:a', 'limit:b');
    expect(countParked(site.database, 'limit:a')).toEqual([
      { queue: 'default', count: 3 },
      { queue: 'mail', count: 1 },
    ]);
    expect(site.write((transaction) => unparkNext(transaction, 'limit:a', 'default', 2))).toBe(2);
    expect(parked()).toEqual([null, null, 'limit:a', 'limit:a', 'limit:b']);
    expect(site.write((transaction) => unparkNext(transaction, 'limit:a', 'default', 2))).toBe(1);
  });

  it('may be claimed again whatever its queue, which is told', () => {
    site.add({}, { queue: 'mail' }, { queue: 'mail' }, {});
    parkAll('limit:a', 'limit:a', 'limit:a', 'limit:b');
    expect(site.write((transaction) => unparkAny(transaction, 'limit:a', 2))).toBe(2);
    expect(site.last.available).toEqual(new Set(['default', 'mail']));
    expect([...site.last.touched.keys()]).toEqual(['default', 'mail']);
    expect(site.write((transaction) => unparkAny(transaction, 'limit:a', 2))).toBe(1);
    expect(parked()).toEqual([null, null, null, 'limit:b']);
    expect(site.write((transaction) => unparkAny(transaction, 'limit:a', 2))).toBe(0);
    expect(site.last.available).toEqual(new Set());
  });

  it('may be claimed again where nobody knows the limit or the pause any more', () => {
    const [stands, over] = [pauseReason({ name: 'work' }), pauseReason({ name: 'play' })];
    site.add({}, {}, {}, {}, { queue: 'mail' }, { traits: { key: 'k' } });
    const ofKey = limitOfKey('default', 'k');
    parkAll('limit:gone', 'limit:known', stands, over, 'limit:gone', ofKey);
    site.write((transaction) => addPause(transaction, { name: 'work' }, START));
    const limits = new Set(['limit:known', 'limit:idle']);
    expect([...parkedFor(site.database)]).toEqual(['limit:gone', 'limit:known', over, stands]);
    expect(forgotten(site.database, limits)).toEqual(['limit:gone', over]);
    site.write((transaction) => unparkForgotten(transaction, 'default', limits));
    expect(parked()).toEqual([null, 'limit:known', stands, null, 'limit:gone', ofKey]);
    expect(site.last.available).toEqual(new Set(['default']));
    site.write((transaction) => unparkForgotten(transaction, 'default', limits));
    expect(site.last.available).toEqual(new Set());
  });

  it('tells what it is', () => {
    expect(blockOf('limit:of: mails')).toEqual({ by: 'limit', limit: 'of: mails' });
    expect(blockOf('pause:{"name":"work"}')).toEqual({ by: 'pause', selector: { name: 'work' } });
    expect(blockOf(limitOfKey('default', 'k: 1'))).toEqual({ by: 'key', key: 'k: 1' });
  });
});
