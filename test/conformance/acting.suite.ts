import { describe, expect } from 'vitest';
import { TASK_STATES, type TaskState } from '../../lib/contract/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, Deliveries, completed, failed, newTask, retryAt } from './harness.js';

/** Those of plain tasks: the others are tested with keys, steps and workflows. */
const PLAIN_STATES = TASK_STATES.filter((state) => !['held', 'suspended', 'blocked'].includes(state));

/** What people do to tasks and queues. */
export function describeActing(it: CaseTest): void {
  describe('actions', () => {
    async function taskIn(state: TaskState, { engine, clock, unit, start, stateOf }: EngineCase): Promise<string> {
      const queue = `in-${state}`;
      const task = newTask(clock, { queue, runAt: state === 'scheduled' ? start + 100 * unit : start });
      await engine.enqueueing.enqueue([task]);
      if (state === 'cancelled') await engine.acting.act('cancel', { ids: [task.id] });
      const outcomes = { running: null, retryable: retryAt(clock.now() + 100 * unit), completed, failed: failed() };
      if (state in outcomes) {
        const deliveries = new Deliveries();
        const consumer = await engine.delivering.consume(queue, CONSUME, deliveries.run);
        const held = await deliveries.next();
        const outcome = outcomes[state as keyof typeof outcomes];
        if (outcome) {
          held.end(outcome);
          await consumer.close(0);
        }
      }
      expect(await stateOf(task.id)).toBe(state);
      return task.id;
    }

    const expected: Record<string, Partial<Record<TaskState, TaskState | null>>> = {
      retry: { failed: 'available', cancelled: 'available', retryable: 'available' },
      'run-now': { scheduled: 'available', retryable: 'available' },
      cancel: { scheduled: 'cancelled', available: 'cancelled', retryable: 'cancelled', running: 'running' },
      delete: { scheduled: null, available: null, retryable: null, completed: null, failed: null, cancelled: null },
    };

    for (const action of ['retry', 'run-now', 'cancel', 'delete'] as const) {
      for (const state of PLAIN_STATES)
        it(`${action} of a task that is ${state}`, async (opened) => {
          const { engine, stateOf } = opened;
          const id = await taskIn(state, opened);
          const becomesState = expected[action]![state];
          const result = await engine.acting.act(action, { ids: [id] });
          if (becomesState === undefined) {
            expect(result).toEqual({ changed: 0, refused: [{ id, state }] });
            expect(await stateOf(id)).toBe(state);
          } else {
            expect(result).toEqual({ changed: 1, refused: [] });
            expect(await stateOf(id)).toBe(becomesState ?? undefined);
          }
        });
    }

    it('says which ids there are not', async (opened) => {
      const { engine } = opened;
      const id = await taskIn('failed', opened);
      expect(await engine.acting.act('retry', { ids: ['nobody', id] })).toEqual({
        changed: 1,
        refused: [{ id: 'nobody', state: null }],
      });
    });

    it('grants all retries anew to a task that is retried by hand', async (opened) => {
      const { engine } = opened;
      const id = await taskIn('failed', opened);
      await engine.acting.act('retry', { ids: [id] });
      const deliveries = new Deliveries();
      await engine.delivering.consume('in-failed', CONSUME, deliveries.run);
      const { delivery } = await deliveries.next();
      expect(delivery.task).toMatchObject({ attempt: 2, excusedAttempts: 1 });
      expect(await engine.inspecting.get(id)).toMatchObject({
        finishedAt: null,
        maxAttempts: 5,
        attempts: [{ outcome: 'failed' }, { outcome: null }],
      });
    });

    it('aborts the signal of a running task that is cancelled, here or by another process', async ({
      engine,
      clock,
      open,
      becomes,
    }) => {
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const other = await open();
      for (const by of [engine, other]) {
        const task = newTask(clock);
        await engine.enqueueing.enqueue([task]);
        const { delivery, end } = await deliveries.next();
        const aborted = new Promise<unknown>((resolve) => (delivery.onAbort = resolve));
        await by.acting.act('cancel', { ids: [task.id] });
        expect(await aborted).toMatchObject({ reason: 'cancelled' });
        expect(delivery.aborted).toBe(await aborted);
        end({ kind: 'cancelled', maxAttempts: 4, keepFor: null });
        await becomes(task.id, 'cancelled');
      }
    });

    it('ends a task that was cancelled while its attempt failed, instead of retrying it', async ({
      engine,
      clock,
      becomes,
    }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const { end } = await deliveries.next();
      await engine.acting.act('cancel', { ids: [task.id] });
      end(retryAt(clock.now()));
      await becomes(task.id, 'cancelled');
    });

    it('acts on all that meet a filter, and on no others', async ({ engine, clock, start }) => {
      const tasks = Array.from({ length: 450 }, (_, index) => newTask(clock, { name: index % 3 ? 'work' : 'other' }));
      await engine.enqueueing.enqueue(tasks);
      expect(await engine.acting.act('cancel', { filter: { name: 'work', state: 'available' } })).toEqual({
        changed: 300,
        refused: [],
      });
      expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 150, cancelled: 300 });
      expect(await engine.acting.act('retry', { filter: { to: start } })).toEqual({ changed: 0, refused: [] });
      expect(await engine.acting.act('retry', { filter: { from: start } })).toEqual({ changed: 300, refused: [] });
      expect(await engine.acting.act('delete', { filter: { queue: 'default' } })).toEqual({
        changed: 450,
        refused: [],
      });
      expect((await engine.inspecting.list({}, { limit: 5 })).items).toEqual([]);
    });

    it('keeps a paused queue waiting until it is resumed, and remembers', async ({ engine, clock, open, becomes }) => {
      await engine.acting.pauseQueue('default');
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      const other = await open();
      await other.delivering.consume('default', CONSUME, deliveries.run);
      const elsewhere = newTask(clock, { queue: 'elsewhere' });
      const unpaused = new Deliveries();
      await other.delivering.consume('elsewhere', CONSUME, unpaused.run);
      await engine.enqueueing.enqueue([elsewhere]);
      (await unpaused.next()).end(completed);
      await becomes(elsewhere.id, 'completed');
      expect(deliveries.pending).toBe(0);
      expect((await engine.inspecting.queues()).find(({ queue }) => queue === 'default')).toMatchObject({
        paused: true,
      });
      await engine.acting.resumeQueue('default');
      expect((await deliveries.next()).id).toBe(task.id);
      expect((await engine.inspecting.queues()).find(({ queue }) => queue === 'default')).toMatchObject({
        paused: false,
      });
    });
  });
}
