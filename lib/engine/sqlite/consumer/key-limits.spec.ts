import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, Deliveries, newTask, until } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { QueueFlow } from '../../../contract/index.js';
import type { ConsumeOptions, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const QUEUE = 'imports';
const WORKERS: ConsumeOptions = { concurrency: 10, priority: 0, rateLimit: null };
const TWO_A_MINUTE: QueueFlow = { keyRateLimit: { max: 2, per: MINUTE } };

describe('The rate limit of each key', () => {
  let folder: string;
  let clock: ManualClock;
  let engines: TaskEngine[];
  let deliveries: Deliveries;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-key-limits-'));
    clock = new ManualClock(START);
    engines = [];
    deliveries = new Deliveries();
  });

  afterEach(async () => {
    for (const each of engines) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(flow: QueueFlow = TWO_A_MINUTE): Promise<TaskEngine> {
    const options = { database: join(folder, 'tasks.db'), synchronous: 'normal', lease: 30_000 } as const;
    const context = contextWith(clock, { flows: new Map([[QUEUE, flow]]) });
    const opened = sqliteEngine({ ...options, maxLostAttempts: 3 }, context);
    engines.push(opened);
    await opened.open();
    await opened.delivering.consume('marker', { ...WORKERS, concurrency: 1 }, () => Promise.resolve(completed));
    return opened;
  }

  async function enqueue(key: string, count: number, priority = 0): Promise<string[]> {
    const tasks = Array.from({ length: count }, () => newTask(clock, { queue: QUEUE, traits: { key }, priority }));
    await engines[0]!.enqueueing.enqueue(tasks);
    return tasks.map(({ id }) => id);
  }

  /** Nothing more is begun that may be begun now, in any of the processes. */
  async function settled(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      const marker = newTask(clock, { queue: 'marker' });
      await engines[0]!.enqueueing.enqueue([marker]);
      await until(engines[0]!, async () => (await engines[0]!.inspecting.get(marker.id))!.state === 'completed');
    }
  }

  /** The keys of so many tasks that are begun, and no more are; they end. */
  async function begun(count: number): Promise<string> {
    const keys: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const held = await deliveries.next();
      keys.push(held.delivery.task.traits!.key!);
      held.end(completed);
    }
    await settled();
    expect(deliveries.pending).toBe(0);
    return keys.sort().join('');
  }

  const rowsOf = (table: string): number => {
    const database = new Database(join(folder, 'tasks.db'), { readonly: true });
    const count = database.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get()!;
    database.close();
    return count;
  };

  it('holds over processes, lets other keys by, and is forgotten with the starts that count', async () => {
    const [one, other] = [await open(), await open()];
    await enqueue('a', 5);
    await enqueue('b', 3);
    await enqueue('', 1);
    for (const each of [one, other]) await each.delivering.consume(QUEUE, WORKERS, deliveries.run);
    expect(await begun(5)).toBe('aabb');
    clock.advance(MINUTE - 1);
    expect(await begun(0)).toBe('');
    await enqueue('c', 1);
    expect(await begun(1)).toBe('c');
    clock.advance(1);
    expect(await begun(3)).toBe('aab');
    clock.advance(MINUTE);
    expect(await begun(1)).toBe('a');
    for (let round = 0; round < 3; round += 1) {
      clock.advance(2 * MINUTE);
      await enqueue('', 1);
      await begun(1);
    }
    expect([rowsOf('tasks_key_limit'), rowsOf('tasks_start')]).toEqual([0, 0]);
  });

  it('passes over a thousand and more that wait but once, and starts them in their order', async () => {
    const engine = await open();
    const first = await enqueue('a', 1_200);
    await enqueue('b', 1);
    const order: string[] = [];
    await engine.delivering.consume(QUEUE, WORKERS, async ({ task }) => {
      order.push(task.id);
      return completed;
    });
    await until(engine, async () => order.length === 3);
    const later = await enqueue('a', 1);
    const urgent = await enqueue('a', 1, 9);
    clock.advance(MINUTE);
    await until(engine, async () => order.length === 5);
    await settled();
    expect(order.filter((id) => first.includes(id))).toEqual(first.slice(0, 3));
    expect(order).toContain(urgent[0]);
    expect(order).not.toContain(later[0]);
  });

  it('is had beside slots: who waits for a place has its slot', async () => {
    const engine = await open({ ...TWO_A_MINUTE, keyConcurrency: 1 });
    await enqueue('a', 4);
    await engine.delivering.consume(QUEUE, WORKERS, deliveries.run);
    const held = await deliveries.next();
    await settled();
    expect(deliveries.pending).toBe(0);
    held.end(completed);
    await begun(1);
    const { keys } = await engine.keying!.keys(QUEUE, { limit: 10 });
    expect(keys).toMatchObject([{ key: 'a', held: 1, available: 1, running: 0 }]);
    clock.advance(MINUTE);
    expect(await begun(2)).toBe('aa');
  });

  it('has a place again at once where a task is handed back unbegun', async () => {
    const engine = await open();
    await enqueue('a', 4);
    await engine.delivering.consume(QUEUE, WORKERS, (delivery) => {
      delivery.startsLater?.();
      return deliveries.run(delivery);
    });
    const [first, second] = [await deliveries.next(), await deliveries.next()];
    await settled();
    const error = { name: 'NoHandlerError', message: 'No handler' };
    first.end({ kind: 'declined', wait: MINUTE, error, keepFor: null, maxAttempts: 4 });
    const next = await deliveries.next();
    await settled();
    expect(deliveries.pending).toBe(0);
    expect(next.id).not.toBe(first.id);
    second.end(completed);
    next.end(completed);
  });

  it('holds from when it is set, and holds nothing back once it is taken away', async () => {
    const [one, other] = [await open({}), await open({})];
    await other.delivering.consume(QUEUE, WORKERS, deliveries.run);
    await one.keying!.setFlow(QUEUE, { keyRateLimit: { max: 1, per: MINUTE } });
    await enqueue('a', 520);
    await begun(1);
    await one.keying!.setFlow(QUEUE, { keyRateLimit: { max: 3, per: MINUTE } });
    await begun(2);
    await one.keying!.setFlow(QUEUE, { keyRateLimit: null });
    await begun(517);
    expect([rowsOf('tasks_key_limit'), rowsOf('tasks_start')]).toEqual([0, 0]);
  });

  it('holds nothing back where the process died that was taking it away', async () => {
    const first = await open();
    const consumer = await first.delivering.consume(QUEUE, WORKERS, deliveries.run);
    await enqueue('a', 3);
    await begun(2);
    await consumer.close(0);
    const database = new Database(join(folder, 'tasks.db'));
    database.exec(`UPDATE tasks_queue SET flow = NULL WHERE name = '${QUEUE}'`);
    database.close();
    const next = await open({});
    await next.delivering.consume(QUEUE, WORKERS, deliveries.run);
    expect(await begun(1)).toBe('a');
  });
});
