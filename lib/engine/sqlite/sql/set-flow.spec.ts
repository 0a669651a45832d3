import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { QueueFlow } from '../../../contract/index.js';
import { flowOf } from './flow-rows.js';
import { park } from './parked-tasks.js';
import { declareFlow, setFlow, unparkKeys } from './set-flow.js';
import { limitOfKey } from './start-log.js';

const RATE = { max: 1, per: MINUTE };

describe('What a queue lets run', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const declare = (flow: QueueFlow | null) =>
    site.write((transaction) => declareFlow(transaction, 'default', flow && JSON.stringify(flow)));
  const set = (flow: { [Part in keyof QueueFlow]: QueueFlow[Part] | null }) =>
    site.write((transaction) => setFlow(transaction, 'default', flow));
  const stored = () => site.find('SELECT name, flow, flow_set FROM tasks_queue ORDER BY name');
  const ofKey = limitOfKey('default', 'a');

  it('is what was declared, and over it what was set since', () => {
    declare({ keyConcurrency: 2, fair: true });
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched).toEqual(new Map([['default', []]]));
    set({ keyConcurrency: 5, concurrency: 3 });
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched).toEqual(new Map([['default', []]]));
    expect(flowOf(site.database, 'default')).toEqual({ keyConcurrency: 5, fair: true, concurrency: 3 });
    set({ concurrency: null });
    expect(stored()).toEqual([
      { name: 'default', flow: '{"keyConcurrency":2,"fair":true}', flow_set: '{"keyConcurrency":5}' },
    ]);
    set({ keyConcurrency: null });
    declare(null);
    expect(stored()).toEqual([{ name: 'default', flow: null, flow_set: null }]);
    expect(flowOf(site.database, 'default')).toEqual({});
  });

  it('counts what runs already, where all of it is limited', () => {
    site.add({}, {}, { queue: 'mail' });
    site.claim();
    site.claim({ queue: 'mail' });
    const keys = () => site.find('SELECT key FROM tasks_task ORDER BY seq').map(({ key }) => key);
    set({ keyConcurrency: 1 });
    expect(keys()).toEqual([null, null, null]);
    set({ globalConcurrency: 3 });
    expect(keys()).toEqual(['', null, null]);
  });

  it('has claims look anew at the keys that wait for a place', () => {
    const insert = 'INSERT INTO tasks_key_limit (name, queue, waits, at) VALUES (?, ?, ?, ?)';
    site.run(insert, ofKey, 'default', 1, START);
    site.run(insert, 'idle', 'default', 0, START);
    site.run(insert, 'other', 'mail', 1, START);
    set({ keyRateLimit: RATE });
    expect(site.find('SELECT name FROM tasks_key_limit WHERE at = 0')).toEqual([{ name: ofKey }]);
  });

  it('lets tasks into the line again that waited for a place of a limit that is gone', () => {
    set({ keyRateLimit: RATE });
    site.add(...Array.from({ length: 3 }, () => ({ traits: { key: 'a' } })), {
      queue: 'mail',
      traits: { key: 'a' },
    });
    site.add({});
    site.write((transaction) => {
      for (const seq of [1, 2, 3]) park(transaction, ofKey, seq);
      park(transaction, limitOfKey('mail', 'a'), 4);
      park(transaction, 'limit:x', 5);
    });
    const limit = 'INSERT INTO tasks_key_limit (name, queue, waits, at) VALUES (?, ?, 1, 0)';
    const start = `INSERT INTO tasks_start (name, at, task, attempt, worker, count) VALUES (?, 1, 0, 0, '', 1)`;
    for (const queue of ['default', 'mail', 'default2']) {
      site.run(limit, limitOfKey(queue, 'a'), queue);
      site.run(start, limitOfKey(queue, 'a'));
    }
    const left = () => site.find('SELECT count(*) AS parked FROM tasks_task WHERE parked IS NOT NULL')[0]!['parked'];
    const unpark = (most: number) => site.write((transaction) => unparkKeys(transaction, 'default', most));
    expect(unpark(9)).toBe(0);
    expect(left()).toBe(5);
    set({ keyRateLimit: null });
    expect(unpark(2)).toBe(2);
    expect(left()).toBe(3);
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched).toEqual(new Map([['default', []]]));
    expect(site.find('SELECT 1 FROM tasks_key_limit')).toHaveLength(3);
    expect(unpark(2)).toBe(1);
    expect(site.find('SELECT queue FROM tasks_key_limit ORDER BY queue')).toEqual([
      { queue: 'default2' },
      { queue: 'mail' },
    ]);
    expect(site.find('SELECT name FROM tasks_start ORDER BY name').map(({ name }) => name)).toEqual([
      limitOfKey('default2', 'a'),
      limitOfKey('mail', 'a'),
    ]);
    expect(unpark(2)).toBe(0);
    expect(site.last.available).toEqual(new Set());
    expect(site.last.touched).toEqual(new Map());
    expect(site.row(site.find('SELECT id FROM tasks_task WHERE seq = 5')[0]!['id'] as string)!['parked']).toBe(
      'limit:x',
    );
  });
});
