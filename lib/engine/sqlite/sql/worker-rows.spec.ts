import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { allWorkers, deleteWorker, insertWorker, runningTasksOf, type WorkerRecord } from './worker-rows.js';

const ONE: WorkerRecord = {
  id: 'one',
  host: 'here',
  pid: 12,
  pidSpace: 'space',
  pidBirth: 'birth',
  startedAt: START + 1,
  queues: { default: 3 },
  lease: 10_000,
};
const OTHER: WorkerRecord = { ...ONE, id: 'other', pidBirth: null, startedAt: START, queues: {}, lease: null };

describe('A process that works', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('is registered, anew where it is there, until it goes', () => {
    site.write((transaction) => insertWorker(transaction, ONE));
    site.write((transaction) => insertWorker(transaction, OTHER));
    expect(allWorkers(site.database)).toEqual([OTHER, ONE]);
    site.write((transaction) => insertWorker(transaction, { ...ONE, queues: { mail: 1 } }));
    expect(allWorkers(site.database)).toEqual([OTHER, { ...ONE, queues: { mail: 1 } }]);
    site.write((transaction) => deleteWorker(transaction, 'other'));
    expect(allWorkers(site.database).map(({ id }) => id)).toEqual(['one']);
  });

  it('is shown with what it runs', () => {
    const [first, tagged] = site.store({ traits: { startBy: START + 1 } }, { traits: { tags: { a: '1' } } }, {});
    site.claim({ wanted: 2 });
    site.claim({}, { worker: 'other' });
    const running = { queue: 'default', name: 'work', attempt: 1, startedAt: START };
    expect(runningTasksOf(site.database, 'one')).toEqual([
      { ...running, id: first!.id },
      { ...running, id: tagged!.id, tags: { a: '1' } },
    ]);
    expect(runningTasksOf(site.database, 'gone')).toEqual([]);
  });
});
