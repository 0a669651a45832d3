import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, Deliveries, newTask, retryAt, until } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { ConsumeOptions, Outcome, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const PLAIN: ConsumeOptions = { concurrency: 1, priority: 0, rateLimit: null };
const LIMITED: ConsumeOptions = { concurrency: 10, priority: 0, rateLimit: { max: 3, per: MINUTE } };

const DECLINED: Outcome = {
  kind: 'declined',
  wait: 10 * MINUTE,
  error: { name: 'UnknownTaskNameError', message: 'not here' },
  keepFor: null,
  maxAttempts: 4,
};

describe('A claim', () => {
  let folder: string;
  let clock: ManualClock;
  let engines: TaskEngine[];
  let engine: TaskEngine;
  let database: Database.Database;
  let deliveries: Deliveries;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-claim-'));
    clock = new ManualClock(START);
    engines = [];
    engine = await open();
    database = new Database(join(folder, 'tasks.db'));
    deliveries = new Deliveries();
  });

  afterEach(async () => {
    database.close();
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

  async function enqueue(count: number, queue = 'default'): Promise<string[]> {
    const tasks = Array.from({ length: count }, () => newTask(clock, { queue }));
    await engine.enqueueing.enqueue(tasks);
    return tasks.map(({ id }) => id);
  }

  /** So many run, and no more. */
  async function expectRunning(count: number, by: Deliveries = deliveries): Promise<void> {
    for (let index = 0; index < count; index += 1) (await by.next()).end(completed);
    // Whatever else could be claimed would be, before this one runs through.
    for (let round = 0; round < 3; round += 1) {
      const [marker] = await enqueue(1, 'marker');
      await until(engine, async () => (await engine.inspecting.get(marker!))!.state === 'completed');
    }
    expect(by.pending).toBe(0);
  }

  async function consumeMarkers(): Promise<void> {
    await engine.delivering.consume('marker', PLAIN, () => Promise.resolve(completed));
  }

  it('begins the attempt without the request to cancel of one before', async () => {
    const [id] = await enqueue(1);
    database.exec('UPDATE tasks_task SET cancel_requested = 1');
    await engine.delivering.consume('default', PLAIN, deliveries.run);
    const { delivery, end } = await deliveries.next();
    expect(delivery.aborted).toBeNull();
    end(retryAt(START + MINUTE));
    await until(engine, async () => (await engine.inspecting.get(id!))!.state !== 'running');
    expect((await engine.inspecting.get(id!))!.state).toBe('retryable');
  });

  it('begins it without the progress of one before', async () => {
    const [id] = await enqueue(1);
    await engine.delivering.consume('default', PLAIN, deliveries.run);
    const first = await deliveries.next();
    first.delivery.progress({ percent: 70 });
    await until(engine, async () => (await engine.inspecting.get(id!))!.progress?.percent === 70);
    first.end(retryAt(START));
    const second = await deliveries.next();
    expect(second.attempt).toBe(2);
    expect((await engine.inspecting.get(id!))!.progress).toBeNull();
    second.end(completed);
  });

  describe('from a queue with a rate limit', () => {
    it('takes no more in a span than it may, and goes on when the span is over, not before', async () => {
      await consumeMarkers();
      await enqueue(8);
      await engine.delivering.consume('default', LIMITED, deliveries.run);
      await expectRunning(3);
      clock.advance(MINUTE - 1);
      await expectRunning(0);
      clock.advance(1);
      await expectRunning(3);
      clock.advance(MINUTE);
      await expectRunning(2);
    });

    it('counts what other processes take, each start for the length of the span', async () => {
      await consumeMarkers();
      await enqueue(2);
      await engine.delivering.consume('default', LIMITED, deliveries.run);
      await expectRunning(2);
      clock.advance(MINUTE / 2);
      const elsewhere = new Deliveries();
      const other = await open();
      await other.delivering.consume('other', PLAIN, elsewhere.run);
      await enqueue(4);
      await expectRunning(1);
      clock.advance(MINUTE / 2 - 1);
      await other.delivering.consume('default', LIMITED, elsewhere.run);
      await expectRunning(0, elsewhere);
      expect(deliveries.pending).toBe(0);
      clock.advance(1);
      await until(engine, async () => deliveries.pending + elsewhere.pending === 2);
      clock.advance(MINUTE / 2 - 1);
      await expectRunning(0, new Deliveries());
      expect(deliveries.pending + elsewhere.pending).toBe(2);
      clock.advance(1);
      await until(engine, async () => deliveries.pending + elsewhere.pending === 3);
    });

    it('does not start twice as many about the end of a span', async () => {
      await consumeMarkers();
      await enqueue(3);
      await engine.delivering.consume('default', LIMITED, deliveries.run);
      await expectRunning(1 + 2);
      await enqueue(1);
      clock.advance(MINUTE);
      await expectRunning(1);
      clock.advance(MINUTE - 1);
      await enqueue(5);
      await expectRunning(2);
      clock.advance(1);
      await expectRunning(1);
    });

    it('gives the place back of a task that it leaves to a process with a handler for it', async () => {
      await consumeMarkers();
      await enqueue(6);
      let left = 3;
      await engine.delivering.consume('default', LIMITED, (delivery) =>
        left-- > 0 ? Promise.resolve(DECLINED) : deliveries.run(delivery),
      );
      await expectRunning(3);
    });

    it('waits for a span at most where the clock was set back', async () => {
      await consumeMarkers();
      await enqueue(6);
      const consumer = await engine.delivering.consume('default', LIMITED, deliveries.run);
      await expectRunning(3);
      await consumer.close(0);
      clock.advance(-10 * MINUTE);
      await engine.delivering.consume('default', LIMITED, deliveries.run);
      await expectRunning(0);
      clock.advance(MINUTE);
      await expectRunning(3);
    });

    it('leaves the others of its process alone', async () => {
      await consumeMarkers();
      await enqueue(4);
      await enqueue(4, 'free');
      const free = new Deliveries();
      await engine.delivering.consume('default', LIMITED, deliveries.run);
      await engine.delivering.consume('free', { ...PLAIN, concurrency: 10 }, free.run);
      await expectRunning(4, free);
      await expectRunning(3);
    });
  });

  it('passes a paused queue over, and serves the others', async () => {
    await consumeMarkers();
    await engine.acting.pauseQueue('default');
    await enqueue(2);
    await engine.delivering.consume('default', { ...PLAIN, concurrency: 5 }, deliveries.run);
    await expectRunning(0);
    await engine.acting.resumeQueue('default');
    await expectRunning(2);
  });
});
