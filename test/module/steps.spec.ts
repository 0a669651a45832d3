import 'reflect-metadata';
import { join } from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cron, Sensitive, TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { cli } from '../backup/support/cli.js';
import { CostMeter } from '../cost/cost-meter.js';
import { bootApp, dispatcherOf, ended, onTestEnd, signal, tempDirectory, when } from './support.js';

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
    ...(
      [
        ['sleep', (task) => task.sleep('inner', 0)],
        ['wait', (task) => task.waitFor('inner')],
        ['call', (task) => task.call('default', 'inner', {})],
        ['checkpoint', (task) => task.save(1)],
      ] satisfies Array<[string, (task: TaskContext) => Promise<unknown>]>
    ).map(([what, inner]): [string, Script, string] => [
      `a ${what} within one`,
      (task) => task.step('outer', async () => inner(task)),
      'stands within step "outer"',
    ]),
    [
      'two waits for one signal at the same time',
      (task) => Promise.all([task.waitFor('a'), task.waitFor('a')]),
      'give each a key',
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

  it('costs as much for the last of 10,000 as for the first, nothing in a replay, and refuses one more', async () => {
    const PART = 1_000;
    const tasks = await start();
    const meter = new CostMeter();
    onTestEnd(() => meter.stop());
    const costs: Array<{ statements: number; changed: number }> = [];
    const rows = Array.from({ length: PART }, (_, row) => String(row));
    const over = signal();
    script = async (context) => {
      for (let part = 0; part < 10; part += 1) {
        const some = () => Promise.all(rows.map((key) => context.step(`part ${part}`, { key }, () => 1)));
        costs.push(await meter.measure(some));
      }
      if (context.attempt === 1) throw new Error('again');
      over.resolve();
      await context.step('one more', () => done.push('one more'));
    };
    const { id } = await tasks.queue('default', 'work', {}, { maxRetries: 1 });
    // Nobody looks at the task meanwhile, which would be counted too.
    await over.promise;
    const task = await ended(tasks, id);
    // Duties that go by time come in between.
    const others = PART / 10;
    for (const { statements, changed } of costs.slice(0, 10)) {
      expect(statements).toBeLessThan(2 * PART + others);
      expect(changed).toBeGreaterThanOrEqual(PART);
    }
    for (const { statements } of costs.slice(10)) expect(statements).toBeLessThan(others);
    expect(costs).toHaveLength(20);
    expect(task.error).toMatchObject({
      name: 'StepResultError',
      message: expect.stringContaining('Step "one more" would be one more than the 10,000') as string,
    });
    expect(done).toEqual([]);
    const listed = await tasks.steps(task.id);
    expect([listed.total, listed.steps.length]).toEqual([10 * PART, 1_000]);
  });

  it('refuses what would bring the results of a task over 32 MiB, also of steps that run at the same time', async () => {
    const tasks = await start();
    const mebibyte = 'x'.repeat(1_024 ** 2 - 2);
    const numbers = Array.from({ length: 33 }, (_, number) => String(number));
    const ends: string[] = [];
    const task = await run(tasks, async (context) => {
      const all = await Promise.allSettled(numbers.map((key) => context.step('row', { key }, () => mebibyte)));
      for (const end of all) if (end.status === 'rejected') ends.push((end.reason as Error).message);
      await context.save(null).catch((error: Error) => ends.push(error.message));
    });
    expect(task.state).toBe('completed');
    expect(ends).toEqual([
      expect.stringContaining('Step "row[32]" would bring the results of the task\'s steps over 32 MiB'),
      expect.stringContaining('Step "saved" would bring'),
    ]);
    const { total, steps } = await tasks.steps(task.id);
    expect(total).toBe(32);
    expect(steps[0]).toMatchObject({ isLarge: true });
    expect(steps[0]).not.toHaveProperty('result');
  });

  it('refuses to leave a task to the completion of an attempt from within', async () => {
    const tasks = await start();
    const task = await run(
      tasks,
      (context) => context.step('mail', () => context.queue('default', 'work', {}, { with: 'completion' })),
      NEVER,
    );
    expect(task).toMatchObject({
      state: 'failed',
      error: { name: 'InvalidArgumentError', message: expect.stringContaining('Step "mail" is recorded') as string },
    });
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

describe('A suspended task', () => {
  const HOUR = 3_600_000;

  async function startAt(now = Date.UTC(2027, 0, 1), database = ':memory:') {
    const clock = new ManualClock(now);
    const app = await bootApp({ providers: [Scripted], tasks: { clock, database } });
    return { tasks: dispatcherOf(app), clock, close: () => app.close() };
  }

  async function begin(tasks: TaskDispatcher, what: Script, options: object = {}): Promise<string> {
    script = what;
    const { id } = await tasks.queue('default', 'work', {}, options);
    await when(tasks, id, ({ state }) => state === 'suspended');
    return id;
  }

  it('sleeps without a worker and without using up an attempt, and goes on', async () => {
    const { tasks, clock } = await startAt();
    const started = clock.now();
    const id = await begin(tasks, async (context) => {
      await context.step('before', () => void done.push('before'));
      await context.sleep('grace', '3d');
      done.push('after');
    });
    const suspended = await tasks.get(id);
    expect(suspended).toMatchObject({
      state: 'suspended',
      steps: true,
      waitingFor: { since: started, until: started + 72 * HOUR, waits: [{ kind: 'sleep', name: 'grace' }], total: 1 },
      attempts: [{ outcome: 'snoozed' }],
      maxAttempts: 4,
    });
    clock.advance(71 * HOUR);
    expect((await tasks.get(id)).state).toBe('suspended');
    clock.advance(HOUR);
    const task = await ended(tasks, id);
    expect(task.waitingFor).toBeUndefined();
    expect(done).toEqual(['before', 'after']);
    expect((await tasks.steps(id)).steps).toMatchObject([
      { name: 'before' },
      { name: 'grace', finishedAt: clock.now() },
    ]);
  });

  it('sleeps over a shutdown, and not again where the clock is set back after it', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const first = await startAt(Date.UTC(2027, 0, 1), database);
    let clock = first.clock;
    const id = await begin(first.tasks, async (context) => {
      await context.sleep('grace', '1d');
      done.push('woken');
      if (done.length > 1) return;
      clock.set(Date.UTC(2026, 0, 1));
      throw new Error('again');
    });
    await first.close();
    const later = await startAt(Date.UTC(2027, 0, 3), database);
    clock = later.clock;
    expect((await ended(later.tasks, id)).state).toBe('completed');
    expect(done).toEqual(['woken', 'woken']);
  });

  it('waits in place for less than a second', async () => {
    const tasks = await start();
    const task = await run(tasks, async (context) => {
      await context.sleep('none', 0);
      await context.sleep('short', 5);
    });
    expect(task).toMatchObject({ state: 'completed', attempt: 1 });
  });

  it('goes on without a signal at the timeout, and takes one that comes in the same moment', async () => {
    const { tasks, clock } = await startAt();
    const ask: Script = async (context) => done.push(JSON.stringify(await context.waitFor('yes', { timeout: '1h' })));
    const without = await begin(tasks, ask);
    const other = await begin(tasks, ask);
    const inTime = tasks.signal(other, 'yes', { by: 'her' });
    clock.advance(HOUR);
    await inTime;
    await ended(tasks, without);
    await ended(tasks, other);
    expect(done.toSorted()).toEqual(['null', '{"by":"her"}']);
  });

  it('waits for any of several signals', async () => {
    const { tasks, clock } = await startAt();
    const any: Script = async (context) => {
      const [what, value] = await context.waitForAny(['approved', 'rejected'], { timeout: '7d' });
      done.push(`${what}: ${JSON.stringify(value)}`);
    };
    const id = await begin(tasks, any);
    await tasks.signal(id, 'rejected', 'too dear');
    await ended(tasks, id);
    // What was sent before it waits counts too, the earliest first, whichever it is named first.
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
    const silent = await begin(tasks, any);
    clock.advance(7 * 24 * HOUR);
    await ended(tasks, silent);
    expect(done).toEqual(['rejected: "too dear"', 'rejected: 1', 'approved: 2', 'null: null']);
  });

  it('waits for what runs beside it, and for all that it waits for', async () => {
    const { tasks, clock } = await startAt();
    const id = await begin(tasks, async (context) => {
      const [, word] = await Promise.all([
        context.sleep('grace', '1h'),
        context.waitFor<string>('word'),
        context.step('beside', async () => {
          await new Promise(setImmediate);
          done.push('beside');
        }),
      ]);
      done.push(`${word}`);
    });
    expect((await tasks.get(id)).waitingFor?.waits).toMatchObject([{ name: 'grace' }, { name: 'word' }]);
    await tasks.signal(id, 'word', 'go');
    await when(tasks, id, ({ waitingFor }) => waitingFor?.total === 1);
    clock.advance(HOUR);
    await ended(tasks, id);
    expect(done).toEqual(['beside', 'go']);
  });

  it('is cancelled, deleted and ended by its deadline while it waits', async () => {
    const { tasks, clock } = await startAt();
    const wait: Script = (context) => context.waitFor('never', { timeout: '2h' });
    const [cancelled, deleted, late] = [
      await begin(tasks, wait),
      await begin(tasks, wait),
      await begin(tasks, wait, { deadline: '1h' }),
    ];
    expect(await tasks.cancel(cancelled)).toMatchObject({ state: 'cancelled' });
    expect((await tasks.get(cancelled)).waitingFor).toBeUndefined();
    await tasks.delete(deleted);
    clock.advance(HOUR);
    expect(await ended(tasks, late)).toMatchObject({ state: 'failed', error: { name: 'DeadlineError' } });
    // What it waits for goes on where somebody has it run again.
    await tasks.retry(cancelled);
    await when(tasks, cancelled, ({ state }) => state === 'suspended');
    clock.advance(HOUR);
    expect((await ended(tasks, cancelled)).state).toBe('completed');
    const counts = (await tasks.stats()).find(({ queue }) => queue === 'default')!.counts;
    expect(counts).toMatchObject({ suspended: 0, available: 0, running: 0 });
  });

  it('meets another build when it goes on, which adds, renames, moves and removes steps and waits', async () => {
    const { tasks, clock } = await startAt();
    const note = (context: TaskContext, name: string, options = {}) =>
      context.step(name, options, () => void done.push(name));
    const id = await begin(tasks, async (context) => {
      await note(context, 'pay');
      await note(context, 'pack');
      await context.sleep('pause', '1h');
    });
    script = async (context) => {
      await note(context, 'added');
      await context.sleep('rest', '1h', { was: 'pause' });
      await note(context, 'charge', { was: 'pay' });
      await Promise.all([context.waitFor('agreed', { timeout: '1d' }), context.waitFor('poke')]);
    };
    clock.advance(HOUR);
    await when(tasks, id, ({ waitingFor }) => waitingFor?.total === 2);
    script = async (context) => {
      await note(context, 'pack');
      const [word] = await Promise.all([
        context.waitFor('approved', { timeout: '9d', was: 'agreed' }),
        context.waitFor('poke'),
      ]);
      done.push(JSON.stringify(word));
    };
    // The build that it was suspended by knew no such signal: it is kept.
    await tasks.signal(id, 'approved', 'yes');
    expect((await tasks.get(id)).state).toBe('suspended');
    await tasks.signal(id, 'poke');
    expect((await ended(tasks, id)).state).toBe('completed');
    expect(done).toEqual(['pay', 'pack', 'added', '"yes"']);
    const names = (await tasks.steps(id)).steps.map(({ name }) => name);
    expect(names).toEqual(['pay', 'pack', 'pause', 'added', 'agreed', 'poke']);
  });

  it('works on the thread of the store', async () => {
    const tasks = await start({ database: join(tempDirectory(), 'tasks.db') });
    const id = await begin(tasks, async (context) => {
      done.push(`${await context.waitFor<string>('word')}`);
      await context.sleep('short', 1_050);
    });
    await tasks.signal(id, 'word', 'over');
    expect((await ended(tasks, id)).state).toBe('completed');
    expect(done.at(-1)).toBe('over');
  });
});

describe('Steps of other handlers', () => {
  it('are those of a class and of a cron method as well', async () => {
    @TaskHandler('order', NEVER)
    class Order {
      async handle(_params: object, task: TaskContext): Promise<void> {
        done.push(`${task.name} ${await task.waitFor<string>('go')}`);
      }
    }
    class Nightly {
      @Cron('0 3 * * *', { name: 'nightly' })
      async run(task: TaskContext): Promise<void> {
        await task.step('count', () => void done.push('count'));
        done.push(`${task.name} ${await task.waitFor<string>('go')}`);
      }
    }
    const app = await bootApp({ providers: [Order, Nightly] });
    const tasks = dispatcherOf(app);
    const ids = [
      (await tasks.queue('default', 'order', {})).id,
      (await app.get(CronSchedules, { strict: false }).trigger('nightly')).id,
    ];
    for (const id of ids) {
      await when(tasks, id, ({ state }) => state === 'suspended');
      await tasks.signal(id, 'go', 'on');
      expect((await ended(tasks, id)).state).toBe('completed');
    }
    expect(done).toEqual(['count', 'order on', 'nightly on']);
  });
});

describe('The command line', () => {
  it('finds a task, tells what it waits for, sends that, and retries it from a step', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const on = (...args: string[]) => cli(...args, '--database', database);
    const tasks = await start({ database });
    await tasks.queue('default', 'work', {}, { tags: { order: '8' }, delay: '1h' });
    script = async (context) => {
      await context.step('charge', () => (done.push('charge'), { id: 7 }));
      const { by } = (await context.waitFor<{ by: string }>('approved'))!;
      await context.step('ship', () => {
        done.push('ship');
        if (done.length === 2) throw new Error(`${by}:\n\u001B[31mno truck`);
      });
    };
    const { id } = await tasks.queue('default', 'work', {}, { tags: { order: '7' }, ...NEVER });
    await when(tasks, id, ({ state }) => state === 'suspended');

    const listed = await on('list', '--tag', 'order:7', '--state', 'suspended', '--json');
    expect(listed).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(listed.out)).toMatchObject({ id, state: 'suspended', tags: { order: '7' } });
    expect((await on('list', '--search', id)).out).toMatch(
      new RegExp(`^${id}  suspended  default  work  .*  order:7\n$`),
    );
    const shown = (await on('show', id)).out;
    expect(shown).toContain('waits for  wait approved');
    expect(shown).toMatch(/step  charge {4}attempt 1 .* \{"id":7\}\n {2}wait  approved  attempt 1 .*waits/);

    const sent = await on('signal', id, 'approved', '{"by":"her"}');
    expect(sent).toMatchObject({ code: 0, out: expect.stringContaining('Sent "approved"') as string });
    expect((await ended(tasks, id)).state).toBe('failed');
    // What a task says does not reach the terminal as a command to it.
    expect((await on('show', id)).out).toContain('Error: her:\\u000a\\u001b[31mno truck');
    expect(await on('signal', id, 'approved')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Cannot signal task') as string,
    });

    expect((await on('retry', id, '--from', 'fly')).err).toContain('Recorded: "charge" and "approved"');
    expect(await on('retry', id, '--from', 'approved')).toMatchObject({ code: 0, err: '' });
    await when(tasks, id, ({ state }) => state === 'suspended');
    await on('signal', id, 'approved', '{"by":"him"}');
    expect((await ended(tasks, id)).state).toBe('completed');
    expect(done).toEqual(['charge', 'ship', 'ship']);
    expect(JSON.parse((await on('steps', id, '--json')).out)).toMatchObject({
      total: 3,
      steps: [{ name: 'charge' }, { result: { by: 'him' } }, { name: 'ship' }],
    });
    const audited = new Database(database, { readonly: true });
    const audit = audited.prepare('SELECT who, action, target FROM tasks_audit ORDER BY id').all();
    audited.close();
    const who = expect.stringContaining('@') as string;
    expect(audit).toEqual(['signal', 'retry', 'signal'].map((action) => ({ who, action, target: id })));
  });
});

describe('The check of a store', () => {
  it('finds suspended tasks that nothing has go on, and steps and signals of no task; a repair has them go on', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const check = (...args: string[]) => cli('check', '--database', database, ...args);
    const tasks = await start({ database });
    const suspended = async (what: Script): Promise<string> => {
      script = what;
      const { id } = await tasks.queue('default', 'work', {});
      await when(tasks, id, ({ state }) => state === 'suspended');
      return id;
    };
    const asleep = await suspended((context) => context.sleep('grace', '1d'));
    const [waitless, answered] = [
      await suspended((context) => context.waitFor('lost')),
      await suspended((context) => context.waitFor('word')),
    ];
    expect(await check()).toMatchObject({ code: 0, err: '' });

    const tampered = new Database(database);
    tampered.exec(`
      UPDATE tasks_step SET finished_at = 1, result = 'null' WHERE name = 'lost';
      DELETE FROM tasks_lapse;
      INSERT INTO tasks_signal (task, name, sent_at, payload) SELECT seq, 'word', 1, '1' FROM tasks_task WHERE id = '${answered}';
      INSERT INTO tasks_signal (task, name, sent_at, payload) VALUES (999999, 'word', 1, '1');
      INSERT INTO tasks_step (task, kind, name, number, position, attempt, started_at) VALUES (999999, 'step', 'a', 0, 1, 1, 1);`);
    tampered.close();
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringContaining('tasks_step has 1 row of tasks that there are not'),
      expect.stringContaining('tasks_signal has 1 row of tasks that there are not'),
      expect.stringContaining('1 task suspended without anything that they wait for'),
      expect.stringContaining('1 task suspended until a time that tasks_lapse does not list'),
      expect.stringContaining('1 task suspended for a signal that was sent, or a task that has ended or is gone'),
    ]);

    script = async (context) => {
      if (context.id === waitless) done.push(JSON.stringify(await context.waitFor('lost')));
      else if (context.id === answered) done.push(JSON.stringify(await context.waitFor('word')));
      else await context.sleep('grace', '1d');
    };
    expect(await check('--repair')).toMatchObject({ code: 0, err: '' });
    for (const id of [waitless, answered]) expect((await ended(tasks, id)).state).toBe('completed');
    expect(done.toSorted()).toEqual(['1', 'null']);
    await when(tasks, asleep, ({ state, attempt }) => state === 'suspended' && attempt === 2);
    expect(await check()).toMatchObject({ code: 0, err: '' });
  });
});
