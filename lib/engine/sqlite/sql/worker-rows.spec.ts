import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
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
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  it('is registered, anew where it is there, until it goes', async () => {
    await site.run((transaction) => insertWorker(transaction, ONE));
    await site.run((transaction) => insertWorker(transaction, OTHER));
    expect(allWorkers(site.database)).toEqual([OTHER, ONE]);
    await site.run((transaction) => insertWorker(transaction, { ...ONE, queues: { mail: 1 } }));
    expect(allWorkers(site.database)).toEqual([OTHER, { ...ONE, queues: { mail: 1 } }]);
    await site.run((transaction) => deleteWorker(transaction, 'other'));
    expect(allWorkers(site.database).map(({ id }) => id)).toEqual(['one']);
  });

  it('is shown with what it runs', async () => {
    const [first, tagged] = await site.add({ traits: { startBy: START + 1 } }, { traits: { tags: { a: '1' } } }, {});
    await site.claim(2, 'one');
    await site.claim(1, 'other');
    const running = { queue: 'default', name: 'work', attempt: 1, startedAt: START };
    expect(runningTasksOf(site.database, 'one')).toEqual([
      { ...running, id: first!.id },
      { ...running, id: tagged!.id, tags: { a: '1' } },
    ]);
    expect(runningTasksOf(site.database, 'gone')).toEqual([]);
  });
});
