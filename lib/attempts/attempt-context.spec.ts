import 'reflect-metadata';
import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { bootApp, dispatcherOf, ended, when } from '../../test/module/support.js';
import type { TasksModuleRootOptions } from '../config/index.js';
import { InvalidArgumentError, type Task } from '../contract/index.js';
import { TaskHandler } from '../nest/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import type { TaskContext } from './task-context.js';

type Script = (task: TaskContext, params: { n?: number }) => unknown;

/** What the handlers do, by the names of their tasks. */
let scripts: Record<string, Script> = {};
const NAMES = ['work', 'child', 'other', 'join'] as const;

class Handlers {}
for (const name of NAMES) {
  const value = (params: object, task: TaskContext): unknown => scripts[name]?.(task, params);
  Object.defineProperty(Handlers.prototype, name, { value, writable: true });
  const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, name)!;
  TaskHandler(name, { maxRetries: 1, retryDelay: 0 })(Handlers.prototype, name, descriptor);
}

async function boot(options: TasksModuleRootOptions = {}): Promise<TaskDispatcher> {
  return dispatcherOf(await bootApp({ providers: [Handlers], tasks: options }));
}

/** Runs one task to its end. */
async function run(tasks: TaskDispatcher, script: Script): Promise<Task> {
  scripts['work'] = script;
  const { id } = await tasks.queue('default', 'work', {});
  return ended(tasks, id);
}

beforeEach(() => {
  scripts = {};
});

describe('TaskContext: what a handler enqueues', () => {
  it('is a child of the task, also where the app has left its asynchronous context', async () => {
    const tasks = await boot();
    const outside = new AsyncResource('outside');
    let child: { id: string } | undefined;
    const task = await run(tasks, async (context) => {
      child = await outside.runInAsyncScope(() => context.queue('default', 'child', { n: 7 }, { priority: 3 }));
    });
    expect(task.state).toBe('completed');
    expect(await tasks.get(child!.id)).toMatchObject({ parentId: task.id, params: { n: 7 }, priority: 3 });
  });
});

describe('TaskContext: durable steps', () => {
  it('run once, by themselves or with options before or after, and are known by name and key', async () => {
    const tasks = await boot();
    const done: string[] = [];
    const note = (text: string) => () => (done.push(text), text);
    const given: unknown[] = [];
    const task = await run(tasks, async (context) => {
      given.push(await context.step('plain', note('plain')));
      given.push(await context.step('row', { key: 'a' }, note('a')));
      given.push(await context.step('row', note('b'), { key: 'b' }));
      await context.sleep('rest', 1, { key: 'c' });
      if (context.attempt === 1) throw new Error('once more');
    });
    expect(task.state).toBe('completed');
    expect(done).toEqual(['plain', 'a', 'b']);
    expect(given).toEqual([...done, ...done]);
    const { steps } = await tasks.steps(task.id);
    expect(steps).toMatchObject([
      { kind: 'step', name: 'plain' },
      { kind: 'step', name: 'row[a]' },
      { kind: 'step', name: 'row[b]' },
      { kind: 'sleep', name: 'rest[c]' },
    ]);
  });

  it('of a transaction are refused where the tasks are not in a database of the app', async () => {
    const tasks = await boot();
    const refused: unknown[] = [];
    const never = (): never => {
      throw new Error('not to be called');
    };
    await run(tasks, async (context) => {
      refused.push(await context.transaction('pay', never).catch((error: unknown) => error));
      refused.push(await context.transaction('pay', { key: 'a' }, never).catch((error: unknown) => error));
    });
    expect(refused).toMatchObject([{ name: 'StepsNotSupportedError' }, { name: 'StepsNotSupportedError' }]);
  });

  it('give what a signal brought, and null where none came', async () => {
    const tasks = await boot();
    scripts['work'] = async (context) => [
      await context.waitFor('word'),
      await context.waitFor('word', { timeout: 0 }),
      await context.waitForAny(['left', 'right']),
      await context.waitForAny(['left', 'right'], { timeout: 0 }),
    ];
    let seen: unknown;
    scripts['join'] = async (context) => {
      seen = await context.call('default', 'work', {});
    };
    const { id } = await tasks.queue('default', 'join', {});
    await when(tasks, id, ({ state }) => state === 'suspended');
    const { items } = await tasks.list({ name: 'work' });
    await when(tasks, items[0]!.id, ({ state }) => state === 'suspended');
    await tasks.signal(items[0]!.id, 'word', { said: 1 });
    await tasks.signal(items[0]!.id, 'right', 'R');
    expect((await ended(tasks, id)).state).toBe('completed');
    expect(seen).toEqual([{ said: 1 }, null, ['right', 'R'], [null, null]]);
  });

  it('keep what was saved last', async () => {
    const tasks = await boot();
    const found: unknown[] = [];
    const task = await run(tasks, async (context) => {
      found.push(context.saved);
      await context.save({ row: context.attempt });
      found.push(context.saved);
      if (context.attempt === 1) throw new Error('once more');
    });
    expect(task.state).toBe('completed');
    expect(found).toEqual([undefined, { row: 1 }, { row: 1 }, { row: 2 }]);
  });

  it('are begun no more once the attempt has ended', async () => {
    const tasks = await boot();
    let left: TaskContext | undefined;
    await run(tasks, (context) => void (left = context));
    await expect(left!.step('late', () => 1)).rejects.toMatchObject({ name: 'StepNameError' });
  });

  it('that are still under way when the handler ends are waited for, and recorded', async () => {
    const tasks = await boot();
    const ends: string[] = [];
    const task = await run(tasks, (context) => {
      for (const name of ['a', 'b']) {
        void context.step(name, async () => {
          await new Promise(setImmediate);
          ends.push(name);
        });
      }
      if (context.attempt === 1) throw new Error('at once');
    });
    expect(task).toMatchObject({ state: 'completed', attempt: 2, attempts: [{ outcome: 'retried' }, {}] });
    expect(ends).toEqual(['a', 'b']);
    expect((await tasks.steps(task.id)).steps.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('suspend the task where the handler catches what says so, with a word in its log', async () => {
    const tasks = await boot();
    scripts['work'] = async (context) => {
      for (const name of ['first', 'second']) await context.waitFor(name).catch(() => 'swallowed');
    };
    const { id } = await tasks.queue('default', 'work', {});
    await when(tasks, id, ({ state }) => state === 'suspended');
    const { logs } = await tasks.get(id);
    expect(logs.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The handler of Task "work" .* caught the suspension for "first".* went on: it is suspended/,
      ),
    ]);
    for (const name of ['first', 'second']) await tasks.signal(id, name);
    expect((await ended(tasks, id)).state).toBe('completed');
  });

  it('say nothing where the handler lets the suspension through', async () => {
    const tasks = await boot();
    scripts['work'] = (context) => context.waitFor('word');
    const { id } = await tasks.queue('default', 'work', {});
    await when(tasks, id, ({ state }) => state === 'suspended');
    expect(await tasks.get(id)).toMatchObject({ logs: [], maxAttempts: 3, attempts: [{ outcome: 'snoozed' }] });
    await tasks.signal(id, 'word');
    expect((await ended(tasks, id)).state).toBe('completed');
  });
});

describe('TaskContext: a call of another task', () => {
  it('gives what that returns, which is enqueued once in all attempts, as its child and with its options', async () => {
    const tasks = await boot({ queues: { default: {}, other: {} } });
    scripts['child'] = (_, { n }) => ({ double: n! * 2 });
    const given: unknown[] = [];
    const task = await run(tasks, async (context) => {
      given.push(
        await Promise.all([
          context.call('other', 'child', { n: 1 }, { priority: 4 }),
          context.call('default', 'child', { n: 2 }, { key: 'two' }),
        ]),
      );
      if (given.length === 1) throw new Error('once more');
    });
    expect(task.state).toBe('completed');
    expect(given).toEqual([
      [{ double: 2 }, { double: 4 }],
      [{ double: 2 }, { double: 4 }],
    ]);
    const { items } = await tasks.list({ name: 'child' });
    const called = await Promise.all(items.map(({ id }) => tasks.get(id)));
    const facts = called.map(({ queue, priority, parentId }) => `${queue} ${priority} ${parentId === task.id}`);
    expect(facts.toSorted()).toEqual(['default 0 true', 'other 4 true']);
    const { steps } = await tasks.steps(task.id);
    expect(steps.map(({ name }) => name).toSorted()).toEqual(['child', 'child[two]']);
  });

  it('is known by the key and the name that it had before', async () => {
    const tasks = await boot();
    scripts['child'] = scripts['other'] = (context) => context.name;
    const given: unknown[] = [];
    const task = await run(tasks, async (context) => {
      given.push(
        context.attempt < 2
          ? await context.call('default', 'child', {}, { key: 'a' })
          : await context.call('default', 'other', {}, { key: 'a', was: 'child' }),
      );
    });
    expect(task.state).toBe('completed');
    // What was begun under the former name is what comes back.
    expect(given).toEqual(['child']);
    expect((await tasks.list({ name: 'other' })).items).toEqual([]);
  });
});

describe('TaskContext: a workflow', () => {
  it('gains what its tasks add, once in all attempts, and hands on what they returned', async () => {
    const tasks = await boot();
    scripts = {
      work: async (context) => {
        for (const n of [1, 2]) await context.add('default', 'child', { n });
        await context.add('default', 'child', { n: 3 }, { key: 'three', priority: 5 });
        await context.add('default', 'other', {});
        if (context.attempt === 1) throw new Error('once more');
        return 'worked';
      },
      child: (_, { n }) => n,
      other: () => 'other',
      join: async (context) => ({
        work: await context.resultOf('work'),
        children: await context.resultsOf<number>('child'),
        none: await context.resultOf('nothing').catch((error: Error) => error.name),
      }),
    };
    const w = tasks.workflow('flow');
    const work = w.add('default', 'work', {});
    w.add('default', 'join', {}, { after: work });
    const flow = await w.start();
    const { join } = (await flow.result()) as { join: { children: number[] } };
    expect({ ...join, children: join.children.toSorted((a, b) => a - b) }).toEqual({
      work: 'worked',
      children: [1, 2, 3],
      none: 'NoResultError',
    });
    const { items } = await tasks.list({ name: 'child' });
    expect(items).toHaveLength(3);
    expect((await tasks.list({ name: 'other' })).items).toHaveLength(1);
    expect(items.filter(({ priority }) => priority === 5)).toMatchObject([{ params: { n: 3 } }]);
  });

  it('is asked for in vain by a task that is of none', async () => {
    const tasks = await boot();
    const refused: unknown[] = [];
    const task = await run(tasks, async (context) => {
      for (const call of [
        async () => context.add('default', 'child', {}),
        async () => context.resultOf('work'),
        async () => context.resultsOf('work'),
      ]) {
        await call().catch((error: unknown) => refused.push(error));
      }
    });
    expect(task.state).toBe('completed');
    for (const [index, method] of ['add', 'resultOf', 'resultsOf'].entries()) {
      expect(refused[index]).toBeInstanceOf(InvalidArgumentError);
      expect(refused[index]).toMatchObject({
        field: 'workflow',
        message: expect.stringContaining(`Task "work" (${task.id}) is of no workflow, and task.${method} is`) as string,
      });
    }
  });
});

describe('TaskContext: the signal', () => {
  it('is one, and is not aborted where nothing aborts it', async () => {
    const tasks = await boot();
    let aborted: boolean | null = null;
    const task = await run(tasks, async ({ signal }) => {
      await sleep(20);
      aborted = signal.aborted;
    });
    expect(task.state).toBe('completed');
    expect(aborted).toBe(false);
  });
});

describe('TaskContext: the log', () => {
  it('keeps a thousand lines without a word, and takes whatever it is given', async () => {
    const tasks = await boot();
    const task = await run(tasks, (context) => {
      const odd = {
        toString() {
          throw new Error('no');
        },
      };
      context.log(odd as never);
      for (let line = 2; line <= 1_000; line += 1) context.log(`${line}`);
    });
    expect(task.logs).toHaveLength(1_000);
    expect(task.logs.map(({ message }) => message).slice(0, 2)).toEqual(['[no text]', '2']);
    expect(task.logs.at(-1)!.message).toBe('1000');
  });
});
