import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, Deliveries, newTask, until } from '../../../../test/conformance/harness.js';
import type { PauseSelector } from '../../../contract/index.js';
import { ManualClock } from '../../../clock/index.js';
import type { ConsumeOptions, NewTask, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const START = Date.UTC(2027, 0, 1);
const TEN: ConsumeOptions = { concurrency: 10, priority: 0, rateLimit: null };

describe('A pause of some tasks', () => {
  let folder: string;
  let clock: ManualClock;
  let engines: TaskEngine[];
  let engine: TaskEngine;
  let deliveries: Deliveries;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-pauses-'));
    clock = new ManualClock(START);
    engines = [];
    engine = await open();
    deliveries = new Deliveries();
    await engine.delivering.consume('marker', { ...TEN, concurrency: 1 }, () => Promise.resolve(completed));
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

  async function enqueue(overrides: Partial<NewTask> = {}): Promise<string> {
    const task = newTask(clock, overrides);
    await engine.enqueueing.enqueue([task]);
    return task.id;
  }

  /** So many run, and no more; returns them. */
  async function running(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const held = await deliveries.next();
      ids.push(held.id);
      held.end(completed);
    }
    for (let round = 0; round < 3; round += 1) {
      const marker = await enqueue({ queue: 'marker', name: 'mark' });
      await until(engine, async () => (await engine.inspecting.get(marker))!.state === 'completed');
    }
    expect(deliveries.pending).toBe(0);
    return ids;
  }

  it.each<[PauseSelector, Partial<NewTask>]>([
    [{ name: 'send_email' }, { name: 'send_email' }],
    [{ tag: { customer: '42' } }, { traits: { tags: { customer: '42', product: 'a' } } }],
    [{ queue: 'default', key: '42' }, { traits: { key: '42' } }],
  ])('keeps those of %j from starting, in every process, and lets the others pass', async (selector, chosen) => {
    const other = await open();
    await other.limiting!.pause(selector);
    const paused = [await enqueue(chosen), await enqueue({ ...chosen, priority: 9 })];
    const free = await enqueue({ traits: { tags: { customer: '43' }, key: '43' } });
    await engine.delivering.consume('default', TEN, deliveries.run);
    expect(await running(1)).toEqual([free]);
    const later = await enqueue(chosen);
    await running(0);
    expect(await engine.limiting!.pauses()).toEqual([{ selector, pausedAt: START, waiting: 3 }]);
    expect((await engine.inspecting.get(later))!.state).toBe('available');
    await other.limiting!.resume(selector);
    expect(new Set(await running(3))).toEqual(new Set([...paused, later]));
    expect(await engine.limiting!.pauses()).toEqual([]);
  });

  it('is the same however its tags are written, and paused twice is resumed once', async () => {
    await engine.limiting!.pause({ tag: { a: '1', b: '2' } });
    await engine.limiting!.pause({ tag: { b: '2', a: '1' } });
    await enqueue({ traits: { tags: { a: '1', b: '2' } } });
    await enqueue({ traits: { tags: { a: '1' } } });
    await engine.delivering.consume('default', TEN, deliveries.run);
    await running(1);
    await engine.limiting!.resume({ tag: { b: '2', a: '1' } });
    await running(1);
  });

  it('holds a task that another pause is about still when one of them is over', async () => {
    await engine.limiting!.pause({ name: 'send_email' });
    await engine.limiting!.pause({ tag: { customer: '42' } });
    await enqueue({ name: 'send_email', traits: { tags: { customer: '42' } } });
    await engine.delivering.consume('default', TEN, deliveries.run);
    await running(0);
    await engine.limiting!.resume({ name: 'send_email' });
    await running(0);
    await engine.limiting!.resume({ tag: { customer: '42' } });
    await running(1);
  });

  it('leaves what is cancelled, and lets it run where it is retried after the pause', async () => {
    await engine.limiting!.pause({ name: 'send_email' });
    const id = await enqueue({ name: 'send_email' });
    await engine.delivering.consume('default', TEN, deliveries.run);
    await running(0);
    await engine.acting.act('cancel', { ids: [id] });
    await engine.limiting!.resume({ name: 'send_email' });
    await engine.acting.act('retry', { ids: [id] });
    expect(await running(1)).toEqual([id]);
  });

  it('holds no task any more that another one took the place of, to run after the pause', async () => {
    const unique = { key: 'a', until: 'ended', onConflict: 'replace' } as const;
    await engine.limiting!.pause({ name: 'send_email' });
    const id = await enqueue({ name: 'send_email', traits: { unique } });
    await engine.delivering.consume('default', TEN, deliveries.run);
    await running(0);
    await enqueue({ name: 'send_email', traits: { unique }, runAt: clock.now() + 60_000 });
    await engine.limiting!.resume({ name: 'send_email' });
    clock.advance(60_000);
    expect(await running(1)).toEqual([id]);
  });

  it('tells what of a limit is used, and what waits for it', async () => {
    const limit = { name: 'stripe', max: 2, per: 60_000 };
    const consume = { ...TEN, limits: { work: limit }, rateLimit: { max: 5, per: 1_000 } };
    for (let count = 0; count < 5; count += 1) await enqueue();
    await engine.delivering.consume('default', consume, deliveries.run);
    await running(2);
    const limits = [
      { kind: 'shared', ...limit },
      { kind: 'queue', name: 'default', max: 5, per: 1_000 },
    ] as const;
    expect(await engine.limiting!.limits(limits)).toEqual([
      { ...limits[0], used: 2, closedUntil: null, waiting: 3 },
      { ...limits[1], used: 2, closedUntil: null, waiting: 0 },
    ]);
  });
});
