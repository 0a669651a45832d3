import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { addToErrorGroups, type ErrorGroupDelta } from './add-to-error-groups.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const HOUR = 3_600_000;
const NOW = START / HOUR;
/** Of the history of a group. */
const HOURS_KEPT = 31 * 24;

interface Counted {
  readonly hour: number;
  readonly queue: string;
  failed: number;
}

function delta(key: string, others: Partial<ErrorGroupDelta> = {}, ...counted: readonly Counted[]): ErrorGroupDelta {
  const hours = new Map(counted.map((each) => [`${each.hour} ${each.queue}`, each]));
  const error = { name: 'TypeError', message: 'no 7' };
  return { key, name: 'work', error, firstAt: START, lastAt: START, hours, ...others };
}

const add = (...deltas: readonly ErrorGroupDelta[]) => site.write(({ database }) => addToErrorGroups(database, deltas));
const groups = () => site.find('SELECT key FROM tasks_error_group ORDER BY key').map(({ key }) => key);
const hours = (key: string) =>
  site.find('SELECT hour, queue, failed FROM tasks_error_hour WHERE key = ? ORDER BY 1', key);

describe('The history of a group of errors', () => {
  it('has the pattern of its first message, and when it was seen', () => {
    add(delta('k', { firstAt: START + 2, lastAt: START + 5 }));
    const group = { key: 'k', name: 'work', error_name: 'TypeError', message: 'no …' };
    const stored = () => site.find('SELECT * FROM tasks_error_group');
    expect(stored()).toEqual([{ ...group, first_at: START + 2, last_at: START + 5 }]);
    add(delta('k', { firstAt: START + 3, lastAt: START + 4 }));
    expect(stored()).toEqual([{ ...group, first_at: START + 2, last_at: START + 5 }]);
    add(delta('k', { firstAt: START + 1, lastAt: START + 6 }));
    expect(stored()).toEqual([{ ...group, first_at: START + 1, last_at: START + 6 }]);
  });

  it('counts by hour and queue', () => {
    const [mail, work] = [
      { hour: NOW - 1, queue: 'mail', failed: 2 },
      { hour: NOW, queue: 'default', failed: 1 },
    ];
    add(delta('k', {}, mail, work), delta('other', {}, work));
    add(delta('k', {}, { ...work, failed: 3 }));
    expect(hours('k')).toEqual([mail, { ...work, failed: 4 }]);
    expect(hours('other')).toEqual([work]);
  });

  it('goes back for so many hours from its last error', () => {
    const counted = [NOW - HOURS_KEPT - 1, NOW - HOURS_KEPT, NOW].map((hour) => ({
      hour,
      queue: 'default',
      failed: 1,
    }));
    add(delta('k', { lastAt: START + HOUR - 1 }, ...counted));
    expect(hours('k')).toEqual(counted.slice(1));
  });
});

describe('A group that does not fail any more', () => {
  const LONG_AGO = START - HOURS_KEPT * HOUR - 1;
  const old = (key: string, lastAt = LONG_AGO) =>
    delta(key, { firstAt: 0, lastAt }, { hour: Math.floor(lastAt / HOUR), queue: 'default', failed: 1 });

  it('is forgotten with its hours once there is a new one', () => {
    add(old('old'), old('young', LONG_AGO + 1));
    add(old('known', LONG_AGO + 1));
    expect(groups()).toEqual(['known', 'old', 'young']);
    // This one is known, and makes no room.
    add(delta('known'));
    expect(groups()).toEqual(['known', 'old', 'young']);
    add(delta('new'));
    expect(groups()).toEqual(['known', 'new', 'young']);
    expect(hours('old')).toEqual([]);
    expect(hours('young')).toHaveLength(1);
  });

  it('is kept for as long as a task of it is', () => {
    const [id] = site.add({});
    add(old('old'));
    site.run(`UPDATE tasks_task SET error_group = 'old' WHERE id = ?`, id!);
    add(delta('new'));
    expect(groups()).toEqual(['new', 'old']);
    site.run('UPDATE tasks_task SET error_group = NULL');
    add(delta('newer'));
    expect(groups()).toEqual(['new', 'newer']);
  });

  it('is forgotten with some others at once, those first that have not failed for longest', () => {
    add(...Array.from({ length: 12 }, (_, index) => old(`old ${10 + index}`, LONG_AGO - index)));
    add(delta('new'));
    expect(groups()).toEqual(['new', 'old 10', 'old 11']);
  });
});
