import { describe, expect } from 'vitest';
import type { Outcome, TaskEngine } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, completed, Deliveries, failed, newTask, returned } from './harness.js';

/** Runs one task each to an end; resolves to their ids. */
async function endAll({ engine, clock, becomes }: EngineCase, outcomes: readonly Outcome[]): Promise<string[]> {
  const deliveries = new Deliveries();
  await engine.delivering.consume('default', CONSUME, deliveries.run);
  const ids: string[] = [];
  for (const outcome of outcomes) {
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    (await deliveries.next()).end(outcome);
    await becomes(task.id, outcome.kind as 'completed');
    ids.push(task.id);
  }
  return ids;
}

async function resultOf(engine: TaskEngine, id: string): Promise<unknown> {
  const { tasks } = await engine.inspecting.awaited([id]);
  const json = tasks[0]?.result ?? null;
  return json === null ? 'none' : JSON.parse(json);
}

/** What handlers return. */
export function describeResults(it: CaseTest): void {
  describe('results', () => {
    it('keeps what a handler returned, for whoever waits and for readers, in any process', async (opened) => {
      const values = [{ url: 'x', pages: [1, 2] }, [1, { a: null }], 'text', 7, true, null, '', 0, false, {}, []];
      const ids = await endAll(opened, [...values.map((value) => returned(value)), completed]);
      const other = await opened.open();
      for (const [index, value] of values.entries()) {
        expect(await resultOf(other, ids[index]!)).toEqual(value);
        expect(await other.inspecting.get(ids[index]!)).toMatchObject({ state: 'completed', result: value });
      }
      const plain = ids.at(-1)!;
      expect(await resultOf(other, plain)).toBe('none');
      expect(await other.inspecting.get(plain)).not.toHaveProperty('result');
      expect((await other.inspecting.summaries([ids[0]!]))[0]).not.toHaveProperty('result');
      const { tasks, looked } = await other.inspecting.awaited(['no-such-task', ...ids]);
      expect(tasks.map(({ id }) => id)).toEqual(ids);
      expect(looked).toBe(ids.length + 1);
    });

    it('gives odd texts back as they were, and what looks like a note of its own', async (opened) => {
      const values = [
        { '\0': 'NUL \0', half: '\ud800', escaped: '\\u0000', '': '' },
        { maxAttempts: 9 },
        { maxAttempts: 9, other: 1 },
        { 'nestjs-tasks:result': 'bnVsbA==' },
        { result: { attempt: 1 } },
      ];
      const ids = await endAll(
        opened,
        values.map((value) => returned(value)),
      );
      for (const [index, value] of values.entries()) {
        expect(await resultOf(opened.engine, ids[index]!)).toEqual(value);
        expect(await opened.engine.inspecting.get(ids[index]!)).toMatchObject({ result: value, maxAttempts: 4 });
      }
    });

    it('shows no reader what is sensitive, and gives it to whoever waits', async (opened) => {
      const [id] = await endAll(opened, [returned({ token: 'secret', to: 'ann' }, { sensitive: ['token'] })]);
      expect(await opened.engine.inspecting.get(id!)).toMatchObject({ result: { token: '[masked]', to: 'ann' } });
      expect(await resultOf(opened.engine, id!)).toEqual({ token: 'secret', to: 'ann' });
    });

    it('says how tasks ended that have no result', async (opened) => {
      const { engine, clock } = opened;
      const [broken] = await endAll(opened, [failed('broken')]);
      const [waiting, cancelled] = [newTask(clock, { queue: 'idle' }), newTask(clock, { queue: 'idle' })];
      await engine.enqueueing.enqueue([waiting, cancelled]);
      await engine.acting.act('cancel', { ids: [cancelled.id] });
      const { tasks } = await engine.inspecting.awaited([broken!, waiting.id, cancelled.id]);
      expect(tasks).toMatchObject([
        {
          id: broken,
          queue: 'default',
          name: 'work',
          state: 'failed',
          result: null,
          error: { name: 'Error', message: 'broken', stack: 'Error: broken\n    at x' },
        },
        { id: waiting.id, state: 'available', error: null, result: null },
        { id: cancelled.id, state: 'cancelled', error: null, result: null },
      ]);
    });

    it('lets a result go before its task, where its own time is over', async (opened) => {
      const { engine, unit, advance, until } = opened;
      const [short, long] = await endAll(opened, [
        returned({ a: 1 }, { keepFor: 4 * unit }),
        returned({ b: 2 }, { keepFor: 4_000 * unit }),
      ]);
      await advance(4 * unit);
      await until('the result to be gone', async () => (await resultOf(engine, short!)) === 'none');
      const shown = await engine.inspecting.get(short!);
      expect(shown).toMatchObject({ state: 'completed' });
      expect(shown).not.toHaveProperty('result');
      expect(await resultOf(engine, long!)).toEqual({ b: 2 });
    });

    it('deletes a result with its task', async (opened) => {
      const { engine, clock, becomes } = opened;
      const [id] = await endAll(opened, [returned({ a: 1 })]);
      await engine.acting.act('delete', { ids: [id!] });
      expect((await engine.inspecting.awaited([id!])).tasks).toEqual([]);
      // One of the same id, and in a store that counts its rows perhaps in the same place.
      const again = newTask(clock, { id: id!, mayExist: true });
      await engine.enqueueing.enqueue([again]);
      await becomes(again.id, 'running');
      expect(await resultOf(engine, again.id)).toBe('none');
    });

    it('keeps how many attempts a task was granted by a process that ran it, beside a result', async (opened) => {
      const { engine, clock, becomes } = opened;
      const task = newTask(clock, { maxAttempts: null });
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(returned({ maxAttempts: 9 }));
      await becomes(task.id, 'completed');
      expect(await engine.inspecting.get(task.id)).toMatchObject({ maxAttempts: 4, result: { maxAttempts: 9 } });
    });
  });
}
