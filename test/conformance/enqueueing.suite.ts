import { describe, expect } from 'vitest';
import type { NewTask } from '../../lib/engine/port/index.js';
import type { CaseTest } from './engine-case.js';
import { CONSUME, Deliveries, completed, failed, newTask } from './harness.js';

/** How tasks come into the store. */
export function describeEnqueueing(it: CaseTest): void {
  describe('storing', () => {
    it('gives back a task as it was stored', async ({ engine, clock }) => {
      const task = newTask(clock, {
        params: '{"text":"ünï ☃ 𝒳 \\u0000 \\ud800"}',
        priority: -3,
        queue: 'mail.out',
        name: 'send',
      });
      await engine.enqueueing.enqueue([task]);
      expect(await engine.inspecting.get(task.id)).toEqual({
        id: task.id,
        queue: 'mail.out',
        name: 'send',
        state: 'available',
        params: JSON.parse(task.params) as unknown,
        priority: -3,
        attempt: 0,
        maxAttempts: 4,
        runAt: task.runAt,
        createdAt: task.createdAt,
        startedAt: null,
        finishedAt: null,
        progress: null,
        error: null,
        attempts: [],
        logs: [],
        parentId: null,
        children: [],
      });
    });

    it('knows which task enqueued which', async ({ engine, clock, becomes }) => {
      const parent = newTask(clock);
      await engine.enqueueing.enqueue([parent]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      const child = (number: number) =>
        newTask(clock, { queue: 'others', name: `child ${number}`, parentId: parent.id });
      const first = child(0);
      await engine.enqueueing.enqueue([first]);
      const more = Array.from({ length: 60 }, (_, index) => child(index + 1));
      await engine.enqueueing.enqueue(more);
      held.end(completed);
      await becomes(parent.id, 'completed');

      expect(await engine.inspecting.get(first.id)).toMatchObject({ parentId: parent.id, children: [] });
      const { parentId, children, logs } = (await engine.inspecting.get(parent.id))!;
      expect({ parentId, logs }).toEqual({ parentId: null, logs: [] });
      const shown = ({ id, name: taskName }: NewTask) => ({
        id,
        name: taskName,
        queue: 'others',
        state: 'available',
      });
      expect(children).toEqual([first, ...more.slice(0, 49)].map(shown));

      await engine.acting.act('cancel', { ids: [first.id] });
      await engine.acting.act('delete', { ids: [more[0]!.id] });
      const left = (await engine.inspecting.get(parent.id))!.children;
      expect(left.slice(0, 2)).toEqual([{ ...shown(first), state: 'cancelled' }, shown(more[1]!)]);
    });

    it('knows what a killed attempt enqueued, once a later one enqueues it anew, and nothing of others', async ({
      engine,
      clock,
      becomes,
    }) => {
      const parent = newTask(clock);
      const child = newTask(clock, { queue: 'others', parentId: parent.id, mayExist: true });
      const stranger = newTask(clock, { queue: 'others', mayExist: true });
      // While no attempt is known here: as where its process was killed before it could say what it had stored.
      await engine.enqueueing.enqueue([child, stranger]);
      await engine.enqueueing.enqueue([parent]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      for (let time = 0; time < 2; time += 1) {
        const again = [child, { ...stranger, parentId: parent.id }];
        expect(await engine.enqueueing.enqueue(again)).toEqual(['existing', 'existing']);
      }
      held.end(completed);
      await becomes(parent.id, 'completed');

      const { children } = (await engine.inspecting.get(parent.id))!;
      expect(children.map(({ id }) => id)).toEqual([child.id]);
    });

    it('stores a task once that stands twice in a batch', async ({ engine, clock }) => {
      const twice = newTask(clock);
      await engine.enqueueing.enqueue([newTask(clock), twice, twice]);
      expect((await engine.inspecting.list({}, { limit: 10 })).items).toHaveLength(2);
      expect((await engine.inspecting.queues())[0]!.counts.available).toBe(2);
    });

    it('leaves a task as it is that is handed over again, and stores those beside it', async ({
      engine,
      clock,
      unit,
      start,
      stateOf,
    }) => {
      const stored = newTask(clock, { params: '{"n":1}' });
      await engine.enqueueing.enqueue([stored]);
      const others = Array.from({ length: 20 }, () => newTask(clock));
      const again = { ...stored, params: '{"n":2}', priority: 7, runAt: start + unit };
      await Promise.all([
        ...others.slice(0, 10).map((task) => engine.enqueueing.enqueue([task])),
        engine.enqueueing.enqueue([again, others[10]!]),
        ...others.slice(11).map((task) => engine.enqueueing.enqueue([task])),
      ]);
      for (const task of others) expect(await stateOf(task.id)).toBe('available');
      expect(await engine.inspecting.get(stored.id)).toMatchObject({
        params: { n: 1 },
        priority: 0,
        runAt: stored.runAt,
      });
      expect((await engine.inspecting.list({}, { limit: 50 })).items).toHaveLength(21);
      const { counts } = (await engine.inspecting.queues())[0]!;
      expect(counts).toMatchObject({ available: 21, scheduled: 0 });
    });

    it('does not run a task again that is handed over after it has ended', async ({ engine, clock, becomes }) => {
      const task = newTask(clock);
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(completed);
      await becomes(task.id, 'completed');
      await engine.enqueueing.enqueue([task]);
      expect(await engine.inspecting.get(task.id)).toMatchObject({ state: 'completed', attempt: 1 });
      expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ available: 0, completed: 1 });
    });

    it('keeps params and errors of a mebibyte as they are', async ({ engine, clock, becomes }) => {
      const text = 'ä☃'.repeat(200_000);
      const task = newTask(clock, { params: JSON.stringify({ text }) });
      await engine.enqueueing.enqueue([task]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      const held = await deliveries.next();
      expect(held.delivery.task.params).toBe(task.params);
      held.end(failed(text));
      await becomes(task.id, 'failed');
      const stored = (await engine.inspecting.get(task.id))!;
      expect(stored.params).toEqual({ text });
      expect(stored.error!.message).toBe(text);
    });

    it('shows params that are no JSON as unreadable, and still delivers them', async ({ engine, clock }) => {
      const task = newTask(clock, { params: '{"cut of' });
      await engine.enqueueing.enqueue([task]);
      expect(await engine.inspecting.get(task.id)).toMatchObject({ params: null, paramsUnreadable: true });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      expect((await deliveries.next()).delivery.task.params).toBe('{"cut of');
    });

    it('masks sensitive params for readers and not for the handler', async ({ engine, clock }) => {
      const task = newTask(clock, { params: '{"user":"ann","password":"hunter2"}', sensitive: ['password'] });
      await engine.enqueueing.enqueue([task]);
      expect((await engine.inspecting.get(task.id))!.params).toEqual({ user: 'ann', password: '[masked]' });
      expect((await engine.inspecting.list({}, { limit: 1 })).items[0]!.params).toEqual({
        user: 'ann',
        password: '[masked]',
      });
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      expect((await deliveries.next()).delivery.task.params).toBe(task.params);
    });
  });

  it('masks params of a name that another process noted as sensitive', async ({ engine, clock, open }) => {
    const task = newTask(clock, { name: 'login', params: '{"user":"ann","password":"hunter2"}' });
    await engine.enqueueing.enqueue([task]);
    const other = await open();
    await other.enqueueing.noteSensitive(new Map([['login', ['password']]]));
    const masked = { user: 'ann', password: '[masked]' };
    expect((await engine.inspecting.get(task.id))!.params).toEqual(masked);
    expect((await engine.inspecting.list({}, { limit: 1 })).items[0]!.params).toEqual(masked);
    expect((await engine.inspecting.list({ search: 'hunter' }, { limit: 1 })).items).toEqual([]);
    expect((await engine.inspecting.list({ search: 'ann' }, { limit: 1 })).items).toHaveLength(1);
    await other.enqueueing.noteSensitive(new Map([['login', []]]));
    expect((await engine.inspecting.get(task.id))!.params).toEqual({ user: 'ann', password: 'hunter2' });
  });
}
