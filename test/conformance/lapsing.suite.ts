import { describe, expect } from 'vitest';
import type { NewTask, Outcome } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, Deliveries, completed, newTask, retryAt } from './harness.js';
import { signal } from '../module/support.js';

/** In steps of time. */
const SOON = 2;
/** Far enough for a task to be delivered before, on a machine that is very busy and a clock that does not wait. */
const LATER = 20;

/** Tasks that have to start, or to end, by a time: the store ends them. */
export function describeLapsing(it: CaseTest): void {
  describe('expiry and deadline', () => {
    /** On engines that declare it. What does not is refused before it comes to the engine. */
    const lapse = (name: string, test: (opened: EngineCase) => Promise<void>): void =>
      it(name, async (opened) => {
        if (opened.engine.capabilities.lapses) await test(opened);
        else expect(opened.engine.capabilities.lapses).toBe(false);
      });

    async function stored({ engine, clock }: EngineCase, task: Partial<NewTask>): Promise<NewTask> {
      const made = newTask(clock, task);
      await engine.enqueueing.enqueue([made]);
      return made;
    }

    const isOver = { name: 'DeadlineError', message: expect.stringContaining('by its deadline, 2') as string };

    lapse('cancels what has not started in time, with no worker at hand', async (opened) => {
      const { engine, clock, unit, advance, after, becomes } = opened;
      const startBy = clock.now() + SOON * unit;
      const available = await stored(opened, { traits: { startBy } });
      const scheduled = await stored(opened, { runAt: clock.now() + unit, traits: { startBy } });
      const plain = await stored(opened, {});
      expect(await engine.inspecting.get(available.id)).toMatchObject({ state: 'available', startBy });
      await advance(SOON * unit);
      for (const { id } of [available, scheduled]) {
        await becomes(id, 'cancelled');
        expect(await engine.inspecting.get(id)).toMatchObject({
          reason: 'expired',
          startBy,
          attempt: 0,
          attempts: [],
          startedAt: null,
          finishedAt: after(startBy),
          error: null,
        });
      }
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      expect((await deliveries.next()).id).toBe(plain.id);
      expect(deliveries.pending).toBe(0);
    });

    lapse('cancels what waits in a paused queue that has workers', async (opened) => {
      const { engine, clock, unit, advance, becomes } = opened;
      await engine.acting.pauseQueue('default');
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const { id } = await stored(opened, { traits: { startBy: clock.now() + SOON * unit } });
      await advance(SOON * unit);
      await becomes(id, 'cancelled');
      expect(deliveries.all).toEqual([]);
    });

    lapse('cancels what was only left to others by then: it has not started', async (opened) => {
      const { engine, clock, unit, advanceTo, becomes, until } = opened;
      const startBy = clock.now() + LATER * unit;
      const { id } = await stored(opened, { traits: { startBy } });
      const error = { name: 'UnknownTaskNameError', message: 'nobody here' };
      const declined: Outcome = { kind: 'declined', wait: 1_000 * unit, error, keepFor: null, maxAttempts: 1 };
      await engine.delivering.consume('default', CONSUME, () => Promise.resolve(declined));
      await until('it to be let go', async () => (await engine.inspecting.get(id))!.unhandledSince !== undefined);
      await advanceTo(startBy);
      await becomes(id, 'cancelled');
      expect(await engine.inspecting.get(id)).toMatchObject({ reason: 'expired', startBy });
    });

    lapse('cancels what is left to others after that time: it has not started', async (opened) => {
      const { engine, clock, unit, advanceTo, becomes } = opened;
      const startBy = clock.now() + LATER * unit;
      const { id } = await stored(opened, { traits: { startBy } });
      const error = { name: 'UnknownTaskNameError', message: 'nobody here' };
      const declined: Outcome = { kind: 'declined', wait: 1_000 * unit, error, keepFor: null, maxAttempts: 1 };
      const inHand = signal<Outcome>();
      await engine.delivering.consume('default', CONSUME, () => inHand.promise);
      await becomes(id, 'running');
      await advanceTo(startBy + LATER * unit);
      inHand.resolve(declined);
      await becomes(id, 'cancelled');
      expect(await engine.inspecting.get(id)).toMatchObject({ reason: 'expired', startBy });
    });

    lapse('binds no task to its start that has started, and fails one at its deadline', async (opened) => {
      const { engine, clock, unit, advanceTo, becomes, stateOf } = opened;
      const startBy = clock.now() + LATER * unit;
      const deadlineAt = startBy + 3 * unit;
      const waiting = await stored(opened, { traits: { startBy, deadlineAt } });
      const running = await stored(opened, { traits: { startBy } });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', { ...CONSUME, concurrency: 2 }, deliveries.run);
      const held = new Map([await deliveries.next(), await deliveries.next()].map((each) => [each.id, each]));
      held.get(waiting.id)!.end(retryAt(deadlineAt + 100 * unit));
      await becomes(waiting.id, 'retryable');
      await advanceTo(startBy + unit);
      expect(await stateOf(waiting.id)).toBe('retryable');
      expect(await stateOf(running.id)).toBe('running');
      held.get(running.id)!.end(completed);
      await becomes(running.id, 'completed');
      await advanceTo(deadlineAt);
      await becomes(waiting.id, 'failed');
      expect(await engine.inspecting.get(waiting.id)).toMatchObject({
        reason: 'deadline',
        error: isOver,
        attempt: 1,
        attempts: [{ outcome: 'retried', error: { message: 'not yet' } }],
      });
      const { items } = await engine.inspecting.list({ state: 'failed' }, { limit: 5 });
      expect(items).toMatchObject([{ id: waiting.id, error: isOver }]);
      const groups = await engine.inspecting.errorGroups({});
      expect(groups.items).toMatchObject([{ error: { name: 'DeadlineError' }, count: 1 }]);
      // Not the error of an attempt before.
      expect((await engine.inspecting.awaited([waiting.id])).tasks).toMatchObject([
        { state: 'failed', reason: 'deadline', error: isOver, result: null },
      ]);
    });

    lapse('keeps no more of what failed at its deadline than of what failed otherwise', async (opened) => {
      const { clock, unit, open, advanceTo, engine } = opened;
      const keeper = await open({ keepAtMost: (_queue, state) => (state === 'failed' ? 2 : null) });
      // Only the one that has the limit is there when the time comes.
      await engine.close();
      await keeper.delivering.consume('elsewhere', CONSUME, new Deliveries().run);
      const counts = async () => (await keeper.inspecting.queues()).find(({ queue }) => queue === 'default')?.counts;
      // What ends at the very same time may be kept until the next one ends: so there is one that ends alone.
      for (const count of [3, 1]) {
        const deadlineAt = clock.now() + SOON * unit;
        const tasks = Array.from({ length: count }, () => newTask(clock, { traits: { deadlineAt } }));
        await keeper.enqueueing.enqueue(tasks);
        await advanceTo(deadlineAt);
        await opened.until('all to end', async () => (await counts())?.available === 0, keeper);
        await opened.advance(unit);
      }
      await opened.until('two to be left', async () => (await counts())?.failed === 2, keeper);
    });

    lapse('binds no task to its start that was handed back after it had started', async (opened) => {
      const { engine, clock, unit, advanceTo, becomes, stateOf } = opened;
      const startBy = clock.now() + LATER * unit;
      const { id } = await stored(opened, { traits: { startBy } });
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      await engine.acting.pauseQueue('default');
      held.end({ kind: 'released', maxAttempts: 4 });
      await becomes(id, 'available');
      await consumer.close(0);
      const later = await stored(opened, { queue: 'other', traits: { startBy: startBy + unit } });
      await advanceTo(startBy + unit);
      await becomes(later.id, 'cancelled');
      expect(await stateOf(id)).toBe('available');
    });

    lapse('takes it that a task was not begun as its time had come, and puts no attempt on record', async (opened) => {
      const { engine, clock, unit, becomes } = opened;
      const { id } = await stored(opened, { traits: { startBy: clock.now() + 100 * unit } });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      expect(held.delivery.task.traits).toEqual({ startBy: expect.any(Number) as number });
      held.end({ kind: 'cancelled', reason: 'expired', keepFor: null, maxAttempts: 4 });
      await becomes(id, 'cancelled');
      expect(await engine.inspecting.get(id)).toMatchObject({ reason: 'expired', attempts: [] });
      const { counts } = (await engine.inspecting.queues())[0]!;
      expect(counts).toMatchObject({ running: 0, cancelled: 1 });
    });

    lapse('fails a task that is handed back after its deadline', async (opened) => {
      const { engine, clock, unit, advanceTo, becomes } = opened;
      const deadlineAt = clock.now() + LATER * unit;
      const { id } = await stored(opened, { traits: { deadlineAt } });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      await engine.acting.pauseQueue('default');
      await advanceTo(deadlineAt + unit);
      expect(await opened.stateOf(id)).toBe('running');
      held.end({ kind: 'released', maxAttempts: 4 });
      await becomes(id, 'failed');
      expect(await engine.inspecting.get(id)).toMatchObject({ error: isOver });
    });

    lapse('drops the times that are over where somebody retries the task by hand', async (opened) => {
      const { engine, clock, unit, advanceTo, becomes } = opened;
      await engine.acting.pauseQueue('default');
      const soon = clock.now() + SOON * unit;
      const far = clock.now() + 1_000_000 * unit;
      const expired = await stored(opened, { traits: { startBy: soon, deadlineAt: far } });
      const failed = await stored(opened, { traits: { deadlineAt: soon } });
      await advanceTo(soon);
      await becomes(expired.id, 'cancelled');
      await becomes(failed.id, 'failed');
      await engine.acting.act('retry', { ids: [expired.id, failed.id] });
      const [again, anew] = [await engine.inspecting.get(expired.id), await engine.inspecting.get(failed.id)];
      expect(again).toMatchObject({ state: 'available', deadlineAt: far });
      expect(anew).toMatchObject({ state: 'available', error: null });
      for (const task of [again, anew]) {
        expect(task).not.toHaveProperty('reason');
        expect(task).not.toHaveProperty('startBy');
      }
      expect(anew).not.toHaveProperty('deadlineAt');
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      await engine.acting.resumeQueue('default');
      for (let count = 0; count < 2; count += 1) (await deliveries.next()).end(completed);
      for (const { id } of [expired, failed]) await becomes(id, 'completed');
    });

    lapse('leaves it to whoever is there: the process that stored the task is gone', async (opened) => {
      const { clock, unit, open, advanceTo, becomes, engine } = opened;
      const startBy = clock.now() + SOON * unit;
      const other = await open();
      const tasks = [newTask(clock, { traits: { startBy } }), newTask(clock, { traits: { deadlineAt: startBy } })];
      await other.enqueueing.enqueue(tasks);
      await other.close();
      await advanceTo(startBy);
      await becomes(tasks[0]!.id, 'cancelled');
      await becomes(tasks[1]!.id, 'failed');
      expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 0, cancelled: 1, failed: 1 });
    });
  });
}
