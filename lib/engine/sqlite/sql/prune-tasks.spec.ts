import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import { nextExpiry, pruneMetrics, pruneTasks } from './prune-tasks.js';

describe('A task whose retention is over', () => {
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const stored = () => site.all('SELECT id FROM tasks_task ORDER BY seq').map(({ id }) => id);

  it('is deleted, those first that ended first, at most so many at once', async () => {
    expect(nextExpiry(site.database)).toBeNull();
    const [one, two, later, kept] = await site.add({}, {}, {}, {});
    const claimed = await site.claim(4);
    for (const [index, keepFor] of [2 * MINUTE, MINUTE, 5 * MINUTE, null].entries()) {
      await site.end(claimed[index]!, { kind: 'completed', maxAttempts: 4, keepFor });
    }
    expect(nextExpiry(site.database)).toBe(START + MINUTE);
    expect(await site.run((transaction) => pruneTasks(transaction, START + 2 * MINUTE, 1))).toBe(1);
    expect(stored()).toEqual([one!.id, later!.id, kept!.id]);
    expect(site.told.touched).toEqual(new Map([['default', [two!.id]]]));
    expect(await site.run((transaction) => pruneTasks(transaction, START + 2 * MINUTE, 9))).toBe(1);
    expect(stored()).toEqual([later!.id, kept!.id]);
    expect(await site.run((transaction) => pruneTasks(transaction, START + 2 * MINUTE, 9))).toBe(0);
  });

  it('leaves its minute of the metrics, until that is too old', async () => {
    await site.add({}, {});
    for (const task of await site.claim(2)) {
      await site.end(task, { kind: 'completed', maxAttempts: 4, keepFor: 0 });
      site.clock.advance(MINUTE);
    }
    await site.run((transaction) => pruneTasks(transaction, site.now, 9));
    expect(stored()).toEqual([]);
    await site.run((transaction) => pruneMetrics(transaction, START + MINUTE));
    expect(site.all('SELECT minute FROM tasks_metric')).toEqual([{ minute: START + MINUTE }]);
  });
});
