import { describe, expect } from 'vitest';
import { InvalidArgumentError, TASK_ORDERS, type TaskFilter } from '../../lib/contract/index.js';
import type { TaskEngine, RunTask } from '../../lib/engine/port/index.js';
import type { CaseTest } from './engine-case.js';
import { CONSUME, Deliveries, completed, failed, newTask, retryAt } from './harness.js';

/** What is asked about tasks, queues and processes. */
export function describeInspecting(it: CaseTest): void {
  describe('questions', () => {
    it('pages through tasks in both orders, by any filter', async ({ engine, clock, unit, start }) => {
      const tasks = Array.from({ length: 25 }, (_, index) =>
        newTask(clock, {
          queue: index % 2 ? 'odd' : 'even',
          name: index % 5 ? 'many' : 'few',
          runAt: index % 4 ? start - 1_000 + index : start + 1_000 * unit,
          createdAt: start - 1_000 + index,
          params: JSON.stringify({ text: `Needle-${index}-` }),
        }),
      );
      for (const task of tasks) await engine.enqueueing.enqueue([task]);
      const stateAt = (index: number) => (index % 4 ? 'available' : 'scheduled');
      const filters = [
        {},
        { queue: 'odd' },
        { name: 'few' },
        { state: 'scheduled' as const },
        { state: 'running' as const },
        { state: ['scheduled', 'available'] as const, queue: 'even' },
        { state: ['running', 'available'] as const, name: 'many', search: 'needle-1' },
        { state: ['failed', 'scheduled'] as const, from: start - 990 },
        { queue: 'even', state: 'available' as const },
        { name: 'many', queue: 'odd' },
        { name: 'many', state: 'available' as const },
        { search: 'needle-1' },
        { search: 'NEEDLE-2-', queue: 'even' },
        { search: 'absent' },
        { from: start - 990 },
        { to: start - 990, queue: 'odd' },
        { from: start - 995, to: start - 985, state: 'available' as const },
        { from: start + 1 },
        { queue: 'no-such' },
        { queue: ['even', 'no-such'] },
        { queue: ['odd', 'even'], name: ['few', 'many'], state: ['scheduled', 'available'] as const },
        { queue: ['odd'], name: 'many', to: start - 990 },
        { name: ['few', 'no-such'], search: 'needle-1' },
        { queue: ['odd', 'even'], name: ['few'], from: start - 995, to: start - 985 },
      ];
      for (const filter of filters) {
        const wanted = tasks
          .filter(
            (task, index) =>
              (!filter.queue || [filter.queue].flat().includes(task.queue)) &&
              (!filter.name || [filter.name].flat().includes(task.name)) &&
              (!filter.state || [filter.state].flat().includes(stateAt(index))) &&
              task.createdAt >= (filter.from ?? 0) &&
              task.createdAt < (filter.to ?? Infinity) &&
              (!filter.search || task.params.toLowerCase().includes(filter.search.toLowerCase())),
          )
          .map((task) => task.id);
        for (const order of TASK_ORDERS) {
          const found: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await engine.inspecting.list(filter, { limit: 4, order, ...(cursor ? { cursor } : {}) });
            expect(page.items.length).toBeLessThanOrEqual(4);
            found.push(...page.items.map((item) => item.id));
            cursor = page.nextCursor ?? undefined;
          } while (cursor);
          if (order === 'newest') found.reverse();
          const asked = `${JSON.stringify(filter)}, the ${order} first`;
          if (engine.capabilities.listOrder === 'created') expect(found, asked).toEqual(wanted);
          else expect(found.toSorted(), asked).toEqual(wanted.toSorted());
        }
      }
    });

    it('lists the tasks of one state from either end', async ({ engine, clock, start }) => {
      const tasks = Array.from({ length: 12 }, (_, index) =>
        newTask(clock, { runAt: start, createdAt: start + index }),
      );
      for (const task of tasks) await engine.enqueueing.enqueue([task]);
      const ids = async (order: 'newest' | 'oldest', from: number) => {
        const page = await engine.inspecting.list({ state: 'available', from }, { limit: 5, order });
        return page.items.map(({ id }) => id);
      };
      const numbers = (...indexes: number[]) => indexes.map((index) => tasks[index]!.id);
      expect(await ids('newest', start)).toEqual(numbers(11, 10, 9, 8, 7));
      expect(await ids('oldest', start)).toEqual(numbers(0, 1, 2, 3, 4));
      expect(await ids('oldest', start + 4)).toEqual(numbers(4, 5, 6, 7, 8));
    });

    it('groups failures by what they failed with, and finds those of a group', async ({
      engine,
      clock,
      start,
      after,
      becomes,
    }) => {
      const failures = [
        { name: 'send', queue: 'mail', message: 'Relay 10.0.0.1 refused' },
        { name: 'send', queue: 'mail', message: 'Relay 10.0.0.2 refused' },
        { name: 'send', queue: 'news', message: 'Relay 10.0.0.3 refused' },
        { name: 'send', queue: 'mail', message: 'No such mailbox' },
        { name: 'load', queue: 'news', message: 'Relay 10.0.0.3 refused' },
      ];
      const tasks = failures.map(({ message: _, ...rest }) => newTask(clock, rest));
      await engine.enqueueing.enqueue(tasks);
      const messages = new Map(tasks.map(({ id }, index) => [id, failures[index]!.message]));
      const run: RunTask = async ({ task }) => failed(messages.get(task.id));
      for (const queue of ['mail', 'news']) await engine.delivering.consume(queue, CONSUME, run);
      for (const { id } of tasks) await becomes(id, 'failed');

      const { items, looked, complete } = await engine.inspecting.errorGroups({});
      expect({ looked, complete }).toEqual({ looked: 5, complete: true });
      expect(items).toHaveLength(3);
      const [relay] = items;
      expect(relay).toMatchObject({
        name: 'send',
        error: { name: 'Error', message: 'Relay … refused' },
        queues: ['mail', 'news'],
        count: 3,
        firstAt: after(start),
        lastAt: after(start),
      });
      expect(tasks.slice(0, 3).map(({ id }) => id)).toContain(relay!.sampleId);
      // The hour may turn while the test runs.
      expect(relay!.points.at(-1)! + relay!.points.at(-2)!).toBe(3);
      expect((await engine.inspecting.errorGroups({ queue: 'mail' })).items.map(({ count }) => count)).toEqual([2, 1]);
      expect((await engine.inspecting.errorGroups({ name: 'load' })).items).toMatchObject([
        { count: 1, queues: ['news'] },
      ]);
      expect(await engine.inspecting.errorGroups({ queue: 'none' })).toEqual({ items: [], looked: 0, complete: true });

      const ids = async (filter: TaskFilter) =>
        (await engine.inspecting.list(filter, { limit: 9 })).items.map(({ id }) => id).toSorted();
      const wanted = tasks.slice(0, 3).map(({ id }) => id);
      const error = relay!.key;
      expect(await ids({ error })).toEqual(wanted.toSorted());
      expect(await ids({ error, queue: 'news' })).toEqual([wanted[2]]);
      expect(await ids({ error, state: 'completed' })).toEqual([]);
      expect(await ids({ error: 'no such' })).toEqual([]);
      expect(await engine.acting.act('delete', { filter: { error } })).toEqual({ changed: 3, refused: [] });
      expect((await engine.inspecting.errorGroups({})).items.map(({ count }) => count)).toEqual([1, 1]);
    });

    it('counts a task that failed again with what it failed with last, and says how far it looked', async ({
      engine,
      clock,
      becomes,
      until,
    }) => {
      const [task, other] = [newTask(clock, { name: 'send' }), newTask(clock, { name: 'send' })];
      await engine.enqueueing.enqueue([task, other]);
      let message = 'Relay refused';
      await engine.delivering.consume('default', CONSUME, async () => failed(message));
      for (const { id } of [task, other]) await becomes(id, 'failed');
      const counted = async () =>
        (await engine.inspecting.errorGroups({})).items
          .map(({ error, count }) => `${error.message} ${count}`)
          .toSorted();
      expect(await counted()).toEqual(['Relay refused 2']);
      message = 'No such mailbox';
      await engine.acting.act('retry', { ids: [task.id] });
      await until('it to fail anew', async () => (await engine.inspecting.get(task.id))!.attempts.length === 2);
      await becomes(task.id, 'failed');
      expect(await counted()).toEqual(['No such mailbox 1', 'Relay refused 1']);
      const { items, looked, nextCursor } = await engine.inspecting.list({ search: 'mailbox' }, { limit: 9 });
      expect({ found: items.map(({ id }) => id), looked, nextCursor }).toEqual({
        found: [task.id],
        looked: 2,
        nextCursor: null,
      });
    });

    it('finds text in errors, and never text that is masked', async ({ engine, clock, becomes }) => {
      const broken = newTask(clock);
      const secret = newTask(clock, { params: '{"user":"ann","password":"hunter2"}', sensitive: ['password'] });
      await engine.enqueueing.enqueue([broken, secret]);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(failed('Relay refused'));
      await becomes(broken.id, 'failed');
      const search = async (text: string) =>
        (await engine.inspecting.list({ search: text }, { limit: 9 })).items.map((item) => item.id);
      expect(await search('relay REF')).toEqual([broken.id]);
      expect(await search('ann')).toEqual([secret.id]);
      expect(await search('hunter')).toEqual([]);
      expect(await search(secret.id)).toEqual([secret.id]);
      expect(await search("' OR 1=1 --")).toEqual([]);
      expect(await search('%')).toEqual([]);
    });

    it('refuses a cursor that no page of tasks gave', async ({ engine, clock, start }) => {
      await engine.enqueueing.enqueue([newTask(clock), newTask(clock)]);
      const { nextCursor: own } = await engine.inspecting.list({}, { limit: 1 });
      const entry = { at: start, who: null, action: 'retry', target: 'x', changed: 1 } as const;
      for (let count = 0; count < 2; count += 1) await engine.auditing.note(entry);
      const { nextCursor: foreign } = await engine.auditing.page({ limit: 1 });
      const cursors = ['', 'nonsense', '-1', '9'.repeat(300), foreign!, `${own}!`, own!.slice(1)];
      for (const cursor of cursors) {
        const page = engine.inspecting.list({}, { limit: 1, cursor });
        await expect(page, cursor).rejects.toThrow(InvalidArgumentError);
      }
      expect((await engine.inspecting.list({}, { limit: 1, cursor: own! })).items).toHaveLength(1);
    });

    it('counts what happened in a minute', async ({ engine, clock, unit, start, advance, until }) => {
      await engine.enqueueing.enqueue([newTask(clock), newTask(clock), newTask(clock)]);
      await advance(100);
      const deliveries = new Deliveries();
      await engine.delivering.consume('default', CONSUME, deliveries.run);
      for (const outcome of [completed, failed(), retryAt(start + 10 * unit)]) {
        const held = await deliveries.next();
        await advance(3);
        held.end(outcome);
      }
      await until('the last outcome', async () => (await engine.inspecting.queues())[0]!.counts.retryable === 1);
      const { latencyMetrics, clock: whose } = engine.capabilities;
      if (!latencyMetrics || whose === 'system') {
        const sum = async (field: 'completed' | 'failed' | 'retried' | 'waitTotal' | 'runTotal') =>
          (await engine.inspecting.metrics({ from: start - 60_000, to: clock.now() + 60_000 })).reduce(
            (total, point) => total + point[field],
            0,
          );
        expect(await sum('completed')).toBe(1);
        expect(await sum('failed')).toBe(1);
        const { at } = (await engine.inspecting.metrics({ from: start - 60_000, to: clock.now() + 60_000 }))[0]!;
        expect(await engine.inspecting.metrics({ from: at, to: at })).toMatchObject([{ at }]);
        expect(await engine.inspecting.metrics({ from: at + 1, to: at + 1 })).toEqual([]);
        if (latencyMetrics) {
          expect(await sum('retried')).toBe(1);
          // As long as was waited for, or longer.
          expect(await sum('waitTotal')).toBeGreaterThanOrEqual(3 * 99);
          expect(await sum('runTotal')).toBeGreaterThanOrEqual(3 * 2);
        } else for (const field of ['retried', 'waitTotal', 'runTotal'] as const) expect(await sum(field)).toBe(0);
        return;
      }
      const points = await engine.inspecting.metrics({ from: start, to: start });
      expect(points).toHaveLength(1);
      expect(points[0]).toMatchObject({
        at: start,
        queue: 'default',
        completed: 1,
        failed: 1,
        retried: 1,
        cancelled: 0,
      });
      expect(points[0]!.runTotal).toBe(9);
      expect(points[0]!.waitTotal).toBe(100 + 103 + 106);
      expect(points[0]!.runHistogram.reduce((sum, count) => sum + count, 0)).toBe(3);
      expect(await engine.inspecting.metrics({ from: start + 1, to: start + 9 * unit })).toEqual([]);
    });

    it('counts by the names of tasks, where it can', async ({ engine, clock, start, until }) => {
      if (!engine.capabilities.nameMetrics) {
        expect(await engine.inspecting.metrics({ name: 'work', from: 0, to: clock.now() })).toEqual([]);
        return;
      }
      await engine.enqueueing.enqueue(['send', 'send', 'load'].map((name) => newTask(clock, { name })));
      await engine.delivering.consume('default', CONSUME, async () => completed);
      await until('all to end', async () => (await engine.inspecting.queues())[0]!.counts.completed === 3);
      const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
      const count = async (name?: string): Promise<number[]> =>
        (
          await engine.inspecting.metrics({
            from: start - 60_000,
            to: clock.now(),
            ...(name !== undefined && { name }),
          })
        ).map(({ completed: number }) => number);
      expect(sumOf(await count('send'))).toBe(2);
      expect(sumOf(await count('load'))).toBe(1);
      expect(await count('none')).toEqual([]);
      expect(sumOf(await count())).toBe(3);
      const [from, to] = [start - 60_000, clock.now()];
      const byStep = await engine.inspecting.metrics({ from, to, step: 3_600_000 });
      expect(byStep.every(({ at }) => at >= from && at <= to)).toBe(true);
      expect(sumOf(byStep.filter(({ name }) => name === 'send').map(({ completed: number }) => number))).toBe(2);
    });

    it('names the processes at work', async ({ engine }) => {
      expect(await engine.inspecting.workers()).toEqual([]);
      const consumer = await engine.delivering.consume(
        'default',
        { ...CONSUME, concurrency: 3 },
        async () => completed,
      );
      expect(await engine.inspecting.workers()).toMatchObject([{ pid: process.pid, queues: { default: 3 } }]);
      await consumer.close(0);
      expect(await engine.inspecting.workers()).toEqual([]);
    });

    it('says how long its log is, where it has one', async ({ engine, clock }) => {
      await engine.enqueueing.enqueue([newTask(clock)]);
      const { logBytes } = await engine.inspecting.condition();
      if (engine.kind === 'sqlite') expect(logBytes).toBeGreaterThan(0);
      else expect(logBytes).toBeNull();
    });

    it('says what each process is running', async ({ engine, clock, start, open, after }) => {
      const other = await open();
      const held = new Map<TaskEngine, string>();
      const deliveries = new Deliveries();
      for (const by of [engine, other]) {
        const queue = by === engine ? 'here' : 'there';
        await by.delivering.consume(queue, { ...CONSUME, concurrency: 2 }, deliveries.run);
        const task = newTask(clock, { queue, name: `work ${queue}` });
        await engine.enqueueing.enqueue([task]);
        await deliveries.next();
        held.set(by, task.id);
      }
      for (const by of [engine, other]) {
        const workers = await by.inspecting.workersAtWork();
        expect(workers).toHaveLength(2);
        for (const { self, queues, running } of workers) {
          const own = self ? by : by === engine ? other : engine;
          const queue = own === engine ? 'here' : 'there';
          expect(queues).toEqual({ [queue]: 2 });
          const started = { attempt: 1, startedAt: after(start) };
          expect(running).toEqual([{ id: held.get(own), queue, name: `work ${queue}`, ...started }]);
        }
      }
      const listed = async (filter: TaskFilter) =>
        (await engine.inspecting.list({ state: 'running', ...filter }, { limit: 9 })).items.map(({ id }) => id);
      expect((await listed({ queue: ['here', 'there', 'nowhere'] })).toSorted()).toEqual([...held.values()].toSorted());
      expect(await listed({ queue: ['here', 'there'], name: ['work there', 'work nowhere'] })).toEqual([
        held.get(other),
      ]);
    });
  });
}
