import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { ABORT_GRACE_MS, type Delivery, type Outcome } from '../../lib/engine/port/index.js';
import type { CaseTest } from './engine-case.js';
import { CONSUME, Deliveries, type Held, completed, failed, newTask, retryAt, signal } from './harness.js';

/** Resolves when the delivery is aborted. */
async function aborted(delivery: Delivery): Promise<void> {
  if (!delivery.aborted) await new Promise((resolve) => (delivery.onAbort = resolve));
}

/** How tasks come to consumers. */
export function describeDelivering(it: CaseTest): void {
  describe('delivering', () => {
    it('runs the highest priority first, then the oldest', async ({ engine, clock }) => {
      const order = [0, 5, 0, 5, -1].map((priority) => newTask(clock, { priority }));
      await engine.enqueueing.enqueue(order);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const ran: string[] = [];
      for (let count = 0; count < order.length; count += 1) {
        const held = await deliveries.next();
        ran.push(held.id);
        held.end(completed);
      }
      expect(ran).toEqual([1, 3, 0, 2, 4].map((index) => order[index]!.id));
    });

    it('serves the queue of the higher rank first', async ({ engine, clock }) => {
      const ran: string[] = [];
      const low = newTask(clock, { queue: 'low' });
      const high = newTask(clock, { queue: 'high' });
      const bothRan = signal();
      const run = async ({ task }: { task: { queue: string } }) => {
        if (ran.push(task.queue) === 2) bothRan.resolve();
        return completed;
      };
      await Promise.all([
        engine.delivering.consume('low', { ...CONSUME, priority: 1 }, run),
        engine.delivering.consume('high', { ...CONSUME, priority: 2 }, run),
      ]);
      await engine.enqueueing.enqueue([low, high]);
      await bothRan.promise;
      if (engine.capabilities.queueRank) expect(ran[0]).toBe('high');
      else expect(ran.toSorted()).toEqual(['high', 'low']);
    });

    it('runs no more at once than the concurrency, over many tasks', async ({ engine, clock }) => {
      const tasks = Array.from({ length: 300 }, () => newTask(clock));
      await engine.enqueueing.enqueue(tasks);
      let running = 0;
      let most = 0;
      const ran: string[] = [];
      const allRan = signal();
      await engine.delivering.consume('default', { ...CONSUME, concurrency: 7 }, async ({ task }) => {
        most = Math.max(most, (running += 1));
        await new Promise(setImmediate);
        running -= 1;
        if (ran.push(task.id) === tasks.length) allRan.resolve();
        return completed;
      });
      await allRan.promise;
      expect(most).toBe(7);
      expect(new Set(ran).size).toBe(300);
    });

    it('delivers what is enqueued later, by this process and by another', async ({ engine, clock, open }) => {
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const own = newTask(clock);
      await engine.enqueueing.enqueue([own]);
      const first = await deliveries.next();
      expect(first.id).toBe(own.id);
      first.end(completed);
      const other = await open();
      const foreign = newTask(clock);
      await other.enqueueing.enqueue([foreign]);
      expect((await deliveries.next()).id).toBe(foreign.id);
    });

    it('runs each task once, with two processes at it', async ({ engine, clock, open, until }) => {
      const tasks = Array.from({ length: 400 }, () => newTask(clock));
      await engine.enqueueing.enqueue(tasks);
      const ran: string[] = [];
      const allRan = signal();
      const run = async ({ task }: { task: { id: string } }) => {
        await new Promise(setImmediate);
        if (ran.push(task.id) === tasks.length) allRan.resolve();
        return completed;
      };
      const other = await open();
      await Promise.all(
        [engine, other].map((each) => each.delivering.consume('default', { ...CONSUME, concurrency: 5 }, run)),
      );
      await allRan.promise;
      expect(new Set(ran).size).toBe(400);
      await until('all to end', async () => (await engine.inspecting.queues())[0]!.counts.completed === 400);
    });

    it('leaves other queues alone', async ({ engine, clock, stateOf, becomes }) => {
      const elsewhere = newTask(clock, { queue: 'elsewhere' });
      const here = newTask(clock);
      await engine.enqueueing.enqueue([elsewhere, here]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(completed);
      await becomes(here.id, 'completed');
      expect(await stateOf(elsewhere.id)).toBe('available');
    });

    it('keeps to a rate limit over all processes', async ({ engine, clock, unit, open, advance, until }) => {
      const rateLimit = { max: 3, per: unit };
      await engine.enqueueing.enqueue(Array.from({ length: 8 }, () => newTask(clock)));
      const deliveries = new Deliveries();
      const other = await open();
      const began = clock.now();
      await engine.delivering.consume('default', { concurrency: 5, priority: 0, rateLimit }, deliveries.run);
      await other.delivering.consume('default', { concurrency: 5, priority: 0, rateLimit }, deliveries.run);
      if (engine.capabilities.clock === 'system') {
        for (let count = 0; count < 8; count += 1) {
          const held = await deliveries.next();
          expect(clock.now() - began).toBeGreaterThanOrEqual(Math.floor(count / 3) * unit);
          held.end(completed);
        }
        return;
      }
      for (let count = 0; count < 3; count += 1) (await deliveries.next()).end(completed);
      await until('three to end', async () => (await engine.inspecting.queues())[0]!.counts.completed === 3);
      expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 5, running: 0 });
      await advance(unit);
      for (let count = 0; count < 3; count += 1) (await deliveries.next()).end(completed);
      await until('six to end', async () => (await engine.inspecting.queues())[0]!.counts.completed === 6);
      expect((await engine.inspecting.queues())[0]!.counts.available).toBe(2);
    });
  });

  describe('an attempt that was told to wait', () => {
    it('closes its queue until then, in all processes', async ({ engine, clock, unit, open, advance, until }) => {
      await engine.enqueueing.enqueue(Array.from({ length: 3 }, () => newTask(clock)));
      const deliveries = new Deliveries();
      const other = await open();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const first = await deliveries.next();
      const at = clock.now() + unit;
      const waits: Outcome = { ...(retryAt(at, false) as Outcome & { kind: 'retry' }), closes: { limit: null } };
      first.end(waits);
      // On a machine that is slow its time has come again before anybody looks.
      const waited = async () =>
        deliveries.pending > 0 || (await engine.inspecting.get(first.id))!.state === 'retryable';
      await until('it to wait', waited);
      await other.delivering.consume('default', CONSUME, deliveries.run);
      if (engine.capabilities.clock === 'injected') {
        expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 2, running: 0 });
        await advance(unit);
      }
      for (let count = 0; count < 3; count += 1) {
        const held = await deliveries.next();
        expect(clock.now()).toBeGreaterThanOrEqual(at);
        held.end(completed);
      }
      await until('all to end', async () => (await engine.inspecting.queues())[0]!.counts.completed === 3);
    });
  });

  describe('closing a consumer', () => {
    it('lets a running task end within the grace', async ({ engine, clock, stateOf }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      const closing = consumer.close(60_000);
      held.end(completed);
      await closing;
      expect(await stateOf(task.id)).toBe('completed');
    });

    it('stores how attempts end within five seconds after the abort', async ({ engine, clock, unit, stateOf }) => {
      const tasks = Array.from({ length: 5 }, () => newTask(clock));
      await engine.enqueueing.enqueue(tasks);
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', { ...CONSUME, concurrency: 5 }, deliveries.run);
      const held: Held[] = [];
      for (const _task of tasks) held.push(await deliveries.next());
      const closing = consumer.close(0);
      for (const { delivery } of held) await aborted(delivery);
      await sleep(ABORT_GRACE_MS - 1_000);
      const later = clock.now() + 1_000 * unit;
      const outcomes = [
        [completed, 'completed', 'completed'],
        [failed('no use'), 'failed', 'failed'],
        [retryAt(later), 'retryable', 'retried'],
        [retryAt(later, false), 'retryable', 'snoozed'],
        [{ kind: 'released', maxAttempts: 4 }, 'available', 'released'],
      ] as const;
      for (const [index, [outcome]] of outcomes.entries()) held[index]!.end(outcome);
      await closing;
      for (const [index, [, state, outcome]] of outcomes.entries()) {
        expect(await engine.inspecting.get(held[index]!.id)).toMatchObject({ state, attempts: [{ outcome }] });
      }
      expect(await stateOf(held[0]!.id)).toBe('completed');
    });

    it('aborts nothing before the grace is over', async ({ engine, clock }) => {
      await engine.enqueueing.enqueue([newTask(clock), newTask(clock)]);
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', { ...CONSUME, concurrency: 2 }, deliveries.run);
      const [first, second] = [await deliveries.next(), await deliveries.next()];
      const began = performance.now();
      const closing = consumer.close(1_500);
      first.end(completed);
      await aborted(second.delivery);
      expect(performance.now() - began).toBeGreaterThanOrEqual(1_495);
      second.end(completed);
      await closing;
      expect((await engine.inspecting.queues())[0]!.counts.completed).toBe(2);
    });

    it('aborts a task that does not end and hands it back at once', async ({ engine, clock, becomes }) => {
      // How many attempts it is granted is left to the first that ends.
      const task = newTask(clock, { maxAttempts: null });
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
      const { delivery, end } = await deliveries.next();
      await consumer.close(0);
      expect(delivery.aborted).toMatchObject({ reason: 'shutdown' });
      expect(await engine.inspecting.get(task.id)).toMatchObject({
        state: 'available',
        maxAttempts: null,
        attempts: [{ outcome: 'released' }],
      });
      const again = new Deliveries();
      await engine.delivering.consume('default', CONSUME, again.run);
      const second = await again.next();
      expect(second.delivery.task).toMatchObject({ attempt: 2, excusedAttempts: 1 });
      // The first owner comes back late: it has nothing to say any more.
      end(failed());
      second.end(completed);
      await becomes(task.id, 'completed');
      expect((await engine.inspecting.get(task.id))!.attempts.map((attempt) => attempt.outcome)).toEqual([
        'released',
        'completed',
      ]);
    });

    it('takes no new task', async ({ engine, clock, open }) => {
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
      await consumer.close(0);
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const other = await open();
      const elsewhere = new Deliveries();
      await other.delivering.consume('default', CONSUME, elsewhere.run);
      expect((await elsewhere.next()).id).toBe(task.id);
      expect(deliveries.all).toEqual([]);
    });
  });
}
