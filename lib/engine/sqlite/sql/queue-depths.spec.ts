import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { noTasks } from '../../../contract/index.js';
import { setPaused } from './pause-queue.js';
import { allCounts, queueDepths } from './queue-depths.js';
import { declareFlow, setFlow } from './set-flow.js';
import { taskKinds } from './task-kinds.js';

describe('The queues of a store', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('are those with tasks, and those that somebody has paused or steered', () => {
    site.write((transaction) => {
      setPaused(transaction, 'absent', START);
      setPaused(transaction, 'resumed', START);
      setPaused(transaction, 'resumed', null);
      declareFlow(transaction, 'declared', '{"keyConcurrency":1}');
      setFlow(transaction, 'steered', { concurrency: 3 });
    });
    site.add({ queue: 'mail' }, { queue: 'mail', runAt: START + MINUTE }, { queue: 'art' });
    expect(allCounts(site.database)).toEqual(
      new Map([
        ['art', { ...noTasks(), available: 1 }],
        ['mail', { ...noTasks(), available: 1, scheduled: 1 }],
      ]),
    );
    const plain = { counts: noTasks(), paused: false, oldestAvailableAt: null };
    expect(queueDepths(site.database)).toEqual([
      { ...plain, queue: 'absent', paused: true },
      { ...plain, queue: 'art', counts: { ...noTasks(), available: 1 }, oldestAvailableAt: START },
      { ...plain, queue: 'mail', counts: { ...noTasks(), available: 1, scheduled: 1 }, oldestAvailableAt: START },
      { ...plain, queue: 'steered', set: { concurrency: 3 } },
    ]);
  });

  it('tell of the task that has waited longest, whatever its name', () => {
    site.add({ name: 'a', runAt: START - 2 }, { name: 'b', runAt: START - 5 }, { name: 'c', runAt: START - 3 });
    site.add({ name: 'a', queue: 'mail', runAt: START - 9 }, { name: 'late', queue: 'mail', runAt: START + MINUTE });
    const oldest = () => queueDepths(site.database).map(({ oldestAvailableAt }) => oldestAvailableAt);
    expect(oldest()).toEqual([START - 5, START - 9]);
    site.claim({ queue: 'mail' });
    expect(oldest()).toEqual([START - 5, null]);
  });

  it('have kinds of tasks, of which there may be many that run none', () => {
    site.add({ queue: 'b' }, { queue: 'a', name: 'x' }, { queue: 'a', name: 'y' }, { queue: 'b' }, { queue: 'c' });
    site.claim({ queue: 'c' });
    const kinds = (...asked: Parameters<typeof taskKinds> extends [unknown, ...infer Rest] ? Rest : never) =>
      taskKinds(site.database, ...asked).map(({ queue, name }) => `${queue} ${name}`);
    expect(kinds()).toEqual(['a x', 'a y', 'b work']);
    expect(kinds({ queue: 'a' })).toEqual(['a x', 'a y']);
    expect(kinds({ name: ['y', 'work'] })).toEqual(['a y', 'b work']);
    expect(kinds({ queue: 'a', name: 'work' })).toEqual([]);
  });
});
