import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { until } from '../../../../test/support/until.js';
import { CountPruner } from './count-pruner.js';

describe('What ends where a queue keeps only so many', () => {
  let site: DutySite;
  let pruner: CountPruner;

  beforeEach(async () => {
    site = await DutySite.open();
    const keepAtMost = (queue: string, state: string): number | null =>
      queue !== 'default' ? null : state === 'completed' ? 2 : 5;
    pruner = new CountPruner({ ...site.context(), keepAtMost }, site.connection, site.writer);
  });
  afterEach(async () => {
    await pruner.stop();
    await site.close();
  });

  /** Tasks that have ended one after the other, by the counters and in the table. */
  async function ended(many: number, state: 'completed' | 'failed', queue = 'default'): Promise<void> {
    await site.store(many, { queue });
    site.endAll(state, queue);
  }

  /** All that there is by now holds a unique key until then. */
  function holdKeys(expiresAt: number): void {
    const { database } = site.connection;
    database.exec(`UPDATE tasks_task SET beside = 1`);
    database.exec(
      `INSERT INTO tasks_unique (key, task, attempt, taken_at, until, expires_at)
       SELECT 'k' || seq, seq, 1, 0, 'time', ${expiresAt} FROM tasks_task`,
    );
  }

  it('is deleted from the oldest on, each state by its own number, a batch a transaction', async () => {
    await ended(450, 'completed');
    await ended(8, 'failed');
    await ended(300, 'completed', 'other');
    pruner.start();
    await until('the rest', () => site.count('completed') === 302 && site.count('failed') === 5);
    await pruner.rest();
    expect(site.writes).toBe(3);
    const kept = site.connection.database.prepare(
      `SELECT seq FROM tasks_task WHERE queue = 'default' AND state = 'completed' ORDER BY seq`,
    );
    expect(kept.pluck().all()).toEqual([449, 450]);
    expect(site.clock.nextAt).toBeNull();
  });

  it('is deleted together where it ended in several states, as far as one transaction goes', async () => {
    await ended(222, 'completed');
    await ended(205, 'failed');
    pruner.start();
    await pruner.rest();
    expect([site.count('completed'), site.count('failed')]).toEqual([2, 5]);
    // 200 that are completed; 20 of them, and 180 that failed; 20 of these.
    expect(site.writes).toBe(3);
  });

  it('keeps nothing else from being deleted where it must not be yet', async () => {
    await ended(250, 'completed');
    holdKeys(START + 90_000);
    await ended(8, 'failed');
    pruner.start();
    await pruner.rest();
    expect([site.count('completed'), site.count('failed')]).toEqual([250, 5]);
  });

  it('is looked at a second after something was committed, and not written of where nothing is too much', async () => {
    await ended(2, 'completed');
    pruner.start();
    await pruner.rest();
    expect(site.writes).toBe(0);
    expect(site.clock.nextAt).toBeNull();
    pruner.committed();
    expect(site.clock.nextAt).toBe(START + 1_000);
    await ended(1, 'completed', 'elsewhere');
    site.clock.advance(1_000);
    await pruner.rest();
    expect([site.writes, site.count('completed')]).toEqual([0, 3]);
  });

  it('is looked at again after a minute where it must not be deleted yet', async () => {
    await ended(3, 'completed');
    holdKeys(START + 90_000);
    pruner.start();
    await pruner.rest();
    expect([site.writes, site.count('completed')]).toEqual([1, 3]);
    expect(site.clock.nextAt).toBe(START + 60_000);
    site.clock.advance(60_000);
    await pruner.rest();
    site.clock.advance(60_000);
    await pruner.rest();
    expect(site.count('completed')).toBe(2);
  });
});
