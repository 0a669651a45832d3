import { describe, expect } from 'vitest';
import type { NewTask } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, Deliveries, completed, newTask, retryAt } from './harness.js';

/** Changes to tasks that wait. */
export function describeUpdating(it: CaseTest): void {
  describe('updates', () => {
    /** On engines that can. The call is refused on others. */
    const update = (name: string, test: (opened: EngineCase & { change: Change }) => Promise<void>): void =>
      it(name, async (opened) => {
        const { acting } = opened.engine;
        if (acting.update) await test({ ...opened, change: (id, change) => acting.update!(id, change) });
        else expect('update' in acting).toBe(false);
      });
    type Change = NonNullable<EngineCase['engine']['acting']['update']>;

    const done = { changed: 1, refused: [] };
    const paramsOf = (json: string, sensitive: readonly string[] = []) => ({ params: { json, sensitive, version: 1 } });

    async function stored({ engine, clock }: EngineCase, task: Partial<NewTask>): Promise<string> {
      const made = newTask(clock, task);
      await engine.enqueueing.enqueue([made]);
      return made.id;
    }

    update('move a task to another time, and back', async (opened) => {
      const { engine, clock, unit, change, stateOf, after } = opened;
      const id = await stored(opened, {});
      const runAt = clock.now() + 100 * unit;
      expect(await change(id, { runAt })).toEqual(done);
      expect(await engine.inspecting.get(id)).toMatchObject({ state: 'scheduled', runAt });
      const later = runAt + unit;
      expect(await change(id, { runAt: later })).toEqual(done);
      expect(await engine.inspecting.get(id)).toMatchObject({ state: 'scheduled', runAt: later });
      expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ scheduled: 1, available: 0 });
      const now = clock.now();
      expect(await change(id, { runAt: now })).toEqual(done);
      expect(await stateOf(id)).toBe('available');
      expect((await engine.inspecting.get(id))!.runAt).toEqual(after(now));
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      expect((await deliveries.next()).id).toBe(id);
    });

    update('have a task run when its new time has come', async (opened) => {
      const { engine, clock, unit, change, advanceTo, becomes } = opened;
      const id = await stored(opened, { runAt: clock.now() + 1_000 * unit });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const runAt = clock.now() + unit;
      expect(await change(id, { runAt })).toEqual(done);
      await advanceTo(runAt);
      (await deliveries.next()).end(completed);
      await becomes(id, 'completed');
    });

    update('give a task other params and another rank', async (opened) => {
      const { engine, change } = opened;
      await engine.acting.pauseQueue('default');
      const first = await stored(opened, { params: '{"n":1}' });
      const second = await stored(opened, { params: '{"n":2}', priority: -5 });
      expect(await change(second, { priority: 7, ...paramsOf('{"secret":"x","n":3}', ['secret']) })).toEqual(done);
      expect(await engine.inspecting.get(second)).toMatchObject({
        priority: 7,
        params: { secret: '[masked]', n: 3 },
      });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      await engine.acting.resumeQueue('default');
      const held = await deliveries.next();
      expect(held.id).toBe(second);
      expect(JSON.parse(held.delivery.task.params)).toEqual({ secret: 'x', n: 3 });
      expect(held.delivery.task).toMatchObject({ priority: 7, sensitive: ['secret'] });
      held.end(completed);
      expect((await deliveries.next()).id).toBe(first);
    });

    update('move a task that waits for its next attempt', async (opened) => {
      const { engine, clock, unit, change, becomes } = opened;
      const id = await stored(opened, {});
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(retryAt(clock.now() + 1_000 * unit));
      await becomes(id, 'retryable');
      const runAt = clock.now() + 500 * unit;
      expect(await change(id, { runAt, ...paramsOf('{"n":2}') })).toEqual(done);
      expect(await engine.inspecting.get(id)).toMatchObject({ state: 'retryable', runAt, attempt: 1 });
      expect(await change(id, { runAt: clock.now() })).toEqual(done);
      const again = await deliveries.next();
      expect(again.delivery.task).toMatchObject({ attempt: 2, params: '{"n":2}' });
    });

    update('leave alone what runs, has ended or is not there', async (opened) => {
      const { engine, clock, change, becomes } = opened;
      const id = await stored(opened, { params: '{"n":1}' });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const { end } = await deliveries.next();
      const all = { runAt: clock.now() + 60_000, priority: 3, ...paramsOf('{"n":2}') };
      expect(await change(id, all)).toEqual({ changed: 0, refused: [{ id, state: 'running' }] });
      end(completed);
      await becomes(id, 'completed');
      expect(await change(id, all)).toEqual({ changed: 0, refused: [{ id, state: 'completed' }] });
      expect(await change('nobody', all)).toEqual({ changed: 0, refused: [{ id: 'nobody', state: null }] });
      expect(await engine.inspecting.get(id)).toMatchObject({ priority: 0, params: { n: 1 } });
    });

    update('come before the start or are refused, where a worker is at it', async (opened) => {
      const { engine, change, until } = opened;
      const ids: string[] = [];
      for (let number = 0; number < 20; number += 1) ids.push(await stored(opened, { params: '{"n":1}' }));
      const began = new Map<string, string>();
      const [results] = await Promise.all([
        Promise.all(ids.map((id) => change(id, paramsOf('{"n":2}')))),
        engine.delivering.consume('default', CONSUME, async ({ task }) => {
          began.set(task.id, task.params);
          return completed;
        }),
      ]);
      await until('all to have run', async () => began.size === ids.length);
      ids.forEach((id, at) => {
        expect(JSON.parse(began.get(id)!), `changed: ${results[at]!.changed}`).toEqual({ n: 1 + results[at]!.changed });
      });
    });
  });
}
