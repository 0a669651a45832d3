import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { availableQueues } from './available-queues.js';
import { declaredFlows, flowOf, queuesOfGoneKeyLimits, setConcurrencies } from './flow-rows.js';
import { declareFlow, setFlow } from './set-flow.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

describe('What queues let run', () => {
  it('is what was declared, and over it what was set', () => {
    site.write((transaction) => declareFlow(transaction, 'a', '{"concurrency":2,"fair":true}'));
    site.write((transaction) => setFlow(transaction, 'a', { concurrency: 5 }));
    site.write((transaction) => setFlow(transaction, 'b', { globalConcurrency: 3 }));
    expect(flowOf(site.database, 'a')).toEqual({ concurrency: 5, fair: true });
    expect(flowOf(site.database, 'b')).toEqual({ globalConcurrency: 3 });
    expect(flowOf(site.database, 'none')).toEqual({});
    site.run(`INSERT INTO tasks_queue (name) VALUES ('c')`);
    expect(flowOf(site.database, 'c')).toEqual({});
    expect(declaredFlows(site.database)).toEqual(new Map([['a', '{"concurrency":2,"fair":true}']]));
    expect(setConcurrencies(site.database)).toEqual(new Map([['a', 5]]));
  });

  it('knows the queues of which keys are limited no more', () => {
    const rate = { max: 1, per: 1_000 };
    for (const queue of ['A', 'b', 'c']) {
      site.limit(queue, { keyRateLimit: rate });
      site.add({ queue, traits: { key: 'k' } });
      site.claim({ queue });
    }
    expect(queuesOfGoneKeyLimits(site.database)).toEqual([]);
    for (const queue of ['A', 'c']) site.write((transaction) => setFlow(transaction, queue, { keyRateLimit: null }));
    expect(queuesOfGoneKeyLimits(site.database)).toEqual(['A', 'c']);
  });

  it('is seen in the queues of which something is available', () => {
    site.add({ queue: 'a' }, { queue: 'b', runAt: site.now + 5 }, { queue: 'c' });
    expect([...availableQueues(site.database)].toSorted()).toEqual(['a', 'c']);
  });
});
