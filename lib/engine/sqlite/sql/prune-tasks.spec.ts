import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { nextExpiry, pruneMetrics, pruneTasks } from './prune-tasks.js';

describe('A task whose retention is over', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const stored = () => site.find('SELECT id FROM tasks_task ORDER BY seq').map(({ id }) => id);

  it('is deleted, those first that ended first, at most so many at once', () => {
    expect(nextExpiry(site.database)).toBeNull();
    const [one, two, later, kept] = site.store({}, {}, {}, {});
    const claimed = site.claim({ wanted: 4 });
    for (const [index, keepFor] of [2 * MINUTE, MINUTE, 5 * MINUTE, null].entries()) {
      site.end(claimed[index]!, { kind: 'completed', maxAttempts: 4, keepFor });
    }
    expect(nextExpiry(site.database)).toBe(START + MINUTE);
    expect(site.write((transaction) => pruneTasks(transaction, START + 2 * MINUTE, 1))).toBe(1);
    expect(stored()).toEqual([one!.id, later!.id, kept!.id]);
    expect(site.last.touched).toEqual(new Map([['default', [two!.id]]]));
    expect(site.write((transaction) => pruneTasks(transaction, START + 2 * MINUTE, 9))).toBe(1);
    expect(stored()).toEqual([later!.id, kept!.id]);
    expect(site.write((transaction) => pruneTasks(transaction, START + 2 * MINUTE, 9))).toBe(0);
  });

  it('leaves its minute of the metrics, until that is too old', () => {
    site.add({}, {});
    for (const task of site.claim({ wanted: 2 })) {
      site.end(task, { kind: 'completed', maxAttempts: 4, keepFor: 0 });
      site.clock.advance(MINUTE);
    }
    site.write((transaction) => pruneTasks(transaction, site.now, 9));
    expect(stored()).toEqual([]);
    site.write((transaction) => pruneMetrics(transaction, START + MINUTE));
    expect(site.find('SELECT minute FROM tasks_metric')).toEqual([{ minute: START + MINUTE }]);
  });
});
