import 'reflect-metadata';
import { join } from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { beforeEach, describe, expect, it } from 'vitest';
import { Sensitive, TaskHandler, TasksModule } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, tempDirectory } from './support.js';

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

async function start(tasks = {}): Promise<TaskDispatcher> {
  return dispatcherOf(await bootApp({ providers: [Scripted], tasks }));
}

/** Runs one task by the script, to its end. */
async function run(tasks: TaskDispatcher, what: Script, options: object = {}) {
  script = what;
  const { id } = await tasks.queue('default', 'work', {}, options);
  return ended(tasks, id);
}

beforeEach(() => {
  done = [];
});

describe('task.step', () => {
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
    expect(task.state).toBe('completed');
    expect(done).toEqual(['charge', 'after 7', 'ship', 'after 7', 'ship', 'after 7', 'ship']);
    expect(keys).toEqual([`${task.id}/charge`]);
    const { steps, total } = await tasks.steps(task.id);
    expect(total).toBe(2);
    expect(steps).toMatchObject([
      { kind: 'step', name: 'charge', number: 0, attempt: 1, result: { id: 7 } },
      { kind: 'step', name: 'ship', number: 0, attempt: 3, result: null },
    ]);
  });

  it('hands in one key for all attempts of a step that was not recorded', async () => {
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

  it('gives what JSON makes of a value, the first time as later', async () => {
    const tasks = await start();
    const at = new Date(0);
    const given: unknown[] = [];
    await run(tasks, async (context) => {
      given.push(await context.step('date', () => ({ at, none: undefined })));
      given.push(await context.step('nothing', () => undefined));
      if (context.attempt === 1) throw new Error('again');
    });
    const once = [{ at: at.toISOString() }, null];
    expect(given).toEqual([...once, ...once]);
  });

  it('masks what is sensitive of what it gave', async () => {
    const tasks = await start();
    const { id } = await run(tasks, (context) => context.step('card', () => new Card('4111', new Date(0))));
    const { steps } = await tasks.steps(id);
    expect(JSON.stringify(steps)).not.toContain('4111');
    expect(steps[0]).toMatchObject({ result: { at: '1970-01-01T00:00:00.000Z' } });
  });

  it.each<[string, Script, string]>([
    [
      'a second of its name that runs at the same time',
      (task) => Promise.all([task.step('a', () => 1), task.step('a', () => 2)]),
      '{ key: row.id }',
    ],
    [
      'one within another',
      (task) => task.step('outer', async () => task.step('inner', () => 1)),
      'Step "inner" stands within step "outer"',
    ],
    [
      'one in a transaction',
      (task) => task.step('outer', async () => task.transaction('inner', () => 1)),
      'Step "inner" stands within step "outer"',
    ],
    ['one without a name', (task) => task.step('', () => 1), '1 to 200 characters'],
    ['one without a function', (task) => task.step('a', 1 as never), 'has no function'],
    ['an option that there is not', (task) => task.step('a', () => 1, { retries: 1 } as object), 'no option "retries"'],
    [
      'what JSON cannot hold',
      (task) => task.step('a', () => ({ big: 10n })),
      'Step "a" gave what JSON cannot hold: big',
    ],
    ['more than results may take', (task) => task.step('a', () => 'x'.repeat(2_000)), '"maxResultSize"'],
  ])('refuses %s', async (_, what, message) => {
    const tasks = await start({ maxResultSize: 1_000 });
    const task = await run(tasks, what, NEVER);
    expect(task.error?.message).toContain(message);
    expect((await tasks.steps(task.id)).steps.filter(({ name }) => name !== 'a')).toEqual([]);
  });

  it('runs at the same time under keys of their own', async () => {
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

  it('records what runs beside a step that throws', async () => {
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
    const step = (context: TaskContext, name: string, options = {}) =>
      context.step(name, () => void done.push(name), options);
    const before: Script = async (context) => {
      await step(context, 'pay');
      await step(context, 'pack');
      await step(context, 'old');
      await step(context, 'renamed');
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

  it('refuses one that is begun after the attempt has ended', async () => {
    const tasks = await start();
    let late: Promise<unknown> = Promise.resolve();
    await run(tasks, (context) => {
      late = new Promise((resolve) => setImmediate(resolve)).then(() => context.step('late', () => 1));
      late.catch(() => undefined);
    });
    await expect(late).rejects.toThrow('await each step');
  });

  it('goes with its task', async () => {
    const tasks = await start();
    const { id } = await run(tasks, (context) => context.step('a', () => 1));
    await tasks.delete(id);
    await expect(tasks.steps(id)).rejects.toMatchObject({ code: 'task_not_found' });
  });

  it('refuses a transaction where the tasks are in a file of their own, in place and in a thread', async () => {
    for (const database of [':memory:', join(tempDirectory(), 'tasks.db')]) {
      const tasks = await start({ database });
      const task = await run(tasks, (context) => context.transaction('book', () => 1), NEVER);
      expect(task.error?.name).toBe('StepsNotSupportedError');
      expect(task.error?.message).toContain("dataSource: 'default'");
    }
  });

  it('works on the thread of the store', async () => {
    const tasks = await start({ database: join(tempDirectory(), 'tasks.db') });
    const task = await run(tasks, async (context) => {
      for (let row = 0; row < 20; row += 1) await context.step('row', () => void done.push(`${row}`));
      if (context.attempt === 1) throw new Error('again');
    });
    expect(task.state).toBe('completed');
    expect(done).toHaveLength(20);
    expect((await tasks.steps(task.id)).total).toBe(20);
  });
});

describe('task.transaction', () => {
  let dataSource: DataSource;

  async function startOnDatabase(): Promise<TaskDispatcher> {
    const app = await bootApp({
      tasks: null,
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database: join(tempDirectory(), 'app.db') }),
        TasksModule.forRoot({ dataSource: 'default', configFile: false, admin: false }),
      ],
      providers: [Scripted],
    });
    dataSource = app.get(DataSource);
    await dataSource.query('CREATE TABLE booking (id INTEGER PRIMARY KEY, note TEXT)');
    return dispatcherOf(app);
  }

  const book = (note: string, context: TaskContext) =>
    context.transaction('book', async (manager) => {
      await manager.query('INSERT INTO booking (note) VALUES (?)', [note]);
      const [{ n }] = (await manager.query('SELECT count(*) AS n FROM booking')) as [{ n: number }];
      return n;
    });
  const notes = async () => (await dataSource.query('SELECT note FROM booking ORDER BY id')) as Array<{ note: string }>;

  it('commits the rows and the record together, once', async () => {
    const tasks = await startOnDatabase();
    const counts: number[] = [];
    const task = await run(tasks, async (context) => {
      counts.push(await book('one', context));
      if (context.attempt === 1) throw new Error('again');
    });
    expect(task.state).toBe('completed');
    expect(counts).toEqual([1, 1]);
    expect(await notes()).toEqual([{ note: 'one' }]);
    expect((await tasks.steps(task.id)).steps).toMatchObject([{ kind: 'transaction', name: 'book', result: 1 }]);
  });

  it('takes the rows back where it throws, or its result cannot be recorded', async () => {
    const tasks = await startOnDatabase();
    const task = await run(tasks, async (context) => {
      await context.transaction('book', async (manager) => {
        await manager.query("INSERT INTO booking (note) VALUES ('lost')");
        if (context.attempt === 1) throw new Error('rolled back');
        return context.attempt === 2 ? 10n : null;
      });
    });
    expect(task.state).toBe('completed');
    expect(task.attempts.map(({ error }) => error?.name ?? null)).toEqual(['Error', 'StepResultError', null]);
    expect(await notes()).toEqual([{ note: 'lost' }]);
  });

  it('is never part of another one, of a task or of the app', async () => {
    const tasks = await startOnDatabase();
    script = (context) => book(context.id, context);
    const queued = await tasks.queueMany(
      'default',
      'work',
      Array.from({ length: 10 }, () => ({})),
    );
    await dataSource
      .transaction(async (manager) => {
        await manager.query("INSERT INTO booking (note) VALUES ('of the app')");
        for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
        throw new Error('the app changes its mind');
      })
      .catch(() => undefined);
    for (const { id } of queued) expect((await ended(tasks, id)).state).toBe('completed');
    const ids = queued.map(({ id }) => id).toSorted();
    expect((await notes()).map(({ note }) => note).toSorted()).toEqual(ids);
  });
});
