import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../lib/errors/index.js';
import type { Clock } from '../../lib/clock/index.js';
import {
  TASK_ORDERS,
  TASK_STATES,
  type Schedule,
  type TaskEngine,
  type TaskState,
  type AuditEntry,
  type NewTask,
  type RunTask,
  type TaskFilter,
} from '../../lib/engine/index.js';
import {
  Deliveries,
  EVERY_UNIT,
  completed,
  contextWith,
  failed,
  newTask,
  retryAt,
  signal,
  until,
  soonAfter,
  type ConformanceSite,
} from './harness.js';

const CONSUME = { concurrency: 1, priority: 0, rateLimit: null };

const SCHEDULE: Schedule = {
  name: 'nightly',
  expression: EVERY_UNIT,
  timeZone: null,
  utcOffset: null,
  queue: 'default',
  task: 'work',
  params: '{"from":"cron"}',
  priority: 0,
  maxAttempts: 4,
  settings: null,
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
};

/** What every engine must do, through the port alone. */
export function describeTaskEngine(name: string, createSite: () => Promise<ConformanceSite>): void {
  // For a machine that is very busy: alone, none takes ten seconds.
  describe(`${name} engine`, { timeout: 120_000 }, () => {
    let site: ConformanceSite;
    let clock: Clock;
    let unit: number;
    /** When the test began. */
    let start: number;
    let engine: TaskEngine;
    const opened: TaskEngine[] = [];

    async function open(overrides = {}): Promise<TaskEngine> {
      const another = site.engine(contextWith(clock, overrides, unit));
      await another.open();
      opened.push(another);
      return another;
    }

    const advance = async (milliseconds: number): Promise<void> => site.time.advance(milliseconds);
    const advanceTo = (time: number): Promise<void> => advance(Math.max(time - clock.now(), 0));
    const after = (time: number): unknown => soonAfter(time, engine);

    const stateOf = async (id: string): Promise<TaskState | undefined> => (await engine.get(id))?.state;
    const becomes = (id: string, state: TaskState) => until(engine, async () => (await stateOf(id)) === state);

    beforeEach(async () => {
      site = await createSite();
      ({ clock, unit } = site.time);
      engine = await open();
      start = clock.now();
    }, 120_000);

    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close();
      await site.remove();
    }, 120_000);

    describe('storing', () => {
      it('gives back a task as it was stored', async () => {
        const task = newTask(clock, {
          params: '{"text":"ünï ☃ 𝒳 \\u0000 \\ud800"}',
          priority: -3,
          queue: 'mail.out',
          name: 'send',
        });
        await engine.enqueue([task]);
        expect(await engine.get(task.id)).toEqual({
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

      it('knows which task enqueued which', async () => {
        const parent = newTask(clock);
        await engine.enqueue([parent]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const held = await deliveries.next();
        const child = (number: number) =>
          newTask(clock, { queue: 'others', name: `child ${number}`, parentId: parent.id });
        const first = child(0);
        await engine.enqueue([first]);
        const more = Array.from({ length: 60 }, (_, index) => child(index + 1));
        await engine.enqueue(more);
        held.end(completed);
        await becomes(parent.id, 'completed');

        expect(await engine.get(first.id)).toMatchObject({ parentId: parent.id, children: [] });
        const { parentId, children, logs } = (await engine.get(parent.id))!;
        expect({ parentId, logs }).toEqual({ parentId: null, logs: [] });
        const shown = ({ id, name: taskName }: NewTask) => ({
          id,
          name: taskName,
          queue: 'others',
          state: 'available',
        });
        expect(children).toEqual([first, ...more.slice(0, 49)].map(shown));

        await engine.act('cancel', { ids: [first.id] });
        await engine.act('delete', { ids: [more[0]!.id] });
        const left = (await engine.get(parent.id))!.children;
        expect(left.slice(0, 2)).toEqual([{ ...shown(first), state: 'cancelled' }, shown(more[1]!)]);
      });

      it('stores a task once that stands twice in a batch', async () => {
        const twice = newTask(clock);
        await engine.enqueue([newTask(clock), twice, twice]);
        expect((await engine.list({}, { limit: 10 })).items).toHaveLength(2);
        expect((await engine.queues())[0]!.counts.available).toBe(2);
      });

      it('leaves a task as it is that is handed over again, and stores those beside it', async () => {
        const stored = newTask(clock, { params: '{"n":1}' });
        await engine.enqueue([stored]);
        const others = Array.from({ length: 20 }, () => newTask(clock));
        const again = { ...stored, params: '{"n":2}', priority: 7, runAt: start + unit };
        await Promise.all([
          ...others.slice(0, 10).map((task) => engine.enqueue([task])),
          engine.enqueue([again, others[10]!]),
          ...others.slice(11).map((task) => engine.enqueue([task])),
        ]);
        for (const task of others) expect(await stateOf(task.id)).toBe('available');
        expect(await engine.get(stored.id)).toMatchObject({ params: { n: 1 }, priority: 0, runAt: stored.runAt });
        expect((await engine.list({}, { limit: 50 })).items).toHaveLength(21);
        const { counts } = (await engine.queues())[0]!;
        expect(counts).toMatchObject({ available: 21, scheduled: 0 });
      });

      it('does not run a task again that is handed over after it has ended', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        (await deliveries.next()).end(completed);
        await becomes(task.id, 'completed');
        await engine.enqueue([task]);
        expect(await engine.get(task.id)).toMatchObject({ state: 'completed', attempt: 1 });
        expect((await engine.queues())[0]!.counts).toMatchObject({ available: 0, completed: 1 });
      });

      it('keeps params and errors of a mebibyte as they are', async () => {
        const text = 'ä☃'.repeat(200_000);
        const task = newTask(clock, { params: JSON.stringify({ text }) });
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const held = await deliveries.next();
        expect(held.delivery.task.params).toBe(task.params);
        held.end(failed(text));
        await becomes(task.id, 'failed');
        const stored = (await engine.get(task.id))!;
        expect(stored.params).toEqual({ text });
        expect(stored.error!.message).toBe(text);
      });

      it('shows params that are no JSON as unreadable, and still delivers them', async () => {
        const task = newTask(clock, { params: '{"cut of' });
        await engine.enqueue([task]);
        expect(await engine.get(task.id)).toMatchObject({ params: null, paramsUnreadable: true });
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        expect((await deliveries.next()).delivery.task.params).toBe('{"cut of');
      });

      it('masks sensitive params for readers and not for the handler', async () => {
        const task = newTask(clock, { params: '{"user":"ann","password":"hunter2"}', sensitive: ['password'] });
        await engine.enqueue([task]);
        expect((await engine.get(task.id))!.params).toEqual({ user: 'ann', password: '[masked]' });
        expect((await engine.list({}, { limit: 1 })).items[0]!.params).toEqual({ user: 'ann', password: '[masked]' });
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        expect((await deliveries.next()).delivery.task.params).toBe(task.params);
      });
    });

    it('masks params of a name that another process noted as sensitive', async () => {
      const task = newTask(clock, { name: 'login', params: '{"user":"ann","password":"hunter2"}' });
      await engine.enqueue([task]);
      const other = await open();
      await other.noteSensitive(new Map([['login', ['password']]]));
      const masked = { user: 'ann', password: '[masked]' };
      expect((await engine.get(task.id))!.params).toEqual(masked);
      expect((await engine.list({}, { limit: 1 })).items[0]!.params).toEqual(masked);
      expect((await engine.list({ search: 'hunter' }, { limit: 1 })).items).toEqual([]);
      expect((await engine.list({ search: 'ann' }, { limit: 1 })).items).toHaveLength(1);
      await other.noteSensitive(new Map([['login', []]]));
      expect((await engine.get(task.id))!.params).toEqual({ user: 'ann', password: 'hunter2' });
    });

    describe('delivering', () => {
      it('runs the highest priority first, then the oldest', async () => {
        const order = [0, 5, 0, 5, -1].map((priority) => newTask(clock, { priority }));
        await engine.enqueue(order);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const ran: string[] = [];
        for (let count = 0; count < order.length; count += 1) {
          const held = await deliveries.next();
          ran.push(held.id);
          held.end(completed);
        }
        expect(ran).toEqual([1, 3, 0, 2, 4].map((index) => order[index]!.id));
      });

      it('serves the queue of the higher rank first', async () => {
        const ran: string[] = [];
        const low = newTask(clock, { queue: 'low' });
        const high = newTask(clock, { queue: 'high' });
        await engine.enqueue([low, high]);
        const bothRan = signal();
        const run = async ({ task }: { task: { queue: string } }) => {
          if (ran.push(task.queue) === 2) bothRan.resolve();
          return completed;
        };
        await Promise.all([
          engine.consume('low', { ...CONSUME, priority: 1 }, run),
          engine.consume('high', { ...CONSUME, priority: 2 }, run),
        ]);
        await bothRan.promise;
        if (engine.capabilities.queueRank) expect(ran[0]).toBe('high');
        else expect(ran.toSorted()).toEqual(['high', 'low']);
      });

      it('runs no more at once than the concurrency, over many tasks', async () => {
        const tasks = Array.from({ length: 300 }, () => newTask(clock));
        await engine.enqueue(tasks);
        let running = 0;
        let most = 0;
        const ran: string[] = [];
        const allRan = signal();
        await engine.consume('default', { ...CONSUME, concurrency: 7 }, async ({ task }) => {
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

      it('delivers what is enqueued later, by this process and by another', async () => {
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const own = newTask(clock);
        await engine.enqueue([own]);
        const first = await deliveries.next();
        expect(first.id).toBe(own.id);
        first.end(completed);
        const other = await open();
        const foreign = newTask(clock);
        await other.enqueue([foreign]);
        expect((await deliveries.next()).id).toBe(foreign.id);
      });

      it('runs each task once, with two processes at it', async () => {
        const tasks = Array.from({ length: 400 }, () => newTask(clock));
        await engine.enqueue(tasks);
        const ran: string[] = [];
        const allRan = signal();
        const run = async ({ task }: { task: { id: string } }) => {
          await new Promise(setImmediate);
          if (ran.push(task.id) === tasks.length) allRan.resolve();
          return completed;
        };
        const other = await open();
        await Promise.all([engine, other].map((each) => each.consume('default', { ...CONSUME, concurrency: 5 }, run)));
        await allRan.promise;
        expect(new Set(ran).size).toBe(400);
        await until(engine, async () => (await engine.queues())[0]!.counts.completed === 400);
      });

      it('leaves other queues alone', async () => {
        const elsewhere = newTask(clock, { queue: 'elsewhere' });
        const here = newTask(clock);
        await engine.enqueue([elsewhere, here]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        (await deliveries.next()).end(completed);
        await becomes(here.id, 'completed');
        expect(await stateOf(elsewhere.id)).toBe('available');
      });

      it('keeps to a rate limit over all processes', async () => {
        const rateLimit = { max: 3, per: unit };
        await engine.enqueue(Array.from({ length: 8 }, () => newTask(clock)));
        const deliveries = new Deliveries();
        const other = await open();
        const began = clock.now();
        await engine.consume('default', { concurrency: 5, priority: 0, rateLimit }, deliveries.run);
        await other.consume('default', { concurrency: 5, priority: 0, rateLimit }, deliveries.run);
        if (engine.capabilities.clock === 'system') {
          for (let count = 0; count < 8; count += 1) {
            const held = await deliveries.next();
            expect(clock.now() - began).toBeGreaterThanOrEqual(Math.floor(count / 3) * unit);
            held.end(completed);
          }
          return;
        }
        for (let count = 0; count < 3; count += 1) (await deliveries.next()).end(completed);
        await until(engine, async () => (await engine.queues())[0]!.counts.completed === 3);
        expect((await engine.queues())[0]!.counts).toMatchObject({ available: 5, running: 0 });
        await advance(unit);
        for (let count = 0; count < 3; count += 1) (await deliveries.next()).end(completed);
        await until(engine, async () => (await engine.queues())[0]!.counts.completed === 6);
        expect((await engine.queues())[0]!.counts.available).toBe(2);
      });
    });

    describe('outcomes', () => {
      it('keeps every attempt of a task that fails, is retried and completes', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const first = await deliveries.next();
        await advance(10);
        first.end(retryAt(clock.now() + 4 * unit));
        await becomes(task.id, 'retryable');
        expect(await engine.get(task.id)).toMatchObject({
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
        const stored = (await engine.get(task.id))!;
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

      it('excuses an attempt that does not count', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        (await deliveries.next()).end(retryAt(clock.now(), false));
        const second = await deliveries.next();
        expect(second.attempt).toBe(2);
        expect(second.delivery.task.excusedAttempts).toBe(1);
        expect(await engine.get(task.id)).toMatchObject({
          maxAttempts: 5,
          attempts: [{ outcome: 'snoozed' }, { outcome: null }],
        });
      });

      it('records the error of a task that failed for good', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        (await deliveries.next()).end(failed('no such user'));
        await becomes(task.id, 'failed');
        expect(await engine.get(task.id)).toMatchObject({
          error: { name: 'Error', message: 'no such user', stack: expect.stringContaining('at x') as string },
          attempts: [{ outcome: 'failed' }],
        });
      });

      it('stores progress and logs while the task runs', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const { delivery, end } = await deliveries.next();
        delivery.progress({ percent: 10 });
        delivery.progress({ percent: 40, message: 'rows' });
        delivery.log('one');
        delivery.log('two');
        await until(engine, async () => (await engine.get(task.id))!.logs.length === 2);
        expect(await engine.get(task.id)).toMatchObject({
          progress: { percent: 40, message: 'rows' },
          logs: [
            { attempt: 1, at: after(start), message: 'one' },
            { attempt: 1, at: after(start), message: 'two' },
          ],
        });
        delivery.log('three');
        end(completed);
        await becomes(task.id, 'completed');
        expect((await engine.get(task.id))!.logs.map((log) => log.message)).toEqual(['one', 'two', 'three']);
      });

      /** Where a queue has one time for all that ends alike. */
      async function prunesByQueue(): Promise<void> {
        const [short, forever] = [newTask(clock, { queue: 'short' }), newTask(clock, { queue: 'forever' })];
        await engine.enqueue([short, forever]);
        for (const [queue, keepFor] of [
          ['short', 2 * unit],
          ['forever', null],
        ] as const) {
          await engine.consume(queue, CONSUME, async () => ({ ...completed, keepFor }) as typeof completed);
        }
        await becomes(short.id, 'completed');
        await becomes(forever.id, 'completed');
        await advance(4 * unit);
        // Such an engine may leave it at that until the next task ends.
        await engine.enqueue([newTask(clock, { queue: 'short' }), newTask(clock, { queue: 'forever' })]);
        await until(engine, async () => (await engine.get(short.id)) === null);
        expect(await stateOf(forever.id)).toBe('completed');
      }

      it('prunes an ended task when its retention is over, and not before', async () => {
        if (!engine.capabilities.retentionPerTask) return prunesByQueue();
        const [short, long, forever] = [newTask(clock), newTask(clock), newTask(clock)];
        await engine.enqueue([short, long, forever]);
        const keep = new Map([
          [short.id, unit],
          [long.id, 10 * unit],
          [forever.id, null],
        ]);
        await engine.consume(
          'default',
          { ...CONSUME, concurrency: 3 },
          async ({ task }) => ({ ...completed, keepFor: keep.get(task.id)! }) as typeof completed,
        );
        await until(engine, async () => (await engine.queues())[0]!.counts.completed === 3);
        await advance(unit);
        await until(engine, async () => (await engine.get(short.id)) === null);
        expect(await stateOf(long.id)).toBe('completed');
        await advance(60 * 24 * unit);
        await until(engine, async () => (await engine.get(long.id)) === null);
        expect(await stateOf(forever.id)).toBe('completed');
        expect((await engine.queues())[0]!.counts.completed).toBe(1);
      });
    });

    describe('time', () => {
      it('holds a scheduled task back until it is due', async () => {
        const task = newTask(clock, { runAt: clock.now() + 4 * unit });
        await engine.enqueue([task]);
        expect(await stateOf(task.id)).toBe('scheduled');
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const now = newTask(clock);
        await engine.enqueue([now]);
        (await deliveries.next()).end(completed);
        await becomes(now.id, 'completed');
        if (engine.capabilities.clock === 'injected') {
          await advance(4 * unit - 1);
          expect(await stateOf(task.id)).toBe('scheduled');
          await advance(1);
        }
        expect((await deliveries.next()).id).toBe(task.id);
        expect(clock.now()).toBeGreaterThanOrEqual(task.runAt);
      });

      it('runs more tasks that come due at one moment than it promotes at a time', async () => {
        const tasks = Array.from({ length: 1_234 }, () => newTask(clock, { runAt: start + unit }));
        await engine.enqueue(tasks);
        const ran = new Set<string>();
        const allRan = signal();
        await engine.consume('default', { ...CONSUME, concurrency: 50 }, async ({ task }) => {
          ran.add(task.id);
          if (ran.size === tasks.length) allRan.resolve();
          return completed;
        });
        await advance(unit);
        await allRan.promise;
        expect(ran.size).toBe(1_234);
      });
    });

    describe('actions', () => {
      async function taskIn(state: TaskState): Promise<string> {
        const queue = `in-${state}`;
        const task = newTask(clock, { queue, runAt: state === 'scheduled' ? start + 100 * unit : start });
        await engine.enqueue([task]);
        if (state === 'cancelled') await engine.act('cancel', { ids: [task.id] });
        const outcomes = { running: null, retryable: retryAt(clock.now() + 100 * unit), completed, failed: failed() };
        if (state in outcomes) {
          const deliveries = new Deliveries();
          const consumer = await engine.consume(queue, CONSUME, deliveries.run);
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
        it.each(TASK_STATES)(`${action} of a task that is %s`, async (state) => {
          const id = await taskIn(state);
          const becomesState = expected[action]![state];
          const result = await engine.act(action, { ids: [id] });
          if (becomesState === undefined) {
            expect(result).toEqual({ changed: 0, refused: [{ id, state }] });
            expect(await stateOf(id)).toBe(state);
          } else {
            expect(result).toEqual({ changed: 1, refused: [] });
            expect(await stateOf(id)).toBe(becomesState ?? undefined);
          }
        });
      }

      it('says which ids there are not', async () => {
        const id = await taskIn('failed');
        expect(await engine.act('retry', { ids: ['nobody', id] })).toEqual({
          changed: 1,
          refused: [{ id: 'nobody', state: null }],
        });
      });

      it('grants all retries anew to a task that is retried by hand', async () => {
        const id = await taskIn('failed');
        await engine.act('retry', { ids: [id] });
        const deliveries = new Deliveries();
        await engine.consume('in-failed', CONSUME, deliveries.run);
        const { delivery } = await deliveries.next();
        expect(delivery.task).toMatchObject({ attempt: 2, excusedAttempts: 1 });
        expect(await engine.get(id)).toMatchObject({
          finishedAt: null,
          maxAttempts: 5,
          attempts: [{ outcome: 'failed' }, { outcome: null }],
        });
      });

      it('aborts the signal of a running task that is cancelled, here or by another process', async () => {
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const other = await open();
        for (const by of [engine, other]) {
          const task = newTask(clock);
          await engine.enqueue([task]);
          const { delivery, end } = await deliveries.next();
          const aborted = new Promise<void>((resolve) => delivery.signal.addEventListener('abort', () => resolve()));
          await by.act('cancel', { ids: [task.id] });
          await aborted;
          expect(delivery.signal.reason).toMatchObject({ reason: 'cancelled' });
          end({ kind: 'cancelled', maxAttempts: 4, keepFor: null });
          await becomes(task.id, 'cancelled');
        }
      });

      it('ends a task that was cancelled while its attempt failed, instead of retrying it', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        const { end } = await deliveries.next();
        await engine.act('cancel', { ids: [task.id] });
        end(retryAt(clock.now()));
        await becomes(task.id, 'cancelled');
      });

      it('acts on all that meet a filter, and on no others', async () => {
        const tasks = Array.from({ length: 450 }, (_, index) => newTask(clock, { name: index % 3 ? 'work' : 'other' }));
        await engine.enqueue(tasks);
        expect(await engine.act('cancel', { filter: { name: 'work', state: 'available' } })).toEqual({
          changed: 300,
          refused: [],
        });
        expect((await engine.queues())[0]!.counts).toMatchObject({ available: 150, cancelled: 300 });
        expect(await engine.act('retry', { filter: { to: start } })).toEqual({ changed: 0, refused: [] });
        expect(await engine.act('retry', { filter: { from: start } })).toEqual({ changed: 300, refused: [] });
        expect(await engine.act('delete', { filter: { queue: 'default' } })).toEqual({ changed: 450, refused: [] });
        expect((await engine.list({}, { limit: 5 })).items).toEqual([]);
      });

      it('keeps a paused queue waiting until it is resumed, and remembers', async () => {
        await engine.pauseQueue('default');
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        const other = await open();
        await other.consume('default', CONSUME, deliveries.run);
        const elsewhere = newTask(clock, { queue: 'elsewhere' });
        const unpaused = new Deliveries();
        await other.consume('elsewhere', CONSUME, unpaused.run);
        await engine.enqueue([elsewhere]);
        (await unpaused.next()).end(completed);
        await becomes(elsewhere.id, 'completed');
        expect(deliveries.pending).toBe(0);
        expect((await engine.queues()).find(({ queue }) => queue === 'default')).toMatchObject({ paused: true });
        await engine.resumeQueue('default');
        expect((await deliveries.next()).id).toBe(task.id);
        expect((await engine.queues()).find(({ queue }) => queue === 'default')).toMatchObject({ paused: false });
      });
    });

    describe('questions', () => {
      it('pages through tasks in both orders, by any filter', async () => {
        const tasks = Array.from({ length: 25 }, (_, index) =>
          newTask(clock, {
            queue: index % 2 ? 'odd' : 'even',
            name: index % 5 ? 'many' : 'few',
            runAt: index % 4 ? start - 1_000 + index : start + 1_000 * unit,
            createdAt: start - 1_000 + index,
            params: JSON.stringify({ text: `Needle-${index}-` }),
          }),
        );
        for (const task of tasks) await engine.enqueue([task]);
        const stateAt = (index: number) => (index % 4 ? 'available' : 'scheduled');
        const filters = [
          {},
          { queue: 'odd' },
          { name: 'few' },
          { state: 'scheduled' as const },
          { state: 'running' as const },
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
        ];
        for (const filter of filters) {
          const wanted = tasks
            .filter(
              (task, index) =>
                (!filter.queue || task.queue === filter.queue) &&
                (!filter.name || task.name === filter.name) &&
                (!filter.state || stateAt(index) === filter.state) &&
                task.createdAt >= (filter.from ?? 0) &&
                task.createdAt < (filter.to ?? Infinity) &&
                (!filter.search || task.params.toLowerCase().includes(filter.search.toLowerCase())),
            )
            .map((task) => task.id);
          for (const order of TASK_ORDERS) {
            const found: string[] = [];
            let cursor: string | undefined;
            do {
              const page = await engine.list(filter, { limit: 4, order, ...(cursor ? { cursor } : {}) });
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

      it('lists the tasks of one state from either end', async () => {
        const tasks = Array.from({ length: 12 }, (_, index) =>
          newTask(clock, { runAt: start, createdAt: start + index }),
        );
        for (const task of tasks) await engine.enqueue([task]);
        const ids = async (order: 'newest' | 'oldest', from: number) => {
          const page = await engine.list({ state: 'available', from }, { limit: 5, order });
          return page.items.map(({ id }) => id);
        };
        const numbers = (...indexes: number[]) => indexes.map((index) => tasks[index]!.id);
        expect(await ids('newest', start)).toEqual(numbers(11, 10, 9, 8, 7));
        expect(await ids('oldest', start)).toEqual(numbers(0, 1, 2, 3, 4));
        expect(await ids('oldest', start + 4)).toEqual(numbers(4, 5, 6, 7, 8));
      });

      it('groups failures by what they failed with, and finds those of a group', async () => {
        const failures = [
          { name: 'send', queue: 'mail', message: 'Relay 10.0.0.1 refused' },
          { name: 'send', queue: 'mail', message: 'Relay 10.0.0.2 refused' },
          { name: 'send', queue: 'news', message: 'Relay 10.0.0.3 refused' },
          { name: 'send', queue: 'mail', message: 'No such mailbox' },
          { name: 'load', queue: 'news', message: 'Relay 10.0.0.3 refused' },
        ];
        const tasks = failures.map(({ message: _, ...rest }) => newTask(clock, rest));
        await engine.enqueue(tasks);
        const messages = new Map(tasks.map(({ id }, index) => [id, failures[index]!.message]));
        const run: RunTask = async ({ task }) => failed(messages.get(task.id));
        for (const queue of ['mail', 'news']) await engine.consume(queue, CONSUME, run);
        for (const { id } of tasks) await becomes(id, 'failed');

        const { items, looked, complete } = await engine.failures({});
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
        expect((await engine.failures({ queue: 'mail' })).items.map(({ count }) => count)).toEqual([2, 1]);
        expect((await engine.failures({ name: 'load' })).items).toMatchObject([{ count: 1, queues: ['news'] }]);
        expect(await engine.failures({ queue: 'none' })).toEqual({ items: [], looked: 0, complete: true });

        const ids = async (filter: TaskFilter) =>
          (await engine.list(filter, { limit: 9 })).items.map(({ id }) => id).toSorted();
        const wanted = tasks.slice(0, 3).map(({ id }) => id);
        const error = relay!.key;
        expect(await ids({ error })).toEqual(wanted.toSorted());
        expect(await ids({ error, queue: 'news' })).toEqual([wanted[2]]);
        expect(await ids({ error, state: 'completed' })).toEqual([]);
        expect(await ids({ error: 'no such' })).toEqual([]);
        expect(await engine.act('delete', { filter: { error } })).toEqual({ changed: 3, refused: [] });
        expect((await engine.failures({})).items.map(({ count }) => count)).toEqual([1, 1]);
      });

      it('finds text in errors, and never text that is masked', async () => {
        const broken = newTask(clock);
        const secret = newTask(clock, { params: '{"user":"ann","password":"hunter2"}', sensitive: ['password'] });
        await engine.enqueue([broken, secret]);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        (await deliveries.next()).end(failed('Relay refused'));
        await becomes(broken.id, 'failed');
        const search = async (text: string) =>
          (await engine.list({ search: text }, { limit: 9 })).items.map((item) => item.id);
        expect(await search('relay REF')).toEqual([broken.id]);
        expect(await search('ann')).toEqual([secret.id]);
        expect(await search('hunter')).toEqual([]);
        expect(await search(secret.id)).toEqual([secret.id]);
        expect(await search("' OR 1=1 --")).toEqual([]);
        expect(await search('%')).toEqual([]);
      });

      it.each(['', 'nonsense', 'c2VxOjE', Buffer.from('seq:1x').toString('base64url'), '-1', '9'.repeat(300)])(
        'refuses the cursor "%s"',
        async (cursor) => {
          const page = engine.list({}, { limit: 1, cursor });
          // Well-formed, where tasks are numbered in order.
          const isOwn = cursor === 'c2VxOjE' && engine.capabilities.listOrder === 'created';
          if (isOwn) await expect(page).resolves.toMatchObject({ items: [] });
          else await expect(page).rejects.toThrow(InvalidArgumentError);
        },
      );

      it('counts what happened in a minute', async () => {
        await engine.enqueue([newTask(clock), newTask(clock), newTask(clock)]);
        await advance(100);
        const deliveries = new Deliveries();
        await engine.consume('default', CONSUME, deliveries.run);
        for (const outcome of [completed, failed(), retryAt(start + 10 * unit)]) {
          const held = await deliveries.next();
          await advance(3);
          held.end(outcome);
        }
        await until(engine, async () => (await engine.queues())[0]!.counts.retryable === 1);
        if (!engine.capabilities.latencyMetrics) {
          const sum = async (field: 'completed' | 'failed' | 'retried' | 'waitTotal' | 'runTotal') =>
            (await engine.metrics({ from: start - 60_000, to: clock.now() + 60_000 })).reduce(
              (total, point) => total + point[field],
              0,
            );
          expect(await sum('completed')).toBe(1);
          expect(await sum('failed')).toBe(1);
          for (const field of ['retried', 'waitTotal', 'runTotal'] as const) expect(await sum(field)).toBe(0);
          return;
        }
        const points = await engine.metrics({ from: start, to: start + unit });
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
        expect(await engine.metrics({ from: start + unit, to: start + 9 * unit })).toEqual([]);
      });

      it('names the processes at work', async () => {
        expect(await engine.workers()).toEqual([]);
        const consumer = await engine.consume('default', { ...CONSUME, concurrency: 3 }, async () => completed);
        expect(await engine.workers()).toMatchObject([{ pid: process.pid, queues: { default: 3 } }]);
        await consumer.close(0);
        expect(await engine.workers()).toEqual([]);
      });

      it('says what each process is running', async () => {
        const other = await open();
        const held = new Map<TaskEngine, string>();
        const deliveries = new Deliveries();
        for (const by of [engine, other]) {
          const queue = by === engine ? 'here' : 'there';
          await by.consume(queue, { ...CONSUME, concurrency: 2 }, deliveries.run);
          const task = newTask(clock, { queue, name: `work ${queue}` });
          await engine.enqueue([task]);
          await deliveries.next();
          held.set(by, task.id);
        }
        for (const by of [engine, other]) {
          const workers = await by.workersAtWork();
          expect(workers).toHaveLength(2);
          for (const { self, queues, running } of workers) {
            const own = self ? by : by === engine ? other : engine;
            const queue = own === engine ? 'here' : 'there';
            expect(queues).toEqual({ [queue]: 2 });
            const started = { attempt: 1, startedAt: after(start) };
            expect(running).toEqual([{ id: held.get(own), queue, name: `work ${queue}`, ...started }]);
          }
        }
      });

      it('tells of changes made here and by another process', async () => {
        const other = await open();
        for (const by of [engine, other]) {
          const told = new Promise<void>((resolve) => {
            const stop = engine.watch(() => {
              stop();
              resolve();
            });
          });
          await by.enqueue([newTask(clock)]);
          await told;
        }
      });
    });

    describe('the audit record', () => {
      const entry = (number: number): AuditEntry => ({
        at: start + number,
        who: number % 2 ? 'ada@example.com' : null,
        action: 'retry',
        target: `task ${number} "☃"`,
        changed: number,
      });

      it('is told in pages, the newest first, whichever process wrote it', async () => {
        expect(await engine.audit({ limit: 5 })).toEqual({ items: [], nextCursor: null });
        const other = await open();
        for (let number = 0; number < 7; number += 1) await (number % 2 ? other : engine).noteAudit(entry(number));
        const first = await engine.audit({ limit: 3 });
        expect(first.items).toEqual([entry(6), entry(5), entry(4)]);
        // Entries that come meanwhile do not move the pages.
        await engine.noteAudit(entry(7));
        const second = await engine.audit({ limit: 3, cursor: first.nextCursor! });
        expect(second.items).toEqual([entry(3), entry(2), entry(1)]);
        expect(await engine.audit({ limit: 3, cursor: second.nextCursor! })).toEqual({
          items: [entry(0)],
          nextCursor: null,
        });
        expect(await engine.queues()).toEqual([]);
      });

      it.each(['', 'nonsense', 'c2VxOjE', '-1'])('refuses the cursor "%s"', async (cursor) => {
        await expect(engine.audit({ limit: 1, cursor })).rejects.toThrow(InvalidArgumentError);
      });
    });

    describe('closing a consumer', () => {
      it('lets a running task end within the grace', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        const consumer = await engine.consume('default', CONSUME, deliveries.run);
        const held = await deliveries.next();
        const closing = consumer.close(60_000);
        held.end(completed);
        await closing;
        expect(await stateOf(task.id)).toBe('completed');
      });

      it('aborts a task that does not end and hands it back at once', async () => {
        const task = newTask(clock);
        await engine.enqueue([task]);
        const deliveries = new Deliveries();
        const consumer = await engine.consume('default', CONSUME, deliveries.run);
        const { delivery, end } = await deliveries.next();
        await consumer.close(0);
        expect(delivery.signal.reason).toMatchObject({ reason: 'shutdown' });
        expect(await engine.get(task.id)).toMatchObject({ state: 'available', attempts: [{ outcome: 'released' }] });
        const again = new Deliveries();
        await engine.consume('default', CONSUME, again.run);
        const second = await again.next();
        expect(second.delivery.task).toMatchObject({ attempt: 2, excusedAttempts: 1 });
        // The first owner comes back late: it has nothing to say any more.
        end(failed());
        second.end(completed);
        await becomes(task.id, 'completed');
        expect((await engine.get(task.id))!.attempts.map((attempt) => attempt.outcome)).toEqual([
          'released',
          'completed',
        ]);
      });

      it('takes no new task', async () => {
        const deliveries = new Deliveries();
        const consumer = await engine.consume('default', CONSUME, deliveries.run);
        await consumer.close(0);
        const task = newTask(clock);
        await engine.enqueue([task]);
        const other = await open();
        const elsewhere = new Deliveries();
        await other.consume('default', CONSUME, elsewhere.run);
        expect((await elsewhere.next()).id).toBe(task.id);
        expect(deliveries.all).toEqual([]);
      });
    });

    describe('schedules', () => {
      /** The latest first. */
      const runs = async () => {
        const { items } = await engine.list({ name: 'work' }, { limit: 100 });
        return items.toSorted((one, other) => other.runAt - one.runAt);
      };
      /** The ticks that were run, the latest first: 1 is the first after the test began. */
      const ticks = async () => (await runs()).map(({ runAt }) => (runAt - start) / unit);
      const ticked = (tick: number) =>
        until(engine, async () => {
          const { lastRunAt } = (await engine.schedules())[0]!;
          const at = start + tick * unit;
          return isInjected() ? lastRunAt === at : lastRunAt !== null && lastRunAt >= at;
        });
      const isInjected = () => engine.capabilities.clock === 'injected';
      /** In an expected value: the time of a tick, or of one after it on a clock that goes on by itself. */
      const atTick = (tick: number): unknown => {
        const time = start + tick * unit;
        if (isInjected()) return time;
        return {
          asymmetricMatch: (found: number) => found >= time && found % unit === 0,
          toString: () => `tick ${tick}`,
        };
      };
      /** An expression that ticks once. */
      const once = (tick: number) => new Date(start + tick * unit).toISOString();

      // Ticks are at full units.
      const startAtTick = async (): Promise<void> => {
        await advance((unit - (clock.now() % unit)) % unit);
        const now = clock.now();
        start = now - (now % unit);
      };
      beforeEach(startAtTick);

      it('enqueues a run at each tick, once for all processes', async () => {
        const other = await open();
        await startAtTick();
        // On a machine that is busy, ticks are late.
        const schedule = { ...SCHEDULE, catchUp: 'all' as const };
        await engine.saveSchedule(schedule);
        await other.saveSchedule(schedule);
        expect(await engine.schedules()).toMatchObject([{ ...schedule, paused: false, nextRunAt: atTick(1) }]);
        for (let tick = 1; tick <= 5; tick += 1) {
          await advanceTo(start + tick * unit);
          await ticked(tick);
        }
        expect((await ticks()).filter((tick) => tick <= 5)).toEqual([5, 4, 3, 2, 1]);
        const [last] = await runs();
        expect(last).toMatchObject({ state: 'available', params: { from: 'cron' }, maxAttempts: 4 });
        const { lastTaskId, lastTaskIds } = (await engine.schedules())[0]!;
        expect(lastTaskIds).toHaveLength(5);
        expect(lastTaskIds[0]).toBe(lastTaskId);
        expect((await runs()).map(({ id }) => id)).toEqual(expect.arrayContaining([...lastTaskIds]));
        if (isInjected()) expect(last!.id).toBe(lastTaskId);
        else expect((await runs()).map(({ id }) => id)).toContain(lastTaskId);
      });

      it.each([
        ['once', null, 1 / 2, [3]],
        ['once', 1 / 6, 1 / 2, []],
        ['all', null, 1 / 2, [3, 2, 1]],
        ['all', 2, 1 / 2, [3, 2]],
        ['skip', null, 1 / 2, [3]],
        ['skip', 1 / 6, 1 / 2, []],
        ['skip', null, -1 / 2, [2]],
      ] as const)(
        'makes up for missed ticks: %s, threshold %s, late by %s',
        async (catchUp, threshold, late, expected) => {
          const schedule = { ...SCHEDULE, catchUp, threshold: threshold === null ? null : threshold * unit };
          await engine.saveSchedule(schedule);
          const savedAt = Date.now();
          await engine.close();
          // As early as can be: a clock that stands still can be told to be one millisecond before the tick.
          await advanceTo(start + 3 * unit + (late < 0 && isInjected() ? -1 : late * unit));
          engine = await open();
          await engine.saveSchedule(schedule);
          if (isInjected()) {
            const next = start + (late < 0 ? 3 : 4) * unit;
            await until(engine, async () => (await engine.schedules())[0]!.nextRunAt === next);
            expect(await ticks()).toEqual(expected);
            return;
          }
          // When another is planned after the one that was planned first, what was missed has been dealt with.
          const planned = new Set<number>();
          await until(engine, async () => {
            const { nextRunAt, lastRunAt } = (await engine.schedules())[0]!;
            if (nextRunAt! >= start + 4 * unit) planned.add(nextRunAt!);
            return expected.length > 0 ? lastRunAt !== null : planned.size > 1;
          });
          // What came due while the schedule was being stored may be a tick of it or not.
          const made = (await runs()).filter(({ runAt }) => runAt > savedAt);
          // By then, more ticks may have come due than those that were missed on purpose.
          const madeUpAt = Math.min(...made.map(({ createdAt }) => createdAt));
          const due = made.filter(({ runAt }) => runAt <= madeUpAt).map(({ runAt }) => (runAt - start) / unit);
          const newest = Math.floor((madeUpAt - start) / unit);
          const missed = Array.from({ length: made.length > 0 ? newest : 0 }, (_, index) => newest - index).filter(
            (tick) => start + tick * unit > savedAt,
          );
          const wanted = catchUp === 'all' ? missed : missed.slice(0, 1);
          const tolerance = threshold ?? Infinity;
          expect(due).toEqual(wanted.filter((tick) => madeUpAt - (start + tick * unit) <= tolerance * unit));
          if (expected.length === 0) expect(due.filter((tick) => tick <= 3)).toEqual([]);
          else expect(due.length).toBeGreaterThan(0);
        },
      );

      it('starts anew when its expression changes', async () => {
        await engine.saveSchedule({ ...SCHEDULE, expression: once(1_000) });
        expect(await engine.schedules()).toEqual([
          {
            ...SCHEDULE,
            expression: once(1_000),
            paused: false,
            nextRunAt: start + 1_000 * unit,
            lastRunAt: null,
            lastTaskId: null,
            lastTaskIds: [],
          },
        ]);
        await engine.saveSchedule({ ...SCHEDULE, expression: once(4.5) });
        expect(await engine.schedules()).toMatchObject([{ nextRunAt: start + 4.5 * unit }]);
        await advanceTo(start + 4.5 * unit);
        await ticked(4.5);
        expect(await engine.schedules()).toMatchObject([{ nextRunAt: null }]);
        expect(await ticks()).toEqual([4.5]);
      });

      it('does not tick while paused, and goes on from now', async () => {
        await engine.saveSchedule(SCHEDULE);
        expect(await engine.setSchedulePaused('nightly', true)).toBe(true);
        const pausedAt = clock.now();
        await advanceTo(start + 3 * unit);
        const resumedAt = clock.now();
        expect(await engine.setSchedulePaused('nightly', false)).toBe(true);
        expect(await engine.schedules()).toMatchObject([{ paused: false, nextRunAt: atTick(4) }]);
        await advanceTo(start + 4 * unit);
        await ticked(4);
        expect((await runs()).filter(({ runAt }) => runAt > pausedAt && runAt <= resumedAt)).toEqual([]);
        if (isInjected()) expect(await ticks()).toEqual([4]);
        expect(await engine.setSchedulePaused('nobody', true)).toBe(false);
      });

      it('does not tick while disabled', async () => {
        await engine.saveSchedule({ ...SCHEDULE, disabled: true });
        await engine.saveSchedule({ ...SCHEDULE, name: 'witness', task: 'witness' });
        await advance(unit);
        await until(engine, async () => (await engine.schedules())[1]!.lastRunAt !== null);
        expect(await runs()).toEqual([]);
      });

      it('leaves out a tick while the run before is not over, where runs must not overlap', async () => {
        await engine.saveSchedule({ ...SCHEDULE, overlap: false });
        await advanceTo(start + unit);
        await ticked(1);
        await advanceTo(start + 2 * unit);
        await until(engine, async () => (await engine.schedules())[0]!.nextRunAt! >= start + 3 * unit);
        await advanceTo(start + 2.5 * unit);
        expect(await runs()).toHaveLength(1);
        await engine.act('cancel', { filter: {} });
        await advanceTo(start + 3 * unit);
        await until(engine, async () => (await runs()).length === 2);
        await ticked(3);
      });

      it('is triggered by hand beside its ticks', async () => {
        await engine.saveSchedule({ ...SCHEDULE, expression: once(1_000) });
        const id = await engine.triggerSchedule('nightly');
        expect(await engine.get(id!)).toMatchObject({ state: 'available', name: 'work', runAt: after(start) });
        expect(await engine.schedules()).toMatchObject([{ nextRunAt: start + 1_000 * unit, lastTaskId: id }]);
        expect(await engine.triggerSchedule('nobody')).toBeNull();
      });

      it('remembers the tasks of its last runs', async () => {
        await engine.saveSchedule({ ...SCHEDULE, expression: once(1_000) });
        expect((await engine.schedules())[0]!.lastTaskIds).toEqual([]);
        const ids: string[] = [];
        for (let run = 0; run < 7; run += 1) ids.unshift((await engine.triggerSchedule('nightly'))!);
        const { lastTaskIds } = (await engine.schedules())[0]!;
        expect(lastTaskIds).toEqual(ids.slice(0, 5));
        await engine.act('delete', { ids: [ids[1]!] });
        await engine.act('cancel', { ids: [ids[2]!] });
        const summaries = await engine.summaries([...lastTaskIds, 'nobody']);
        expect(summaries.map(({ id, state }) => [id, state])).toEqual([
          [ids[0], 'available'],
          [ids[2], 'cancelled'],
          [ids[3], 'available'],
          [ids[4], 'available'],
        ]);
      });

      it('is gone when removed', async () => {
        await engine.saveSchedule(SCHEDULE);
        expect(await engine.removeSchedule('nightly')).toBe(true);
        expect(await engine.removeSchedule('nightly')).toBe(false);
        expect(await engine.schedules()).toEqual([]);
      });
    });

    it('keeps everything over a restart', async () => {
      const task = newTask(clock);
      const later = newTask(clock, { runAt: start + unit });
      await engine.enqueue([task, later]);
      await engine.close();
      engine = await open();
      expect(await stateOf(task.id)).toBe('available');
      const deliveries = new Deliveries();
      await engine.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(completed);
      await advance(unit);
      expect((await deliveries.next()).id).toBe(later.id);
    });

    it('refuses to work when it is closed', async () => {
      await engine.close();
      await expect(engine.enqueue([newTask(clock)])).rejects.toThrow('not open');
      await expect(engine.get('x')).rejects.toThrow('not open');
      await engine.close();
    });
  });
}
