import { describe, expect } from 'vitest';
import type { Outcome } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, Deliveries, completed, failed, newTask, retryAt, signal } from './harness.js';

/** How attempts end, and when tasks come due. */
export function describeOutcomes(it: CaseTest): void {
  describe('outcomes', () => {
    it('stores what follows a task with its completion, and with no other end', async ({
      engine,
      clock,
      unit,
      becomes,
    }) => {
      if (!engine.capabilities.storesWithCompletion) return;
      const [done, retried, there] = [newTask(clock), newTask(clock), newTask(clock, { queue: 'idle', id: 'there:1' })];
      await engine.enqueueing.enqueue([done, retried, there]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const after = { queue: 'idle', parentId: done.id };
      const followUps = [
        newTask(clock, { ...after, params: '{"n":1}', traits: { version: 2 } }),
        newTask(clock, { ...after, runAt: clock.now() + 10 * unit }),
        newTask(clock, { ...after, id: 'there:1', params: '{"n":2}', mayExist: true }),
      ];
      (await deliveries.next()).end({ ...completed, followUps } as Outcome);
      const second = await deliveries.next();
      second.delivery.log('on its way');
      second.end(retryAt(clock.now() + 5 * unit));
      await becomes(done.id, 'completed');
      await becomes(retried.id, 'retryable');
      const idle = await engine.inspecting.list({ queue: 'idle' }, { limit: 10, order: 'oldest' });
      expect(idle.items.map(({ id, state, params }) => [id, state, params])).toEqual([
        ['there:1', 'available', {}],
        [followUps[0]!.id, 'available', { n: 1 }],
        [followUps[1]!.id, 'scheduled', {}],
      ]);
      expect(idle.items[1]).toMatchObject({ version: 2 });
      expect((await engine.inspecting.get(done.id))!.children).toHaveLength(2);
      const { counts } = (await engine.inspecting.queues()).find(({ queue }) => queue === 'idle')!;
      expect(counts).toMatchObject({ available: 2, scheduled: 1 });
    });

    it('keeps every attempt of a task that fails, is retried and completes', async ({
      engine,
      clock,
      unit,
      start,
      advance,
      after,
      becomes,
    }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const first = await deliveries.next();
      await advance(10);
      first.end(retryAt(clock.now() + 4 * unit));
      await becomes(task.id, 'retryable');
      expect(await engine.inspecting.get(task.id)).toMatchObject({
        runAt: after(start + 10 + 4 * unit),
        error: { message: 'not yet' },
      });
      await advance(4 * unit);
      const second = await deliveries.next();
      expect(second.attempt).toBe(2);
      expect(second.delivery.task.excusedAttempts).toBe(0);
      await advance(5);
      second.end(completed);
      await becomes(task.id, 'completed');
      const stored = (await engine.inspecting.get(task.id))!;
      expect(stored).toMatchObject({ attempt: 2, maxAttempts: 4, finishedAt: after(start + 15 + 4 * unit) });
      expect(stored.attempts).toMatchObject([
        {
          attempt: 1,
          outcome: 'retried',
          startedAt: after(start),
          finishedAt: after(start + 10),
          error: { name: 'Error', message: 'not yet' },
        },
        {
          attempt: 2,
          outcome: 'completed',
          startedAt: after(start + 10 + 4 * unit),
          finishedAt: after(start + 15 + 4 * unit),
        },
      ]);
      expect(stored.attempts[1]!.error).toBeUndefined();
    });

    it('excuses an attempt that does not count', async ({ engine, clock }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(retryAt(clock.now(), false));
      const second = await deliveries.next();
      expect(second.attempt).toBe(2);
      expect(second.delivery.task.excusedAttempts).toBe(1);
      expect(await engine.inspecting.get(task.id)).toMatchObject({
        maxAttempts: 5,
        attempts: [{ outcome: 'snoozed' }, { outcome: null }],
      });
    });

    it('leaves what is declined to whoever comes by later, without a count, and fails it in the end', async ({
      engine,
      clock,
      advance,
      after,
      stateOf,
      becomes,
      until,
    }) => {
      const task = newTask(clock, { maxAttempts: 1 });
      const enqueuedAt = clock.now();
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const error = { name: 'UnknownTaskNameError', message: 'nobody here', stack: 'at x' };
      const declined: Outcome = { kind: 'declined', wait: 1_500, error, keepFor: null, maxAttempts: 1 };
      (await deliveries.next()).end(declined);
      // By the time that a busy machine looks, it may have come again.
      const isLeft = async (id: string) => (await stateOf(id)) !== 'running' || deliveries.pending > 0;
      await until('the task to be let go', () => isLeft(task.id));
      expect(await engine.inspecting.get(task.id)).toMatchObject({ unhandledSince: after(enqueuedAt) });
      await advance(1_000);
      (await deliveries.next()).end(completed);
      await becomes(task.id, 'completed');
      expect((await engine.inspecting.get(task.id))!.unhandledSince).toBeUndefined();

      const nobodys = newTask(clock, { maxAttempts: 1 });
      await engine.enqueueing.enqueue([nobodys]);
      for (let tries = 0; tries < 3; tries += 1) {
        (await deliveries.next()).end(declined);
        await until('the task to be let go again', () => isLeft(nobodys.id));
        if ((await stateOf(nobodys.id)) === 'failed') break;
        await advance(1_000);
      }
      expect(await engine.inspecting.get(nobodys.id)).toMatchObject({
        state: 'failed',
        error: { name: 'UnknownTaskNameError', message: 'nobody here' },
      });
    });

    it('records the error of a task that failed for good', async ({ engine, clock, becomes }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(failed('no such user'));
      await becomes(task.id, 'failed');
      expect(await engine.inspecting.get(task.id)).toMatchObject({
        error: { name: 'Error', message: 'no such user', stack: expect.stringContaining('at x') as string },
        attempts: [{ outcome: 'failed' }],
      });
    });

    it('stores progress and logs while the task runs', async ({ engine, clock, start, after, becomes, until }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const { delivery, end } = await deliveries.next();
      delivery.progress({ percent: 10 });
      delivery.progress({ percent: 40, message: 'rows' });
      delivery.log('one');
      delivery.log('two');
      await until('two lines of log', async () => (await engine.inspecting.get(task.id))!.logs.length === 2);
      expect(await engine.inspecting.get(task.id)).toMatchObject({
        progress: { percent: 40, message: 'rows' },
        logs: [
          { attempt: 1, at: after(start), message: 'one' },
          { attempt: 1, at: after(start), message: 'two' },
        ],
      });
      delivery.log('three');
      end(completed);
      await becomes(task.id, 'completed');
      expect((await engine.inspecting.get(task.id))!.logs.map((log) => log.message)).toEqual(['one', 'two', 'three']);
    });

    /** Where a queue has one time for all that ends alike. */
    async function prunesByQueue({ engine, clock, unit, advance, stateOf, becomes, until }: EngineCase): Promise<void> {
      const [short, forever] = [newTask(clock, { queue: 'short' }), newTask(clock, { queue: 'forever' })];
      await engine.enqueueing.enqueue([short, forever]);
      for (const [queue, keepFor] of [
        ['short', 2 * unit],
        ['forever', null],
      ] as const) {
        await engine.delivering.consume(queue, CONSUME, async () => ({ ...completed, keepFor }) as typeof completed);
      }
      await becomes(short.id, 'completed');
      await becomes(forever.id, 'completed');
      await advance(4 * unit);
      // Such an engine may leave it at that until the next task ends.
      await engine.enqueueing.enqueue([newTask(clock, { queue: 'short' }), newTask(clock, { queue: 'forever' })]);
      await until('the first to be pruned', async () => (await engine.inspecting.get(short.id)) === null);
      expect(await stateOf(forever.id)).toBe('completed');
    }

    it('keeps so many tasks of a queue that ended alike, the latest', async ({ clock, unit, open, advance, until }) => {
      const engine = await open({ keepAtMost: (_queue, state) => (state === 'completed' ? 3 : null) });
      const tasks = Array.from({ length: 7 }, (_, index) => newTask(clock, { name: `work${index % 2}` }));
      await engine.enqueueing.enqueue([...tasks, newTask(clock, { name: 'fails' }), newTask(clock, { name: 'fails' })]);
      await engine.delivering.consume('default', CONSUME, async ({ task }) =>
        task.name === 'fails' ? failed() : completed,
      );
      const counts = async () => (await engine.inspecting.queues())[0]!.counts;
      await until('all to end', async () => (await counts()).failed === 2, engine);
      await advance(unit);
      await until('three to be left', async () => (await counts()).completed === 3, engine);
      const { items } = await engine.inspecting.list({ state: 'completed' }, { limit: 10 });
      expect(new Set(items.map(({ id }) => id))).toEqual(new Set(tasks.slice(-3).map(({ id }) => id)));
    });

    it('prunes an ended task when its retention is over, and not before', async (opened) => {
      const { engine, clock, unit, advance, stateOf, until } = opened;
      if (!engine.capabilities.retentionPerTask) return prunesByQueue(opened);
      const [short, long, forever] = [newTask(clock), newTask(clock), newTask(clock)];
      await engine.enqueueing.enqueue([short, long, forever]);
      const keep = new Map([
        [short.id, unit],
        [long.id, 10 * unit],
        [forever.id, null],
      ]);
      await engine.delivering.consume(
        'default',
        { ...CONSUME, concurrency: 3 },
        async ({ task }) => ({ ...completed, keepFor: keep.get(task.id)! }) as typeof completed,
      );
      await until('three to end', async () => (await engine.inspecting.queues())[0]!.counts.completed === 3);
      await advance(unit);
      await until('the first to be pruned', async () => (await engine.inspecting.get(short.id)) === null);
      expect(await stateOf(long.id)).toBe('completed');
      await advance((engine.capabilities.clock === 'injected' ? 60 * 24 : 10) * unit);
      await until('the second to be pruned', async () => (await engine.inspecting.get(long.id)) === null);
      expect(await stateOf(forever.id)).toBe('completed');
      expect((await engine.inspecting.queues())[0]!.counts.completed).toBe(1);
    });
  });

  describe('time', () => {
    it('holds a scheduled task back until it is due', async ({ engine, clock, unit, advance, stateOf, becomes }) => {
      const task = newTask(clock, { runAt: clock.now() + 4 * unit });
      await engine.enqueueing.enqueue([task]);
      expect(await stateOf(task.id)).toBe('scheduled');
      const ranAt = new Map<string, number>();
      await engine.delivering.consume('default', CONSUME, async (delivery) => {
        ranAt.set(delivery.task.id, clock.now());
        return completed;
      });
      const now = newTask(clock);
      await engine.enqueueing.enqueue([now]);
      await becomes(now.id, 'completed');
      if (engine.capabilities.clock === 'injected') {
        await advance(4 * unit - 1);
        expect(await stateOf(task.id)).toBe('scheduled');
        await advance(1);
      }
      // On a clock that goes on by itself, and a machine that is busy, it may be due before the other is through.
      await becomes(task.id, 'completed');
      expect(ranAt.get(task.id)).toBeGreaterThanOrEqual(task.runAt);
    });

    it('runs more tasks that come due at one moment than it promotes at a time', async ({
      engine,
      clock,
      unit,
      start,
      advance,
    }) => {
      const tasks = Array.from({ length: 1_234 }, () => newTask(clock, { runAt: start + unit }));
      await engine.enqueueing.enqueue(tasks);
      const ran = new Set<string>();
      const allRan = signal();
      await engine.delivering.consume('default', { ...CONSUME, concurrency: 50 }, async ({ task }) => {
        ran.add(task.id);
        if (ran.size === tasks.length) allRan.resolve();
        return completed;
      });
      await advance(unit);
      await allRan.promise;
      expect(ran.size).toBe(1_234);
    });
  });
}
