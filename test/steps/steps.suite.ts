import 'reflect-metadata';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { Sensitive, TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, signal, when } from '../module/support.js';
import { until } from '../support/until.js';

type Script = (task: TaskContext) => unknown;

/** What the handler does; a test puts it here. */
let script: Script = () => undefined;
/** What was done, in order. */
let done: string[] = [];

class Scripted {
  @TaskHandler('work', { retryDelay: 0, maxRetries: 2 })
  work(_params: object, task: TaskContext): unknown {
    return script(task);
  }
}

class Card {
  constructor(
    readonly number: string,
    readonly at: Date,
  ) {}
}
Sensitive()(Card.prototype, 'number');

const NEVER = { retryDelay: 0, maxRetries: 0 };

/** Names that a store might take apart, or not hold. */
const ODD_NAMES = [
  'a:b',
  'step:1',
  '"',
  "'",
  '\\',
  '%',
  '\0',
  '{}',
  'ä 漢 🙂',
  '$1',
  '__proto__',
  '1',
  '\u{1f642}'.slice(0, 1),
];
/** The same as they are stored: half a character is no text. */
const STORED_NAMES = ODD_NAMES.map((name) => name.toWellFormed());

/** What the guide says of durable steps, on any engine that keeps them. */
export function describeSteps(engine: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  async function start(site?: TasksModuleRootOptions): Promise<TaskDispatcher> {
    const tasks = { ...(site ?? (await siteOf())), workers: { default: 10 } };
    return dispatcherOf(await bootApp({ providers: [Scripted], tasks }));
  }

  /** Runs one task by the script, to its end. */
  async function run(tasks: TaskDispatcher, what: Script, options: object = {}) {
    script = what;
    const { id } = await tasks.queue('default', 'work', {}, options);
    return ended(tasks, id);
  }

  /** Has one task run by the script, until it waits for something. */
  async function begin(tasks: TaskDispatcher, what: Script, options: object = {}): Promise<string> {
    script = what;
    const { id } = await tasks.queue('default', 'work', {}, options);
    await when(tasks, id, ({ state }) => state === 'suspended');
    return id;
  }

  const step = (context: TaskContext, name: string, options = {}) =>
    context.step(name, () => void done.push(name), options);

  beforeEach(() => {
    done = [];
  });

  describe(`a step ${engine}`, () => {
    it('runs once, and gives the record in every later attempt', async () => {
      const tasks = await start();
      const keys: string[] = [];
      const task = await run(tasks, async (context) => {
        const charge = await context.step('charge', ({ key }) => {
          done.push('charge');
          keys.push(key);
          return { id: 7 };
        });
        done.push(`after ${charge.id}`);
        await context.step('ship', () => {
          done.push('ship');
          if (context.attempt < 3) throw new Error('no truck');
        });
      });
      expect(task).toMatchObject({ state: 'completed', steps: true });
      expect(done).toEqual(['charge', 'after 7', 'ship', 'after 7', 'ship', 'after 7', 'ship']);
      expect(keys).toEqual([`${task.id}/charge`]);
      const { steps, total } = await tasks.steps(task.id);
      expect(total).toBe(2);
      expect(steps).toMatchObject([
        { kind: 'step', name: 'charge', number: 0, attempt: 1, result: { id: 7 } },
        { kind: 'step', name: 'ship', number: 0, attempt: 3, result: null },
      ]);
    });

    it('is handed one key in all attempts in which it was not recorded', async () => {
      const tasks = await start();
      const keys: string[] = [];
      await run(tasks, async (context) => {
        for (let row = 0; row < 2; row += 1) {
          await context.step('row', ({ key }) => {
            keys.push(key);
            if (row === 1 && context.attempt === 1) throw new Error('once');
          });
        }
      });
      const [first, second, again] = keys;
      expect(keys).toHaveLength(3);
      expect(again).toBe(second);
      expect(first).not.toBe(second);
    });

    it('gives what JSON makes of a value, the first time as later, whatever its name is', async () => {
      const tasks = await start();
      const at = new Date(0);
      const given: unknown[] = [];
      const task = await run(tasks, async (context) => {
        given.push(await context.step('date', () => ({ at, none: undefined })));
        given.push(await context.step('nothing', () => undefined));
        for (const name of ODD_NAMES) given.push(await context.step(name, () => name));
        if (context.attempt === 1) throw new Error('again');
      });
      const once = [{ at: at.toISOString() }, null, ...ODD_NAMES];
      expect(given).toEqual([...once, ...once]);
      expect((await tasks.steps(task.id)).steps.slice(2).map(({ name }) => name)).toEqual(STORED_NAMES);
    });

    it('is shown without what is sensitive of what it gave', async () => {
      const tasks = await start();
      const { id } = await run(tasks, (context) => context.step('card', () => new Card('4111', new Date(0))));
      const { steps } = await tasks.steps(id);
      expect(JSON.stringify(steps)).not.toContain('4111');
      expect(steps[0]).toMatchObject({ result: { at: '1970-01-01T00:00:00.000Z' } });
    });

    it('runs beside others, under keys of their own, each of which is recorded', async () => {
      const tasks = await start();
      const rows = ['a', 'b', 'c'];
      const task = await run(tasks, async (context) => {
        // The other way round in the second attempt.
        const order = context.attempt === 1 ? rows : rows.toReversed();
        const all = await Promise.all(order.map((key) => context.step('row', { key }, () => (done.push(key), key))));
        if (context.attempt === 1) throw new Error('again');
        done.push(all.join(''));
      });
      expect(task.state).toBe('completed');
      expect(done).toEqual(['a', 'b', 'c', 'cba']);
    });

    it('is recorded where one beside it throws', async () => {
      const tasks = await start();
      const task = await run(tasks, (context) =>
        Promise.all([
          context.step('slow', async () => {
            await new Promise(setImmediate);
            done.push('slow');
          }),
          context.step('broken', () => {
            if (context.attempt === 1) throw new Error('broken');
          }),
        ]),
      );
      expect(task.state).toBe('completed');
      expect(done).toEqual(['slow']);
    });

    it('goes on through a deploy that adds, renames, reorders and removes steps', async () => {
      const tasks = await start();
      const before: Script = async (context) => {
        for (const name of ['pay', 'pack', 'old', 'renamed']) await step(context, name);
        script = after;
        throw new Error('deployed');
      };
      const after: Script = async (context) => {
        await step(context, 'added');
        await step(context, 'pack');
        await step(context, 'charge', { was: 'pay' });
        await step(context, 'renamed anew');
      };
      const task = await run(tasks, before);
      expect(task.state).toBe('completed');
      expect(done).toEqual(['pay', 'pack', 'old', 'renamed', 'added', 'renamed anew']);
      // What no code names any more is left, and shown.
      expect((await tasks.steps(task.id)).steps.map(({ name }) => name)).toContain('old');
    });

    it('goes with its task', async () => {
      const tasks = await start();
      const { id } = await run(tasks, (context) => context.step('a', () => 1));
      await tasks.delete(id);
      await expect(tasks.steps(id)).rejects.toMatchObject({ code: 'task_not_found' });
    });

    it('has the next attempt go on where the task saved last', async () => {
      const tasks = await start();
      const task = await run(tasks, async (context) => {
        for (let row = (context.saved?.after ?? 0) + 1; row <= 4; row += 1) {
          done.push(`${context.attempt}:${row}`);
          await context.save({ after: row });
          if (row === 2 && context.attempt === 1) throw new Error('cut off');
        }
      });
      expect(task.state).toBe('completed');
      expect(done).toEqual(['1:1', '1:2', '2:3', '2:4']);
      expect((await tasks.steps(task.id)).total).toBe(1);
    });

    it.each(['failed', 'cancelled', 'retryable'] as const)(
      'is forgotten with what was recorded after it, where a %s task is retried from it',
      async (state) => {
        const tasks = await start();
        script = async (context) => {
          for (const name of ['charge', 'book', 'ship']) await step(context, name);
          if (done.length > 3) return;
          if (state === 'cancelled') await context.waitFor('word');
          throw new Error('wrong truck');
        };
        const options = state === 'retryable' ? { maxRetries: 2, retryDelay: '1h' } : NEVER;
        const { id } = await tasks.queue('default', 'work', {}, options);
        const isPut = state === 'cancelled' ? 'suspended' : state;
        await when(tasks, id, (task) => task.state === isPut);
        if (state === 'cancelled') await tasks.cancel(id);
        expect((await tasks.get(id)).state).toBe(state);
        expect((await tasks.steps(id)).steps.slice(0, 3).map(({ name }) => name)).toEqual(['charge', 'book', 'ship']);
        await expect(tasks.retry(id, { from: 'fly' })).rejects.toThrow('Recorded: "charge", "book"');
        await tasks.retry(id, { from: 'book' });
        expect((await ended(tasks, id)).state).toBe('completed');
        expect(done).toEqual(['charge', 'book', 'ship', 'book', 'ship']);
        await expect(tasks.retry(id, { from: 'book' })).rejects.toMatchObject({ code: 'task_state' });
      },
    );

    it('stays on record of a task that was cancelled and is retried', async () => {
      const tasks = await start();
      const id = await begin(tasks, async (context) => {
        await step(context, 'charge');
        await context.waitFor('word');
        await context.waitFor('last');
      });
      await tasks.signal(id, 'later', 1);
      await tasks.cancel(id);
      expect(await tasks.get(id)).toMatchObject({ state: 'cancelled', steps: true });
      expect((await tasks.steps(id)).signals).toMatchObject([{ name: 'later' }]);
      await expect(tasks.signal(id, 'word')).rejects.toMatchObject({ code: 'task_state' });
      await tasks.retry(id);
      await when(tasks, id, ({ state }) => state === 'suspended');
      expect(done).toEqual(['charge']);
      await tasks.signal(id, 'word');
      await tasks.signal(id, 'last');
      expect((await ended(tasks, id)).state).toBe('completed');
      expect(done).toEqual(['charge']);
    });
  });

  describe(`a suspended task ${engine}`, () => {
    it('sleeps without using up an attempt, over a shutdown, and goes on', async () => {
      const site = await siteOf();
      const first = await bootApp({ providers: [Scripted], tasks: { ...site, workers: { default: 10 } } });
      const id = await begin(dispatcherOf(first), async (context) => {
        await step(context, 'before');
        await context.sleep('grace', 2_000);
        done.push('after');
      });
      expect(await dispatcherOf(first).get(id)).toMatchObject({
        state: 'suspended',
        steps: true,
        waitingFor: { waits: [{ kind: 'sleep', name: 'grace' }], total: 1 },
        attempts: [{ outcome: 'snoozed' }],
        maxAttempts: 4,
      });
      const depth = (await dispatcherOf(first).stats()).find(({ queue }) => queue === 'default')!;
      expect(depth.counts).toMatchObject({ suspended: 1, retryable: 0, scheduled: 0 });
      expect((await dispatcherOf(first).list({ states: ['suspended'] })).items.map((task) => task.id)).toEqual([id]);
      await first.close();
      const tasks = await start(site);
      const task = await ended(tasks, id);
      expect(task.waitingFor).toBeUndefined();
      expect(done).toEqual(['before', 'after']);
      expect((await tasks.steps(id)).steps).toMatchObject([
        { name: 'before' },
        { name: 'grace', finishedAt: expect.any(Number) as number },
      ]);
    });

    it('takes signals that come while it runs, twice, and at any moment of its suspension', async () => {
      const tasks = await start();
      const sent: Promise<void>[] = [];
      script = async (context) => {
        if (context.attempt === 1) {
          await tasks.signal(context.id, 'row', 'a');
          await tasks.signal(context.id, 'row', 'b');
          const turns = sent.length % 8;
          const send = async (): Promise<void> => {
            for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
            await tasks.signal(context.id, 'word', turns);
          };
          sent.push(send());
        }
        const word = await context.waitFor<number>('word');
        const rows = [
          await context.waitFor('row'),
          await context.waitFor('row'),
          await context.waitFor('row', { timeout: 0 }),
        ];
        done.push(`${typeof word} ${rows.join()}`);
      };
      const queued = await tasks.queueMany(
        'default',
        'work',
        Array.from({ length: 24 }, () => ({})),
      );
      for (const { id } of queued) {
        expect((await ended(tasks, id)).state).toBe('completed');
        expect((await tasks.steps(id)).signals).toEqual([]);
      }
      expect(done).toEqual(queued.map(() => 'number a,b,'));
      await Promise.all(sent);
    });

    it('takes a signal that was sent before it waits, and each once, in order, whatever its name is', async () => {
      const tasks = await start();
      const id = await begin(tasks, async (context) => {
        const taken = [await context.waitFor('first')];
        for (let round = 0; round < 3; round += 1) taken.push(await context.waitFor('row'));
        for (const name of ODD_NAMES) taken.push(await context.waitFor(name));
        done.push(JSON.stringify(taken));
      });
      for (const row of ['a', 'b', 'c']) await tasks.signal(id, 'row', row);
      expect((await tasks.get(id)).state).toBe('suspended');
      expect((await tasks.steps(id)).signals).toMatchObject([{ payload: 'a' }, { payload: 'b' }, { payload: 'c' }]);
      await tasks.signal(id, 'first', 1);
      for (const name of ODD_NAMES) await tasks.signal(id, name, { name });
      expect((await ended(tasks, id)).state).toBe('completed');
      expect(done).toEqual([JSON.stringify([1, 'a', 'b', 'c', ...ODD_NAMES.map((name) => ({ name }))])]);
      expect((await tasks.steps(id)).signals).toEqual([]);
      await expect(tasks.signal(id, 'row', 'late')).rejects.toThrow('Cannot signal task');
      await expect(tasks.signal('none', 'row')).rejects.toMatchObject({ code: 'task_not_found' });
    });

    it('goes on without a signal at the timeout', async () => {
      const tasks = await start();
      const id = await begin(tasks, async (context) => {
        done.push(JSON.stringify(await context.waitFor('yes', { timeout: '2s' })));
      });
      expect((await ended(tasks, id)).state).toBe('completed');
      expect(done).toEqual(['null']);
      await expect(tasks.signal(id, 'yes')).rejects.toMatchObject({ code: 'task_state' });
    });

    it('waits for any of several signals, of which the earliest counts', async () => {
      const tasks = await start();
      const any: Script = async (context) => {
        const [what, value] = await context.waitForAny(['approved', 'rejected'], { timeout: '7d' });
        done.push(`${what}: ${JSON.stringify(value)}`);
      };
      const id = await begin(tasks, any);
      await tasks.signal(id, 'rejected', 'too dear');
      await ended(tasks, id);
      script = async (context) => {
        await context.waitFor('go');
        await any(context);
        await any(context);
      };
      const early = await begin(tasks, script);
      await tasks.signal(early, 'rejected', 1);
      await tasks.signal(early, 'approved', 2);
      await tasks.signal(early, 'go');
      expect((await ended(tasks, early)).state).toBe('completed');
      expect(done).toEqual(['rejected: "too dear"', 'rejected: 1', 'approved: 2']);
    });

    it('is suspended although its handler swallows that, and says so', async () => {
      const tasks = await start();
      const thrown: unknown[] = [];
      const id = await begin(tasks, async (context) => {
        await context.waitFor('word').catch((error: unknown) => thrown.push(error));
        await step(context, 'after').catch((error: unknown) => thrown.push(error));
      });
      expect(done).toEqual([]);
      expect(thrown).toHaveLength(2);
      expect(thrown[0]).toBe(thrown[1]);
      expect((await tasks.get(id)).logs.map(({ message }) => message).join()).toContain(
        'caught the suspension for "word"',
      );
      await tasks.signal(id, 'word');
      await ended(tasks, id);
      expect(done).toEqual(['after']);
    });

    it('is cancelled, deleted and ended by its deadline while it waits', async () => {
      const tasks = await start();
      const wait: Script = (context) => context.waitFor('never');
      const [cancelled, deleted, late] = [
        await begin(tasks, wait),
        await begin(tasks, wait),
        await begin(tasks, wait, { deadline: '3s' }),
      ];
      expect(await tasks.cancel(cancelled)).toMatchObject({ state: 'cancelled' });
      expect((await tasks.get(cancelled)).waitingFor).toBeUndefined();
      await tasks.delete(deleted);
      expect(await ended(tasks, late)).toMatchObject({ state: 'failed', error: { name: 'DeadlineError' } });
      const counts = (await tasks.stats()).find(({ queue }) => queue === 'default')!.counts;
      expect(counts).toMatchObject({ suspended: 0, available: 0, running: 0 });
    });

    it('began to wait when it did, though something beside that throws', async () => {
      const tasks = await start();
      let failedAt = 0;
      const id = await begin(tasks, (context) =>
        Promise.all([
          context.sleep('grace', '1h'),
          context.waitFor('word', { timeout: '2h' }),
          context.step('broken', async () => {
            if (context.attempt > 1) return until('a later time', () => Date.now() > failedAt);
            failedAt = Date.now();
            throw new Error('broken');
          }),
        ]),
      );
      const { steps } = await tasks.steps(id);
      const untilOf = (wanted: string): number => steps.find(({ name }) => name === wanted)!.wait!.until!;
      expect(untilOf('grace') - 3_600_000).toBeLessThanOrEqual(failedAt);
      expect(untilOf('word') - 7_200_000).toBeLessThanOrEqual(failedAt);
    });

    it('has what it waits for on record while something beside that goes on', async () => {
      const tasks = await start();
      const { promise, resolve } = signal();
      script = (context) => Promise.all([context.waitFor('word'), context.step('long', () => promise)]);
      const { id } = await tasks.queue('default', 'work', {}, {});
      const recorded = await until('a wait on record', async () => (await tasks.steps(id)).steps[0]);
      expect(recorded).toMatchObject({ kind: 'wait', name: 'word', finishedAt: null });
      expect(await tasks.get(id)).toMatchObject({ state: 'running' });
      await tasks.signal(id, 'word', 7);
      resolve();
      expect((await ended(tasks, id)).state).toBe('completed');
      expect((await tasks.steps(id)).steps).toMatchObject([
        { name: 'word', result: 7 },
        { name: 'long', result: null },
      ]);
    });

    it('meets another build when it goes on: a wait that is gone does not wake it', async () => {
      const tasks = await start();
      const id = await begin(tasks, (context) => Promise.all([context.waitFor('old'), context.waitFor('poke')]));
      script = (context) => context.waitFor('new');
      await tasks.signal(id, 'poke');
      await when(tasks, id, ({ waitingFor }) => waitingFor?.waits[0]?.name === 'new');
      await tasks.signal(id, 'old');
      expect((await tasks.get(id)).state).toBe('suspended');
      await tasks.signal(id, 'new');
      expect((await ended(tasks, id)).state).toBe('completed');
    });

    it('keeps the signals of one that is changed while it waits for its next attempt', async () => {
      const tasks = await start();
      script = async (context) => {
        await step(context, 'once');
        if (context.attempt === 1) throw new Error('again');
        done.push(`${await context.waitFor<string>('word', { timeout: 0 })}`);
      };
      const { id } = await tasks.queue('default', 'work', {}, { retryDelay: '1h', maxRetries: 1 });
      await when(tasks, id, ({ state }) => state === 'retryable');
      await tasks.signal(id, 'word', 'kept');
      await tasks.update(id, { priority: 3, params: { changed: true } });
      await tasks.retry(id);
      expect(await ended(tasks, id)).toMatchObject({ state: 'completed', params: { changed: true }, priority: 3 });
      expect(done).toEqual(['once', 'kept']);
    });
  });

  describe(`a call of another task ${engine}`, () => {
    class Called {
      @TaskHandler('double', { queue: 'called', maxRetries: 0 })
      double({ number }: { number: number }): number {
        done.push(`double ${number}`);
        if (number > 9 && done.filter((line) => line === `double ${number}`).length === 1) throw new Error('too large');
        return number * 2;
      }
    }

    async function startCalling(): Promise<TaskDispatcher> {
      const tasks = { ...(await siteOf()), ...ONE_WORKER };
      return dispatcherOf(await bootApp({ providers: [Scripted, Called], tasks }));
    }
    const ONE_WORKER = { queues: { default: { concurrency: 1 }, called: { concurrency: 2 } }, workers: undefined };

    it('gives the result of a task, without a worker meanwhile', async () => {
      const tasks = await startCalling();
      const task = await run(tasks, async (context) => {
        const number = await context.call<number>('default', 'double', { number: 1 });
        done.push(`${number}`);
      });
      expect(task.state).toBe('completed');
      expect(done).toEqual(['double 1', '2']);
      expect(task.children).toMatchObject([{ name: 'double', state: 'completed' }]);
      const [called] = (await tasks.steps(task.id)).steps;
      expect(called).toMatchObject({ kind: 'call', name: 'double', wait: { task: task.children[0]!.id } });
    });

    it('gives those of many at once, in their order, each called once', async () => {
      const tasks = await startCalling();
      const numbers = Array.from({ length: 9 }, (_, index) => index);
      const given: unknown[] = [];
      const task = await run(tasks, async (context) => {
        given.push(...(await Promise.all(numbers.map((number) => context.call('called', 'double', { number })))));
      });
      expect(task.state).toBe('completed');
      expect(given).toEqual(numbers.map((number) => number * 2));
      expect(done.toSorted()).toEqual(numbers.map((number) => `double ${number}`));
    });

    it('throws where the task fails, in every attempt, until somebody has it run again', async () => {
      const tasks = await startCalling();
      const thrown: string[] = [];
      const call: Script = async (context) => {
        try {
          done.push(`${await context.call<number>('called', 'double', { number: 10 })}`);
        } catch (error) {
          thrown.push((error as Error).name);
          throw error;
        }
      };
      const task = await run(tasks, call);
      expect(task.state).toBe('failed');
      expect(task.error).toMatchObject({ name: 'TaskFailedError' });
      expect(thrown.filter((name) => name === 'TaskFailedError')).toHaveLength(3);
      expect(done).toEqual(['double 10']);
      await tasks.retry(task.id);
      expect((await ended(tasks, task.id)).state).toBe('completed');
      expect(done).toEqual(['double 10', 'double 10', '20']);
    });

    it('calls nothing twice where something beside the call throws until somebody has it run again', async () => {
      const tasks = await startCalling();
      let isBroken = true;
      const call: Script = async (context) => {
        await step(context, 'first');
        await Promise.all([
          context.call('called', 'double', { number: 1 }),
          context.step('broken', () => {
            if (isBroken) throw new Error('broken');
          }),
        ]);
      };
      const { id, state } = await run(tasks, call, NEVER);
      expect(state).toBe('failed');
      isBroken = false;
      await tasks.retry(id);
      expect((await ended(tasks, id)).state).toBe('completed');
      expect(done).toEqual(['first', 'double 1']);
    });

    it('goes on waiting where the one ends that was called before somebody had the task run again', async () => {
      const tasks = await startCalling();
      await tasks.pauseQueue('called');
      let isBroken = true;
      script = async (context) => {
        const called = context.call('called', 'double', { number: 1 });
        const broken = context.step('broken', () => {
          if (isBroken) throw new Error('broken');
        });
        done.push(String((await Promise.all([called, broken]))[0]));
      };
      const { id } = await tasks.queue('default', 'work', {}, NEVER);
      const [before] = (await ended(tasks, id)).children;
      isBroken = false;
      await tasks.retry(id, { from: 'double' });
      await when(tasks, id, ({ state, children }) => state === 'suspended' && children.length === 2);
      await tasks.pauseQueue('default');
      await tasks.cancel(before!.id);
      expect((await tasks.get(id)).state).toBe('suspended');
      await tasks.resumeQueue('default');
      await tasks.resumeQueue('called');
      expect((await ended(tasks, id)).state).toBe('completed');
      expect(done).toEqual(['double 1', '2']);
    });

    it.each(['cancel', 'delete'] as const)('throws where somebody does %s the task', async (action) => {
      const tasks = await startCalling();
      await tasks.pauseQueue('called');
      script = (context) => context.call('called', 'double', { number: 1 });
      const { id } = await tasks.queue('default', 'work', {}, NEVER);
      const { children } = await when(tasks, id, ({ state }) => state === 'suspended');
      await tasks[action](children[0]!.id);
      const { error } = await ended(tasks, id);
      expect(error?.name).toBe(action === 'cancel' ? 'TaskCancelledError' : 'TaskNotFoundError');
    });
  });
}
