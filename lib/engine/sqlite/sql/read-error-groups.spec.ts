import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { ERROR_POINTS, errorGroupKey, MAX_GROUPS_LISTED } from '../../common/index.js';
import { nameOfGroup, queuesOfGroup, readErrorGroups } from './read-error-groups.js';

const HOUR = 3_600_000;

describe('Failed tasks', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  /** Tasks of a name fail now, one for each message. @returns their ids */
  function fail(queue: string, name: string, ...messages: string[]): string[] {
    const tasks = site.store(...messages.map(() => ({ queue, name })));
    const claimed = site.claim({ wanted: messages.length, queue: queue });
    for (const [index, message] of messages.entries()) site.end(claimed[index]!, failed(message));
    return tasks.map(({ id }) => id);
  }

  const read = (asked: { queue?: string; name?: string } = {}) => readErrorGroups(site.database, asked, site.now);
  const keyOf = (name: string, message: string) => errorGroupKey(name, { name: 'Error', message });
  /** The last of 24 hours, in this order. */
  const points = (...last: number[]) => [...Array.from({ length: ERROR_POINTS - last.length }, () => 0), ...last];

  it('are grouped by what they failed with, the most frequent and then the latest first', () => {
    fail('Mail', 'send', 'no 1');
    site.clock.advance(HOUR);
    fail('default', 'work', 'broken');
    const [, second] = fail('news', 'send', 'no 2', 'no 3');
    site.clock.advance(1);
    const [last] = fail('default', 'other', 'x');
    const send = {
      key: keyOf('send', 'no 1'),
      name: 'send',
      error: { name: 'Error', message: 'no …' },
      queues: ['Mail', 'news'],
      count: 3,
      firstAt: START,
      lastAt: START + HOUR,
      sampleId: second,
      points: points(1, 2),
    };
    const report = read();
    expect(report.items.map(({ name }) => name)).toEqual(['send', 'other', 'work']);
    expect(report.items[0]).toEqual(send);
    expect(report.items[1]).toMatchObject({ queues: ['default'], count: 1, sampleId: last, points: points(0, 1) });
    expect(report).toMatchObject({ looked: 5, complete: true });
    const ofNews = { ...send, queues: ['news'], count: 2, points: points(0, 2) };
    expect(read({ queue: 'news' })).toEqual({ items: [ofNews], looked: 2, complete: true });
    expect(read({ name: 'send' })).toEqual({ items: [send], looked: 3, complete: true });
    expect(read({ queue: 'default', name: 'send' })).toMatchObject({ items: [], looked: 0 });
    expect(queuesOfGroup(site.database, send.key)).toEqual(['Mail', 'news']);
    expect(queuesOfGroup(site.database, 'none')).toEqual([]);
    expect(nameOfGroup(site.database, send.key)).toBe('send');
    expect(nameOfGroup(site.database, 'none')).toBeNull();
  });

  it('that are as frequent come in the order of their last', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) {
      fail('mail', name, 'no');
      site.clock.advance(1);
    }
    expect(read().items.map(({ name }) => name)).toEqual(names.toReversed());
  });

  it('tell of the last hours alone, and of none that are to come', () => {
    fail('mail', 'send', 'no');
    site.clock.advance((ERROR_POINTS - 1) * HOUR);
    fail('mail', 'send', 'no');
    const [group] = read().items;
    expect(group!.points).toEqual([1, ...points(1).slice(1)]);
    site.clock.advance(HOUR);
    expect(read().items[0]!.points).toEqual(points(1, 0));
    site.clock.set(START);
    expect(read().items[0]!.points).toEqual(points(1));
    site.clock.set(START + (ERROR_POINTS - 2) * HOUR);
    expect(read().items[0]!.points).toEqual([0, 1, ...points(1).slice(2, -1), 0]);
  });

  it('are left out where nothing is known of their group, and where a version before knew of none', () => {
    const [one] = fail('mail', 'send', 'no');
    fail('mail', 'work', 'no');
    site.run('DELETE FROM tasks_error_group WHERE name = ?', 'work');
    expect(read()).toMatchObject({ items: [{ name: 'send' }], looked: 1, complete: true });
    site.run('UPDATE tasks_task SET error_group = NULL WHERE id = ?', one!);
    expect(read()).toEqual({ items: [], looked: 0, complete: false });
  });

  it('are listed up to so many groups', () => {
    fail(
      'mail',
      'send',
      ...Array.from({ length: MAX_GROUPS_LISTED + 1 }, (_, at) => `${'a'.repeat(at % 60)} ${'b'.repeat(at / 60)}`),
    );
    const report = read();
    expect(report.items).toHaveLength(MAX_GROUPS_LISTED);
    expect(report.looked).toBe(MAX_GROUPS_LISTED + 1);
  });
});
