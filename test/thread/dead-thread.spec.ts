import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import { StoreError, type TaskAbortedError } from '../../lib/contract/index.js';
import { threadedEngine } from '../../lib/engine/sqlite/index.js';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { completed, contextWith, CONSUME, Deliveries, failed, newTask } from '../conformance/harness.js';
import { DEATHS, type Death } from '../conformance/thread/death.js';
import { askFor } from '../support/run/ask-for.js';
import { until } from '../support/until.js';

const PATIENCE = { patience: 60_000 };
const clock = new SystemClock();
let leases = 10_000;

/** So that memory is soon used up, in MB. */
const MAX_HEAP = 48;

/** As the log has it. */
const REASONS = { throw: 'a fault of the thread', exit: 'it exited with code 3', 'out of memory': 'memory limit' };

describe.each(['throw', 'exit', 'out of memory'] as const)('A thread that dies (%s)', (by) => {
  const error = vi.fn<(message: string) => void>();
  const warn = vi.fn<(message: string) => void>();
  const deaths = new BroadcastChannel(DEATHS);
  let folder: string;
  let lease: number;
  let engine: TaskEngine;

  beforeEach(async () => {
    error.mockClear();
    warn.mockClear();
    folder = mkdtempSync(join(tmpdir(), 'tasks-dead-thread-'));
    lease = leases++;
    const { conformance: entry } = await askFor('thread');
    const options = { database: join(folder, 'tasks.db'), synchronous: 'full', lease, maxLostAttempts: 5 } as const;
    const keepFor = { queues: new Map(), others: { failed: null, cancelled: null } };
    const context = contextWith(clock, { logger: { log: () => undefined, warn, error } });
    engine = threadedEngine(options, context, { entry, version: 'conformance', keepFor, maxHeap: MAX_HEAP });
    await engine.open();
  });

  afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Resolves when the thread hears nothing any more; it is gone soon after. */
  async function die(): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      deaths.addEventListener('message', (event) => {
        if ((event as unknown as { data: { dies?: number } }).data.dies === lease) resolve();
      });
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    deaths.postMessage({ of: lease, by } satisfies Death);
    await heard;
  }

  it('rejects what waits for it, and the next one takes what comes', async () => {
    const before = newTask(clock);
    await engine.enqueueing.enqueue([before]);
    await die();
    const lost = [engine.enqueueing.enqueue([newTask(clock)]), engine.inspecting.get(before.id)];
    for (const { status, reason } of (await Promise.allSettled(lost)) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(reason).toBeInstanceOf(StoreError);
      expect(String(reason)).toMatch(/thread of the task store has ended/);
    }
    const after = newTask(clock);
    expect(await engine.enqueueing.enqueue([after])).toEqual(['stored']);
    expect(await engine.inspecting.get(before.id)).toMatchObject({ state: 'available' });
    const said = error.mock.calls.join();
    expect(said).toMatch(/thread of the task store has ended: .* A new one is started/);
    expect(said).toContain(REASONS[by]);
  });

  it('takes the leases with it: handlers are aborted, and their tasks run again', async () => {
    const [task, waiting] = [newTask(clock), newTask(clock)];
    const deliveries = new Deliveries();
    await engine.delivering.consume('default', CONSUME, deliveries.run);
    await engine.enqueueing.enqueue([task, waiting]);
    const first = await deliveries.next();
    const aborted = new Promise<TaskAbortedError>((resolve) => (first.delivery.onAbort = resolve));
    await die();
    expect(await aborted).toMatchObject({ name: 'TaskAbortedError', reason: 'lease-lost' });
    // Of a task that is another's by now: dropped.
    first.end(failed('too late'));

    const attempts: Record<string, number> = {};
    for (let run = 0; run < 2; run += 1) {
      const held = await deliveries.next();
      attempts[held.id] = held.attempt;
      held.end(completed);
    }
    // The other one had not begun, and is none of the thread's victims.
    expect(attempts).toEqual({ [task.id]: 2, [waiting.id]: 1 });
    const areOver = async () => (await engine.inspecting.queues())[0]!.counts.completed === 2;
    await until('both to be over', areOver, PATIENCE);
    const found = (await engine.inspecting.get(task.id))!;
    expect(found).toMatchObject({ state: 'completed', attempts: [{ outcome: 'lost' }, { outcome: 'completed' }] });
    expect(await engine.inspecting.workers()).toHaveLength(1);
    expect(warn.mock.calls.join()).toMatch(/former thread .* 1 of its tasks/);
  });

  it('goes on telling of changes', async () => {
    const told = new Promise<void>((resolve) => {
      engine.watching.watch(({ queue }) => {
        if (queue === 'later') resolve();
      });
    });
    await die();
    await engine.inspecting.queues().catch(() => undefined);
    await engine.enqueueing.enqueue([newTask(clock, { queue: 'later' })]);
    await told;
  });

  it('keeps nobody from closing the store', async () => {
    const deliveries = new Deliveries();
    const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
    await engine.enqueueing.enqueue([newTask(clock)]);
    const held = await deliveries.next();
    await die();
    const closing = consumer.close(10_000);
    held.end(completed);
    await closing;
    await engine.close();
    await expect(engine.inspecting.queues()).rejects.toThrow('not open');
  });
});
