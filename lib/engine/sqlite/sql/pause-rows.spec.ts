import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { PauseSelector } from '../../../contract/index.js';
import type { ClaimedRow } from './claimed-row.js';
import { park } from './parked-tasks.js';
import { leasesOf, setPaused } from './pause-queue.js';
import { addPause, dropPause, isAbout, pauseIn, pauseReason, pausesIn } from './pause-rows.js';

const BY_TAG: PauseSelector = { tag: { customer: '42', area: 'north' } };

/** Of a task that is about to be claimed. */
function claimedRow(name: string, traits: object | null, key: string | null): ClaimedRow {
  const json = traits && JSON.stringify(traits);
  return [1, 'id', name, 0, 0, 0, null, 0, 0, null, null, json, key, 0, '{}'] as unknown as ClaimedRow;
}

describe('A pause of some tasks', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('stands once, whenever it was asked for again and however it was written, until it is dropped', () => {
    site.write((transaction) => {
      addPause(transaction, { name: 'work' }, START + 2);
      addPause(transaction, BY_TAG, START + 1);
      addPause(transaction, { tag: { area: 'north', customer: '42' } }, START + 3);
      addPause(transaction, { queue: 'mail', key: 'a' }, START + 3);
    });
    const [one, two] = site.store({}, {}, {});
    site.write((transaction) => {
      for (const { id } of [one!, two!])
        park(transaction, pauseReason({ name: 'work' }), site.row(id)!['seq'] as number);
    });
    expect(pausesIn(site.database)).toEqual([
      { selector: { tag: { area: 'north', customer: '42' } }, pausedAt: START + 1, waiting: 0 },
      { selector: { name: 'work' }, pausedAt: START + 2, waiting: 2 },
      { selector: { queue: 'mail', key: 'a' }, pausedAt: START + 3, waiting: 0 },
    ]);
    site.write((transaction) => dropPause(transaction, { tag: { area: 'north', customer: '42' } }));
    expect(pausesIn(site.database).map(({ pausedAt }) => pausedAt)).toEqual([START + 2, START + 3]);
  });

  it('is known by what it is about, whatever the order of the tags', () => {
    expect(pauseReason(BY_TAG)).toBe('pause:{"tag":{"area":"north","customer":"42"}}');
    expect(pauseReason({ tag: { area: 'north', customer: '42' } })).toBe(pauseReason(BY_TAG));
    expect(pauseReason({ tag: { a: '1', c: '3', b: '2' } })).toBe('pause:{"tag":{"a":"1","b":"2","c":"3"}}');
    expect(pauseReason({ name: 'work' })).toBe('pause:{"name":"work"}');
    expect(pauseIn('{"name":"work"}')).toEqual({ reason: 'pause:{"name":"work"}', selector: { name: 'work' } });
  });

  it('of a queue is told of, and so is its end, for which claims look again', () => {
    const paused = () => site.find('SELECT name, paused_at FROM tasks_queue');
    site.write((transaction) => setPaused(transaction, 'mail', START));
    expect(paused()).toEqual([{ name: 'mail', paused_at: START }]);
    expect(site.last.paused).toEqual(new Set(['mail']));
    expect(site.last.available).toEqual(new Set());
    expect(site.last.touched).toEqual(new Map([['mail', []]]));
    site.write((transaction) => setPaused(transaction, 'mail', null));
    expect(paused()).toEqual([{ name: 'mail', paused_at: null }]);
    expect(site.last.paused).toEqual(new Set());
    expect(site.last.available).toEqual(new Set(['mail']));
    expect(site.last.touched).toEqual(new Map([['mail', []]]));
  });

  it('of a queue finds what runs there, whoever runs it', () => {
    site.add({}, {}, { queue: 'mail' }, {});
    site.claim();
    site.claim({}, { worker: 'two' });
    site.claim({ queue: 'mail' }, { worker: 'two' });
    expect(leasesOf(site.database, 'default').map(({ attempt, worker }) => `${worker} ${attempt}`)).toEqual([
      'one 1',
      'two 1',
    ]);
  });
});

it.each<[PauseSelector, string, ClaimedRow, boolean]>([
  [{ name: 'work' }, 'mail', claimedRow('work', null, null), true],
  [{ name: 'work' }, 'mail', claimedRow('play', null, null), false],
  [{ queue: 'mail', key: 'a' }, 'mail', claimedRow('work', null, 'a'), true],
  [{ queue: 'mail', key: 'a' }, 'mail', claimedRow('work', null, 'b'), false],
  [{ queue: 'mail', key: 'a' }, 'news', claimedRow('work', null, 'a'), false],
  [BY_TAG, 'mail', claimedRow('work', { tags: { customer: '42', area: 'north', more: '1' } }, null), true],
  [BY_TAG, 'mail', claimedRow('work', { tags: { customer: '42', area: 'south' } }, null), false],
  [BY_TAG, 'mail', claimedRow('work', { tags: { customer: '42' } }, null), false],
  [BY_TAG, 'mail', claimedRow('work', {}, null), false],
  [BY_TAG, 'mail', claimedRow('work', null, null), false],
])('A pause of %j is, in the queue %s, about a task: case %#', (selector, queue, row, about) => {
  expect(isAbout({ reason: '', selector }, queue, row)).toBe(about);
});
