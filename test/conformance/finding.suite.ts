import { describe, expect } from 'vitest';
import { TASK_ORDERS, type TaskFilter } from '../../lib/contract/index.js';
import type { NewTask, TaskEngine } from '../../lib/engine/port/index.js';
import type { CaseTest } from './engine-case.js';
import { CONSUME, completed, Deliveries, newTask } from './harness.js';

/** How few tasks are found among many: by their tags, and by when they were enqueued, whatever their ids are. */
export function describeFinding(it: CaseTest): void {
  describe('finding', () => {
    it('finds tasks by their tags, beside whatever else is asked', async ({ engine, clock, unit, start }) => {
      const tasks = Array.from({ length: 40 }, (_, index) => {
        const tags = {
          customer: String(index % 4),
          ...(index % 3 === 0 && { product: 'ä:b "c"' }),
          ...(index % 10 === 0 && { __proto__x: 'rare' }),
        };
        return newTask(clock, {
          queue: index % 2 ? 'odd' : 'even',
          name: index % 5 ? 'many' : 'few',
          runAt: index % 7 ? start - 1_000 + index : start + 1_000 * unit,
          createdAt: start - 1_000 + index,
          params: JSON.stringify({ text: `needle-${index}-` }),
          ...(index < 36 && { traits: { tags } }),
        });
      });
      await engine.enqueueing.enqueue(tasks);
      const tagsOf = (task: NewTask) => task.traits?.tags ?? {};
      const filters: TaskFilter[] = [
        { tags: { customer: '1' } },
        { tags: { customer: '3', product: 'ä:b "c"' } },
        { tags: { product: 'ä:b "c"', __proto__x: 'rare', customer: '0' } },
        { tags: { customer: '1' }, queue: 'odd', name: 'many' },
        { tags: { customer: '2' }, queue: ['odd', 'none'] },
        { tags: { customer: '2' }, state: 'scheduled' },
        { tags: { customer: '0' }, from: start - 990, to: start - 980 },
        { tags: { customer: '1' }, search: 'needle-1' },
        { tags: { customer: 'x' } },
        { tags: { Customer: '1' } },
        { tags: { customer: '1', product: 'x' } },
        { tags: { toString: '1' } },
      ];
      for (const filter of filters) {
        const wanted = tasks
          .filter(
            (task, index) =>
              Object.entries(filter.tags!).every(([name, value]) =>
                Object.entries(tagsOf(task)).some(([own, is]) => own === name && is === value),
              ) &&
              (!filter.queue || [filter.queue].flat().includes(task.queue)) &&
              (!filter.name || filter.name === task.name) &&
              (!filter.state || (filter.state === 'scheduled') === (index % 7 === 0)) &&
              task.createdAt >= (filter.from ?? 0) &&
              task.createdAt < (filter.to ?? Infinity) &&
              task.params.includes(filter.search ?? ''),
          )
          .map(({ id }) => id);
        for (const order of TASK_ORDERS) {
          const found = await allOf(engine, filter, order);
          if (order === 'newest') found.reverse();
          const asked = `${JSON.stringify(filter)}, the ${order} first`;
          if (engine.capabilities.listOrder === 'created') expect(found, asked).toEqual(wanted);
          else expect(found.toSorted(), asked).toEqual(wanted.toSorted());
        }
      }
      const [shown] = await engine.inspecting.summaries([tasks[3]!.id]);
      expect(shown!.tags).toEqual({ customer: '3', product: 'ä:b "c"' });
      expect((await engine.inspecting.get(tasks[38]!.id))!.tags).toBeUndefined();
    });

    it('acts on the tasks of a tag, and forgets the tag with its task', async ({ engine, clock, unit, start }) => {
      const [of, other] = [{ tags: { product: 'abc' } }, { tags: { product: 'xyz' } }];
      const later = { runAt: start + 1_000 * unit };
      const reminders = [0, 1, 2].map(() => newTask(clock, { ...later, traits: of }));
      const due = newTask(clock, { traits: of });
      const others = [newTask(clock, { ...later, traits: other }), newTask(clock, later)];
      await engine.enqueueing.enqueue([...reminders, due, ...others]);
      const filter = { ...of, state: ['scheduled' as const] };
      expect(await engine.acting.act('cancel', { filter })).toEqual({ changed: 3, refused: [] });
      expect(await allOf(engine, { ...of, state: 'cancelled' })).toHaveLength(3);
      expect(await allOf(engine, { state: 'scheduled' })).toHaveLength(2);

      await engine.acting.act('delete', { filter: of });
      expect(await allOf(engine, of)).toEqual([]);
      const again = newTask(clock, { traits: other });
      await engine.enqueueing.enqueue([again]);
      expect(await allOf(engine, of)).toEqual([]);
      expect(await allOf(engine, other)).toHaveLength(2);
    });

    it("tells a task's tags to whoever runs it, and keeps them to its end", async ({ engine, clock, becomes }) => {
      const task = newTask(clock, { traits: { tags: { customer: '42' } } });
      await engine.enqueueing.enqueue([task]);
      const seen = new Promise((resolve) => {
        void engine.delivering.consume('default', CONSUME, async (delivery) => {
          resolve(delivery.task.traits);
          return completed;
        });
      });
      expect(await seen).toEqual({ tags: { customer: '42' } });
      await becomes(task.id, 'completed');
      expect(await allOf(engine, { tags: { customer: '42' }, state: 'completed' })).toEqual([task.id]);
    });

    it('names the tags of what runs and of what a handler enqueued', async ({ engine, clock, until }) => {
      const parent = newTask(clock, { traits: { tags: { customer: '42' } } });
      const child = newTask(clock, { queue: 'other', parentId: parent.id, traits: { tags: { customer: '43' } } });
      await engine.enqueueing.enqueue([parent]);
      const held = new Deliveries();
      await engine.delivering.consume('default', CONSUME, held.run);
      const delivery = await held.next();
      await engine.enqueueing.enqueue([child]);
      await until('what runs is listed', async () => {
        const [worker] = await engine.inspecting.workersAtWork();
        return worker!.running.length === 1;
      });
      const [worker] = await engine.inspecting.workersAtWork();
      expect(worker!.running).toMatchObject([{ id: parent.id, tags: { customer: '42' } }]);
      expect((await engine.inspecting.get(parent.id))!.children).toMatchObject([
        { id: child.id, tags: { customer: '43' } },
      ]);
      delivery.end(completed);
    });

    it('finds what was enqueued in a span of time whatever its id is', async ({ engine, clock, start, unit }) => {
      const ids = [
        '0',
        '1234',
        'welcome:7',
        'zz',
        '01',
        '\u00fc',
        newTask(clock, { createdAt: start - 7 * 60_000 }).id,
      ];
      const at = (index: number): number => start - 10 * 60_000 + index * 30_000;
      const tasks = Array.from({ length: 21 }, (_, index) =>
        newTask(clock, {
          createdAt: at(index),
          runAt: start + 1_000 * unit,
          ...(index % 3 === 1 && { id: ids[(index - 1) / 3]! }),
        }),
      );
      await engine.enqueueing.enqueue(tasks);
      const spans = [
        { from: at(0), to: at(21) },
        { from: at(3), to: at(9) },
        { from: at(4), to: at(5) },
        { from: at(7) },
        { to: at(4) + 1 },
        { from: at(20) + 1 },
      ];
      for (const span of spans) {
        const wanted = tasks.filter(
          ({ createdAt }) => createdAt >= (span.from ?? 0) && createdAt < (span.to ?? Infinity),
        );
        for (const order of TASK_ORDERS) {
          const found = await allOf(engine, span, order);
          if (order === 'newest') found.reverse();
          const expected = wanted.map(({ id }) => id);
          if (engine.capabilities.listOrder === 'created') expect(found).toEqual(expected);
          else expect(found.toSorted()).toEqual(expected.toSorted());
        }
      }
      await engine.acting.act('delete', { filter: { from: at(3), to: at(9) } });
      expect((await allOf(engine, {})).toSorted()).toEqual(
        [...tasks.slice(0, 3), ...tasks.slice(9)].map(({ id }) => id).toSorted(),
      );
      expect(await allOf(engine, { from: at(2), to: at(10) })).toHaveLength(2);
    });
  });
}

async function allOf(engine: TaskEngine, filter: TaskFilter, order: 'newest' | 'oldest' = 'newest'): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.inspecting.list(filter, { limit: 4, order, ...(cursor ? { cursor } : {}) });
    expect(page.items.length).toBeLessThanOrEqual(4);
    found.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return found;
}
