import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { deleteExcess, excesses } from './excess-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

describe('More ended tasks than are kept', () => {
  const excess = (keep: number | null) =>
    excesses(site.database, ['completed', 'failed'], (_queue, state) => (state === 'completed' ? keep : null));

  it('are counted, and those go that ended first', () => {
    const ids = site.add({}, {}, { name: 'other' }, {}, {});
    site.add({ queue: 'news' });
    const tasks = site.claim({ wanted: 5 });
    for (const index of [1, 0, 2, 3]) {
      site.clock.advance(10);
      site.end(tasks[index]!);
    }
    site.end(tasks[4]!, failed());
    expect(excess(4)).toEqual([]);
    expect(excess(null)).toEqual([]);
    expect(excess(1)).toEqual([{ queue: QUEUE, state: 'completed', tasks: 3 }]);
    const go = (limit: number) =>
      site.write((transaction) => deleteExcess(transaction, excess(1)[0]!, limit, site.now));
    expect(go(1)).toBe(1);
    expect(site.states(ids)).toEqual(['completed', undefined, 'completed', 'completed', 'failed']);
    expect(site.last.touched.get(QUEUE)).toEqual([ids[1]]);
    expect(go(9)).toBe(2);
    expect(site.states(ids)).toEqual([undefined, undefined, undefined, 'completed', 'failed']);
    expect(site.counts()).toEqual({ 'default completed': 1, 'default failed': 1, 'news available': 1 });
  });

  it('go in the order of their numbers where they ended at once, and are looked at as far as 200 beyond', () => {
    const ids = site.add(...Array.from({ length: 205 }, (_, index) => ({ name: index % 2 ? 'work' : 'other' })));
    site.run(`UPDATE tasks_task SET state = 'completed', finished_at = 1000`);
    site.run(`UPDATE tasks_count SET state = 'completed'`);
    site.run(`UPDATE tasks_task SET finished_at = 1 WHERE id IN (?, ?)`, ids[202]!, ids[201]!);
    const gone = site.write((transaction) =>
      deleteExcess(transaction, { queue: QUEUE, state: 'completed', tasks: 2 }, 9, site.now),
    );
    expect(gone).toBe(2);
    expect(ids.filter((id) => !site.row(id))).toEqual([ids[0], ids[201]]);
  });

  it('go at once as far as they are more than 200', () => {
    const ids = site.add(...Array.from({ length: 220 }, () => ({})));
    site.run(`UPDATE tasks_task SET state = 'completed', finished_at = 1000`);
    site.run(`UPDATE tasks_count SET state = 'completed'`);
    const all = { queue: QUEUE, state: 'completed', tasks: 210 } as const;
    expect(site.write((transaction) => deleteExcess(transaction, all, 1_000, site.now))).toBe(210);
    expect(ids.filter((id) => site.row(id))).toEqual(ids.slice(210));
  });
});
