import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, Deliveries, newTask, until } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { ConsumeOptions, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const STRIPE = { name: 'stripe', max: 2, per: MINUTE };
const LIMITED: ConsumeOptions = { concurrency: 10, priority: 0, rateLimit: null, limits: { charge: STRIPE } };

describe('A limit that queues share', () => {
  let folder: string;
  let clock: ManualClock;
  let engines: TaskEngine[];
  let engine: TaskEngine;
  let deliveries: Deliveries;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-shared-'));
    clock = new ManualClock(START);
    engines = [];
    engine = await open();
    deliveries = new Deliveries();
    await engine.delivering.consume('marker', { ...LIMITED, concurrency: 1 }, () => Promise.resolve(completed));
  });

  afterEach(async () => {
    for (const each of engines) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<TaskEngine> {
    const options = { database: join(folder, 'tasks.db'), synchronous: 'normal', lease: 30_000 } as const;
    const opened = sqliteEngine({ ...options, maxLostAttempts: 3 }, contextWith(clock));
    engines.push(opened);
    await opened.open();
    return opened;
  }

  async function enqueue(count: number, overrides: Parameters<typeof newTask>[1] = {}): Promise<string[]> {
    const tasks = Array.from({ length: count }, () => newTask(clock, { name: 'charge', ...overrides }));
    await engine.enqueueing.enqueue(tasks);
    return tasks.map(({ id }) => id);
  }

  /** The names of so many tasks that run, and no more do. */
  async function running(count: number): Promise<string[]> {
    const names: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const held = await deliveries.next();
      names.push(held.delivery.task.name);
      held.end(completed);
    }
    for (let round = 0; round < 3; round += 1) {
      const [marker] = await enqueue(1, { queue: 'marker', name: 'mark' });
      await until(engine, async () => (await engine.inspecting.get(marker!))!.state === 'completed');
    }
    expect(deliveries.pending).toBe(0);
    return names;
  }

  it('counts the starts of its tasks in all of them, and lets the others pass', async () => {
    await enqueue(3, { priority: 5 });
    await enqueue(2, { name: 'mail' });
    await enqueue(2, { queue: 'other' });
    await engine.delivering.consume('default', LIMITED, deliveries.run);
    expect((await running(4)).sort()).toEqual(['charge', 'charge', 'mail', 'mail']);
    await engine.delivering.consume('other', LIMITED, deliveries.run);
    await running(0);
    clock.advance(MINUTE - 1);
    await running(0);
    clock.advance(1);
    await running(2);
    clock.advance(MINUTE);
    await running(1);
  });

  it('serves what has waited for a place in its order, before what came since', async () => {
    const first = await enqueue(5);
    const order: string[] = [];
    await engine.delivering.consume('default', LIMITED, async ({ task }) => {
      order.push(task.id);
      return completed;
    });
    const ran = (count: number): Promise<void> => until(engine, async () => order.length === count);
    await ran(2);
    const later = await enqueue(1);
    const urgent = await enqueue(1, { priority: 9 });
    for (const count of [4, 6, 7]) {
      clock.advance(MINUTE);
      await ran(count);
    }
    const [one, two, three, four, five] = first;
    expect(order.slice(0, 2)).toEqual([one, two]);
    expect(new Set(order.slice(2, 4))).toEqual(new Set([...urgent, three]));
    expect(order.slice(4, 6)).toEqual([four, five]);
    expect(order.slice(6)).toEqual(later);
  });

  it('passes over a thousand and more that wait for a place but once', async () => {
    await enqueue(2_500);
    await enqueue(1, { name: 'mail' });
    await engine.delivering.consume('default', LIMITED, deliveries.run);
    expect((await running(3)).sort()).toEqual(['charge', 'charge', 'mail']);
    await enqueue(1, { name: 'mail' });
    expect(await running(1)).toEqual(['mail']);
  });

  it('is closed for all queues until then where a handler was told to wait', async () => {
    await enqueue(1);
    await enqueue(1, { queue: 'other' });
    await engine.delivering.consume('default', LIMITED, deliveries.run);
    const held = await deliveries.next();
    const error = { name: 'RateLimited', message: 'Rate limited' };
    const at = clock.now() + 2 * MINUTE;
    held.end({ kind: 'retry', at, error, countsAttempt: false, closes: { limit: 'stripe' }, maxAttempts: 4 });
    await until(engine, async () => (await engine.inspecting.get(held.id))!.state === 'retryable');
    const other = await open();
    await other.delivering.consume('other', LIMITED, deliveries.run);
    await running(0);
    clock.advance(2 * MINUTE - 1);
    await running(0);
    clock.advance(1);
    await running(2);
  });

  it('holds nothing once no handler names it any more', async () => {
    await enqueue(5);
    const consumer = await engine.delivering.consume('default', LIMITED, deliveries.run);
    await running(2);
    await consumer.close(0);
    const { limits: _, ...unlimited } = LIMITED;
    await engine.delivering.consume('default', unlimited, deliveries.run);
    await running(3);
  });

  it('keeps a task that is cancelled and retried by hand from waiting for a place that it has', async () => {
    const ids = await enqueue(3);
    await engine.delivering.consume('default', LIMITED, deliveries.run);
    await running(2);
    await engine.acting.act('cancel', { ids: [ids[2]!] });
    clock.advance(MINUTE);
    await running(0);
    await engine.acting.act('retry', { ids: [ids[2]!] });
    await running(1);
  });
});
