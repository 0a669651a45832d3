import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DutySite } from '../../../../test/support/duty-site.js';
import type { QueueFlow } from '../../../contract/index.js';
import { limitOfKey } from '../sql/start-log.js';
import { declaredFlows } from '../sql/flow-rows.js';
import { setFlow } from '../sql/set-flow.js';
import { KeySettler } from './key-settler.js';

const QUEUE = 'default';
const ONE_A_KEY: QueueFlow = { keyConcurrency: 1 };
const RATE: QueueFlow = { keyRateLimit: { max: 1, per: 60_000 } };

describe('The limits of keys that change', () => {
  let site: DutySite;

  beforeEach(async () => {
    site = await DutySite.open();
  });
  afterEach(() => site.close());

  /** A process starts, with what its configuration says of the queue. */
  async function boot(flow: QueueFlow | null | undefined): Promise<KeySettler> {
    const said = flow === undefined ? {} : { flows: new Map([[QUEUE, flow]]) };
    const settler = new KeySettler(site.context(said), site.connection, site.writer);
    site.writes = 0;
    await settler.open();
    return settler;
  }

  /** What it set off when it started is done: calls are carried out one after the other. */
  const settled = (settler: KeySettler): Promise<void> => settler.settle('none');

  async function keyed(keys: number, each: number): Promise<void> {
    for (let key = 0; key < keys; key += 1) await site.store(each, { traits: { key: `#${key}` } });
  }

  const readyByKey = (): number[] => {
    const counts = site.connection.database.prepare(
      `SELECT sum(state = 'available') FROM tasks_task WHERE key IS NOT NULL GROUP BY key`,
    );
    return counts.pluck().all() as number[];
  };

  it('are stored when they are declared anew, and only then', async () => {
    await boot(undefined);
    await boot(null);
    expect(site.writes).toBe(0);
    expect(declaredFlows(site.connection.database)).toEqual(new Map());
    await settled(await boot(ONE_A_KEY));
    expect(declaredFlows(site.connection.database)).toEqual(new Map([[QUEUE, JSON.stringify(ONE_A_KEY)]]));
    await boot(ONE_A_KEY);
    expect(site.writes).toBe(0);
    await settled(await boot(null));
    expect(declaredFlows(site.connection.database)).toEqual(new Map());
  });

  it('hold what is too much of each key, and let all of it go again, key after key', async () => {
    await keyed(45, 3);
    expect([site.count('available'), site.count('held')]).toEqual([135, 0]);
    await settled(await boot(ONE_A_KEY));
    expect([site.count('available'), site.count('held')]).toEqual([45, 90]);
    expect(readyByKey()).toEqual(Array.from({ length: 45 }, () => 1));
    await settled(await boot({ keyConcurrency: 2 }));
    expect(readyByKey()).toEqual(Array.from({ length: 45 }, () => 2));
    await settled(await boot(null));
    expect([site.count('available'), site.count('held')]).toEqual([135, 0]);
  });

  it('are gone through with twenty keys a transaction, and no longer than any task changes', async () => {
    await keyed(41, 2);
    const settler = await boot(undefined);
    await site.writer.write((transaction) => setFlow(transaction, QUEUE, { keyConcurrency: 1 }));
    site.writes = 0;
    await settler.settle(QUEUE);
    expect(site.count('held')).toBe(41);
    // One for what waits for a place, and four each for what is ready and for what is held: 20 keys, 20, one, none.
    expect(site.writes).toBe(1 + 4 + 4);
  });

  it('let go many of one key, more than one transaction does', async () => {
    await settled(await boot(ONE_A_KEY));
    await keyed(2, 450);
    expect([site.count('available'), site.count('held')]).toEqual([2, 898]);
    site.runAll('worker');
    await settled(await boot(null));
    expect([site.count('available'), site.count('held')]).toEqual([898, 0]);
  });

  it('let go what waits for a place that nobody limits any more, more than one transaction does', async () => {
    await settled(await boot(RATE));
    await keyed(1, 1_001);
    const { database } = site.connection;
    const limit = limitOfKey(QUEUE, '#0');
    database.prepare('UPDATE tasks_task SET parked = ?').run(limit);
    database.prepare('INSERT INTO tasks_key_limit (name, queue, waits, at) VALUES (?, ?, 1, 0)').run(limit, QUEUE);
    const parked = database.prepare('SELECT count(*) FROM tasks_task WHERE parked IS NOT NULL').pluck();
    const settler = await boot(RATE);
    await settler.settle(QUEUE);
    expect(parked.get()).toBe(1_001);
    // The process that took the limit away died before it had let anything go.
    database.exec('UPDATE tasks_queue SET flow = NULL');
    await settled(await boot(undefined));
    expect(parked.get()).toBe(0);
    expect(database.prepare('SELECT count(*) FROM tasks_key_limit').pluck().get()).toBe(0);
  });

  it('hold what they are set to while the app runs, once the queue is settled', async () => {
    const settler = await boot(undefined);
    await keyed(3, 2);
    await site.writer.write((transaction) => setFlow(transaction, QUEUE, { keyConcurrency: 1 }));
    await settler.settle(QUEUE);
    expect([site.count('available'), site.count('held')]).toEqual([3, 3]);
  });

  it('are left where the process stops, however far it came', async () => {
    await keyed(45, 3);
    const settler = await boot(undefined);
    await site.writer.write((transaction) => setFlow(transaction, QUEUE, { keyConcurrency: 1 }));
    const settling = settler.settle(QUEUE);
    await settler.stop();
    await settling;
    site.writes = 0;
    await settler.settle(QUEUE);
    expect(site.writes).toBe(0);
    expect(site.count('held')).toBeLessThan(90);
  });

  it('that cannot be settled when the process starts are told of, and keep no other queue waiting', async () => {
    await keyed(1, 1);
    const { write } = site.writer;
    let begun = 0;
    site.writer.write = (operation) => {
      begun += 1;
      // The first stores the flow.
      return begun === 2 ? Promise.reject(new Error('the disk is full')) : write(operation);
    };
    const settler = await boot(ONE_A_KEY);
    await settled(settler);
    expect(site.errors).toEqual(['Giving out the slots of queue "default": the disk is full']);
    await settler.stop();
  });
});
