import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { IsEmail, IsOptional, IsString } from 'class-validator';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  InvalidArgumentError,
  InvalidParamsError,
  ParamsTooLargeError,
  type Task,
  TaskNotFoundError,
  TaskStateError,
  UnknownQueueError,
  UnknownTaskNameError,
  UnrecoverableError,
} from '../../lib/contract/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { Sensitive, TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, signal, when } from './support.js';

class MailParams {
  @IsEmail() to!: string;
  @IsOptional() @IsString() subject?: string;
}

class BigMailParams extends MailParams {}

class TwiceParams {
  a?: number;
}

class SecretParams {
  @Sensitive() @IsString() token!: string;
}

@TaskHandler('mail', { params: MailParams, maxRetries: 6, priority: 3 })
class MailHandler {
  handle(params: MailParams): void {
    if (!(params instanceof MailParams)) throw new Error('not an instance');
  }
}

@TaskHandler('secret', { params: SecretParams })
class SecretHandler {
  handle(_params: SecretParams): void {}
}

class Others {
  @TaskHandler('twice_a', { params: TwiceParams })
  a(_params: TwiceParams): void {}
  @TaskHandler('twice_b', { params: TwiceParams })
  b(_params: TwiceParams): void {}
  @TaskHandler('plain', { maxRetries: 0 })
  plain(params: { fail?: boolean }): void {
    if (params.fail) throw new UnrecoverableError('as asked');
  }
  @TaskHandler('waits')
  async waits(_params: object, task: TaskContext): Promise<void> {
    await new Promise<void>((_resolve, reject) =>
      task.signal.addEventListener('abort', () => reject(new Error('aborted'))),
    );
  }
}

const providers = [MailHandler, SecretHandler, Others];
const HOUR = 3_600_000;
const START = Date.UTC(2027, 0, 1);

let app: INestApplicationContext;
let tasks: TaskDispatcher;
let clock: ManualClock;

/** Tasks stay where they are put: nothing works on them. */
async function producer(): Promise<void> {
  clock = new ManualClock(START);
  app = await bootApp({
    providers,
    tasks: { workers: false, clock, queues: { emails: {}, slow: { maxRetries: 9, priority: 2 } } },
  });
  tasks = dispatcherOf(app);
}

async function rejected<E>(type: new (...args: never[]) => E, promise: Promise<unknown>): Promise<E> {
  const error: unknown = await promise.then(
    () => new Error('It was taken'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(type);
  return error as E;
}

describe('Enqueueing', () => {
  beforeEach(producer);

  it('takes name and params, or an instance of a params class', async () => {
    const byName = await tasks.queue('emails', 'mail', { to: 'ada@example.com' });
    const byClass = await tasks.queue('emails', plainToInstance(MailParams, { to: 'ada@example.com' }));
    for (const { enqueued, ...task } of [byName, byClass]) {
      expect(enqueued).toBe(true);
      expect(task).toMatchObject({
        name: 'mail',
        queue: 'emails',
        params: { to: 'ada@example.com' },
        state: 'available',
      });
      expect(await tasks.get(task.id)).toEqual(task);
    }
    expect(byName.id).not.toBe(byClass.id);
  });

  it('takes the settings of the task over those of handler, queue and defaults', async () => {
    expect(await tasks.queue('slow', 'mail', { to: 'a@b.co' })).toMatchObject({ maxAttempts: 7, priority: 3 });
    expect(await tasks.queue('slow', 'secret', { token: 'x' })).toMatchObject({ maxAttempts: 10, priority: 2 });
    expect(await tasks.queue('emails', 'secret', { token: 'x' })).toMatchObject({ maxAttempts: 4, priority: 0 });
    const own = await tasks.queue('slow', 'mail', { to: 'a@b.co' }, { maxRetries: 0, priority: -1 });
    expect(own).toMatchObject({ maxAttempts: 1, priority: -1 });
  });

  it('schedules with queueIn, queueAt and the options delay and runAt', async () => {
    const params = { to: 'a@b.co' };
    const later = { state: 'scheduled', runAt: START + HOUR };
    expect(await tasks.queueIn('emails', '1h', 'mail', params)).toMatchObject(later);
    expect(await tasks.queueIn('emails', HOUR, plainToInstance(MailParams, params))).toMatchObject(later);
    expect(await tasks.queueAt('emails', new Date(START + HOUR), 'mail', params)).toMatchObject(later);
    expect(await tasks.queueAt('emails', START + HOUR, plainToInstance(MailParams, params))).toMatchObject(later);
    expect(await tasks.queue('emails', 'mail', params, { delay: '1h' })).toMatchObject(later);
    expect(await tasks.queueMany('emails', 'mail', [params], { runAt: START + HOUR })).toMatchObject([later]);
    expect(await tasks.queueAt('emails', START - HOUR, 'mail', params)).toMatchObject({
      state: 'available',
      runAt: START,
    });
    expect(await tasks.queueIn('emails', 0, 'mail', params)).toMatchObject({ state: 'available' });
    expect((await tasks.list({ state: 'scheduled' })).items).toHaveLength(6);
  });

  it('stores many at once, in the order given', async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) => ({ to: `user${index}@example.com` }));
    const stored = await tasks.queueMany('emails', 'mail', rows);
    expect(stored.map((task) => task.params)).toEqual(rows);
    expect(new Set(stored.map((task) => task.id)).size).toBe(1_500);
    const mixed = await tasks.queueMany('emails', [
      plainToInstance(MailParams, rows[0]),
      plainToInstance(SecretParams, { token: 'x' }),
    ]);
    expect(mixed.map((task) => task.name)).toEqual(['mail', 'secret']);
    expect(await tasks.queueMany('emails', 'mail', [])).toEqual([]);
    const [queue] = (await tasks.stats()).filter((each) => each.queue === 'emails');
    expect(queue!.counts.available).toBe(1_502);
  });

  it('checks the rows of one call before those of the next, where they take long', async () => {
    const checked: string[] = [];
    const slow = (name: string) => ({
      get name() {
        if (!checked.includes(name)) {
          checked.push(name);
          // Longer than rows are checked in one turn of the event loop.
          for (const until = performance.now() + 5; performance.now() < until;);
        }
        return name;
      },
    });
    const calls = ['a', 'b'].map((call) =>
      tasks.queueMany(
        'default',
        'plain',
        [1, 2, 3].map((row) => slow(call + row)),
      ),
    );
    const stored = await Promise.all(calls);
    expect(checked).toEqual(['a1', 'b1', 'a2', 'a3', 'b2', 'b3']);
    expect(stored.flat().map(({ params }) => (params as { name: string }).name)).toEqual([
      'a1',
      'a2',
      'a3',
      'b1',
      'b2',
      'b3',
    ]);
  });

  it('stores many with names and options of their own', async () => {
    const to = { to: 'ada@example.com' };
    const stored = await tasks.queueMany(
      'emails',
      [
        { name: 'mail', params: to },
        { name: 'mail', params: to, options: { runAt: START + HOUR, priority: 9 } },
        { name: 'plain', params: {}, options: { delay: '2h', maxRetries: 4 } },
        { params: plainToInstance(SecretParams, { token: 'x' }), options: {} },
        plainToInstance(MailParams, to),
      ],
      { delay: '1m', retryDelay: '5s', priority: 1 },
    );
    expect(
      stored.map(({ name, priority, runAt, maxAttempts }) => [name, priority, runAt - START, maxAttempts]),
    ).toEqual([
      ['mail', 1, 60_000, 7],
      ['mail', 9, HOUR, 7],
      ['plain', 1, 2 * HOUR, 5],
      ['secret', 1, 60_000, 4],
      ['mail', 1, 60_000, 7],
    ]);
    for (const { id, enqueued: _, ...task } of stored) expect(await tasks.get(id)).toMatchObject(task);
  });

  it('never shows what is sensitive', async () => {
    const task = await tasks.queue('emails', 'secret', { token: 'hunter2' });
    const many = await tasks.queueMany('emails', 'secret', [{ token: 'hunter2' }]);
    expect(task.params).toEqual({ token: '[sensitive]' });
    expect(JSON.stringify([task, many, await tasks.get(task.id), await tasks.list()])).not.toContain('hunter2');
  });
});

describe('What is wrong is refused, and nothing is stored', () => {
  const mail = { to: 'ada@example.com' };
  beforeEach(producer);

  async function expectNothingStored(): Promise<void> {
    expect((await tasks.list()).items).toEqual([]);
  }

  it('an unknown queue', async () => {
    const error = await rejected(UnknownQueueError, tasks.queue('email', 'mail', mail));
    expect(error.message).toMatch(/Did you mean "emails"/);
    await rejected(InvalidArgumentError, tasks.queue(undefined as never, 'mail', mail));
    for (const call of [
      tasks.queue('mail', mail),
      tasks.queue('mail', mail, { delay: '5m' }),
      tasks.queueIn('mail', '5m', mail),
      tasks.queueAt('mail', START, mail),
      tasks.queueMany('mail', [mail]),
    ]) {
      const { message } = await rejected(UnknownQueueError, call);
      expect(message).toMatch(/"mail" is the name of a task.*queue\('default', 'mail', params\)/);
    }
    await expectNothingStored();
  });

  it('an unknown name, in a process that has handlers', async () => {
    const error = await rejected(UnknownTaskNameError, tasks.queue('emails', 'mial', mail));
    expect(error.message).toMatch(/Did you mean "mail"/);
    await expectNothingStored();

    const bare = dispatcherOf(await bootApp({ tasks: { workers: false } }));
    expect(await bare.queue('default', 'mial', mail)).toMatchObject({ name: 'mial', maxAttempts: null });
    expect(await bare.queue('default', 'mial', mail, { maxRetries: 1 })).toMatchObject({ maxAttempts: 2 });
    await rejected(InvalidArgumentError, bare.queue('default', '', mail));
    await rejected(InvalidArgumentError, bare.queue('default', 'x'.repeat(201), mail));
  });

  it.each([
    ['a wrong field', { to: 'nobody' }],
    ['no object', null as unknown as object],
    ['nothing', undefined as unknown as object],
    ['an array', [] as object],
  ])('params that are %s', async (_what, params) => {
    await rejected(InvalidParamsError, tasks.queue('emails', 'mail', params));
    await expectNothingStored();
  });

  it('params that are too large', async () => {
    await rejected(ParamsTooLargeError, tasks.queue('emails', 'plain', { text: 'x'.repeat(1_100_000) }));
    await expectNothingStored();
  });

  it('one row of many, naming each wrong one by its index', async () => {
    const rows = [mail, { to: 'nobody' }, mail, {}];
    const error = await rejected(InvalidParamsError, tasks.queueMany('emails', 'mail', rows));
    expect(error.problems.map(({ path }) => path)).toEqual(['[1].to', '[3].to']);
    const large = await rejected(
      InvalidParamsError,
      tasks.queueMany('emails', 'plain', [{}, { text: 'x'.repeat(1_100_000) }]),
    );
    expect(large.problems).toMatchObject([{ path: '[1]', message: expect.stringMatching(/bytes/) as string }]);
    await rejected(InvalidArgumentError, tasks.queueMany('emails', 'mail', {} as never));
    await expectNothingStored();
  });

  it.each<[string, unknown]>([
    ['[1].options', { name: 'mail', params: mail, options: '5m' }],
    ['[1].options', { name: 'mail', params: mail, options: null }],
    ['[1].options', { name: 'mail', params: mail, options: [{ delay: '5m' }] }],
    ['[1].options', { name: 'mail', params: mail, options: new Date(START) }],
    ['[1].delay', { name: 'mail', params: mail, options: { delay: 'soon' } }],
    ['[1].manager', { name: 'mail', params: mail, options: { manager: {} } }],
    ['[1].option', { name: 'mail', params: mail, option: {} }],
    ['[1].name', { name: 7, params: mail }],
    ['[1].name', mail],
  ])('a row of many with options of its own: %s in %o', async (field, row) => {
    const rows = [{ name: 'mail', params: mail }, row] as object[];
    const error = await rejected(InvalidArgumentError, tasks.queueMany('emails', rows));
    expect(error.field).toBe(field);
    if (field === '[1].options') expect(error.message).toMatch(/^Row 1: The options must be an object, such as \{/);
    await rejected(InvalidParamsError, tasks.queueMany('emails', [{ name: 'mail', params: { to: 'nobody' } }]));
    await rejected(UnknownTaskNameError, tasks.queueMany('emails', [{ name: 'mial', params: mail }]));
    await expectNothingStored();
  });

  it('an instance whose class no handler names, or several do', async () => {
    class Stray {}
    const stray = await rejected(InvalidArgumentError, tasks.queue('emails', new Stray()));
    expect(stray.message).toMatch(/No handler takes params of class Stray.*MailParams for "mail"/s);
    const both = await rejected(InvalidArgumentError, tasks.queue('emails', new TwiceParams()));
    expect(both.message).toMatch(/"twice_a" and "twice_b"/);
    await rejected(InvalidArgumentError, tasks.queue('emails', plainToInstance(BigMailParams, mail)));
    await rejected(InvalidArgumentError, tasks.queue('emails', mail));
    await rejected(InvalidArgumentError, tasks.queue('emails', undefined as never));
    await expectNothingStored();
  });

  it.each<[string, object]>([
    ['delay', { delay: '5 minutes' }],
    ['delay', { delay: -1 }],
    ['delay', { delay: Infinity }],
    ['delay', { delay: 1, runAt: START }],
    ['runAt', { runAt: new Date('nonsense') }],
    ['runAt', { runAt: -5 }],
    ['runAt', { runAt: Number.NaN }],
    ['runAt', { runAt: 9e15 }],
    ['runAt', { runAt: '2027-01-01' }],
    ['priority', { priority: 1_000_001 }],
    ['priority', { priority: 0.5 }],
    ['maxRetries', { maxRetries: -1 }],
    ['maxRetries', { maxRetries: 1_001 }],
    ['maxRetries', { maxRetries: '3' }],
    ['retryDelay', { retryDelay: -1 }],
    ['timeout', { timeout: 0 }],
    ['jitter', { jitter: 2 }],
    ['backoff', { backoff: () => 1_000 }],
    ['backoff', { backoff: 'cubic' }],
    ['retention.completed', { retention: { completed: 'soon' } }],
    ['retries', { retries: 3 }],
    ['manager', { manager: {} }],
  ])('an option: %s in %o', async (field, options) => {
    expect((await rejected(InvalidArgumentError, tasks.queue('emails', 'mail', mail, options))).field).toBe(field);
    await rejected(InvalidArgumentError, tasks.queueMany('emails', 'mail', [mail, mail], options));
    await expectNothingStored();
  });

  it('options, a delay or a time that is missing', async () => {
    await rejected(InvalidArgumentError, tasks.queue('emails', 'mail', mail, null as never));
    await rejected(InvalidArgumentError, tasks.queue('emails', 'mail', mail, 5 as never));
    const manager = { query: () => null };
    for (const options of [
      '5m',
      '',
      ['5m'],
      null,
      5,
      new Date(START),
      new Map(),
      Promise.resolve({}),
      manager,
    ] as never[]) {
      const errors = await Promise.all([
        rejected(InvalidArgumentError, tasks.queue('emails', 'mail', mail, options)),
        rejected(InvalidArgumentError, tasks.queue('emails', plainToInstance(MailParams, mail), options)),
        rejected(InvalidArgumentError, tasks.queueIn('emails', '5m', 'mail', mail, options)),
        rejected(InvalidArgumentError, tasks.queueAt('emails', START, 'mail', mail, options)),
        rejected(InvalidArgumentError, tasks.queueMany('emails', 'mail', [mail], options)),
        rejected(InvalidArgumentError, tasks.queueMany('emails', [{ name: 'mail', params: mail }], options)),
      ]);
      for (const error of errors)
        expect(error).toMatchObject({
          field: 'options',
          message: expect.stringContaining('must be an object') as string,
        });
    }
    const date = await rejected(InvalidArgumentError, tasks.queue('emails', 'mail', mail, new Date(START) as never));
    expect(date.message).toBe('The options must be an object, such as { runAt: date }, not a Date.');
    const own = await rejected(InvalidArgumentError, tasks.queue('emails', 'mail', mail, manager as never));
    expect(own.message).toBe('The options must be an object, such as { manager }, not a manager.');
    await rejected(InvalidArgumentError, tasks.queueIn('emails', undefined as never, 'mail', mail));
    await rejected(InvalidArgumentError, tasks.queueAt('emails', null as never, 'mail', mail));
    await expectNothingStored();
  });
});

describe('Reading and steering', () => {
  beforeEach(producer);

  async function finished(params: object): Promise<Task> {
    const worker = dispatcherOf(await bootApp({ providers }));
    const { id } = await worker.queue('default', 'plain', params);
    tasks = worker;
    return ended(worker, id);
  }

  it('lists newest first, in pages, by filter', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await tasks.queue(n % 2 ? 'emails' : 'slow', 'plain', { n })).id);
    const first = await tasks.list({ limit: 2 });
    const second = await tasks.list({ limit: 2, cursor: first.nextCursor! });
    const third = await tasks.list({ limit: 2, cursor: second.nextCursor! });
    expect([first, second, third].flatMap(({ items }) => items.map((task) => task.id))).toEqual(ids);
    expect(third.nextCursor).toBeNull();
    expect((await tasks.list({ queue: 'emails', name: 'plain', state: 'available' })).items).toHaveLength(2);
    expect((await tasks.list({ state: 'failed' })).items).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['limit', { limit: 0 }],
    ['limit', { limit: 501 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: '10' }],
    ['state', { state: 'done' }],
    ['state', { state: [] }],
    ['state', { state: ['failed', 'done'] }],
    ['cursor', { cursor: '' }],
    ['queue', { queue: 7 }],
    ['search', { search: ' ' }],
    ['order', { order: 'asc' }],
    ['query', 'failed'],
    ['query', null],
  ])('refuses to list with a wrong %s: %o', async (field, query) => {
    expect((await rejected(InvalidArgumentError, tasks.list(query as never))).field).toBe(field);
  });

  it.each<[string, unknown]>([
    ['query', '24h'],
    ['query', null],
    ['windows', { windows: '24h' }],
    ['window', { window: 'a day' }],
    ['by', { by: 'day' }],
  ])('refuses metrics with a wrong %s: %o', async (field, query) => {
    expect((await rejected(InvalidArgumentError, tasks.metrics(query as never))).field).toBe(field);
  });

  it('does not know an id that is none', async () => {
    for (const call of [
      tasks.get('nope'),
      tasks.cancel('nope'),
      tasks.retry('nope'),
      tasks.runNow('nope'),
      tasks.delete('nope'),
    ]) {
      expect((await rejected(TaskNotFoundError, call)).taskId).toBe('nope');
    }
    await rejected(InvalidArgumentError, tasks.get(5 as never));
  });

  it('cancels, runs now and deletes what waits', async () => {
    const scheduled = await tasks.queueIn('emails', '1h', 'plain', {});
    expect(await tasks.runNow(scheduled.id)).toMatchObject({ state: 'available' });
    expect((await rejected(TaskStateError, tasks.runNow(scheduled.id))).state).toBe('available');
    expect(await tasks.cancel(scheduled.id)).toMatchObject({ state: 'cancelled' });
    expect((await rejected(TaskStateError, tasks.cancel(scheduled.id))).allowed).toContain('running');
    await tasks.delete(scheduled.id);
    await rejected(TaskNotFoundError, tasks.get(scheduled.id));
  });

  it('retries what failed, and not what completed', async () => {
    const failed = await finished({ fail: true });
    expect(failed).toMatchObject({ state: 'failed', error: { message: 'as asked' } });
    await tasks.retry(failed.id);
    await when(tasks, failed.id, (task) => task.state === 'failed' && task.attempts.length === 2);
    const { id } = await finished({});
    expect((await rejected(TaskStateError, tasks.retry(id))).message).toMatch(/Cannot retry.*completed/);
  });

  it('cancels what runs by aborting its signal', async () => {
    const worker = dispatcherOf(await bootApp({ providers }));
    const { id } = await worker.queue('default', 'waits', {});
    await when(worker, id, (task) => task.state === 'running');
    await worker.cancel(id);
    expect(await ended(worker, id)).toMatchObject({ state: 'cancelled' });
  });

  it('acts on many', async () => {
    const [first, second] = await tasks.queueMany('emails', 'plain', [{}, {}]);
    expect(await tasks.bulk('cancel', { ids: [first!.id, 'nope'] })).toEqual({
      changed: 1,
      refused: [{ id: 'nope', state: null }],
    });
    expect(await tasks.bulk('cancel', { filter: { queue: 'emails' } })).toMatchObject({ changed: 1 });
    expect(await tasks.get(second!.id)).toMatchObject({ state: 'cancelled' });
  });

  it.each<[string, unknown, unknown]>([
    ['action', 'explode', { ids: ['a'] }],
    ['action', 'toString', { ids: ['a'] }],
    ['ids', 'cancel', {}],
    ['ids', 'cancel', { ids: ['a'], filter: { queue: 'emails' } }],
    ['ids', 'cancel', { ids: [] }],
    ['ids', 'cancel', { ids: Array.from({ length: 10_001 }, String) }],
    ['ids[1]', 'cancel', { ids: ['a', 2] }],
    ['filter', 'cancel', { filter: {} }],
    ['filter.state', 'cancel', { filter: { state: 'done' } }],
    ['target', 'cancel', null],
    ['target', 'cancel', 'all'],
  ])('refuses a bulk action with a wrong %s', async (field, action, target) => {
    expect((await rejected(InvalidArgumentError, tasks.bulk(action as never, target as never))).field).toBe(field);
  });

  it('pauses and resumes queues that are known', async () => {
    const worker = dispatcherOf(await bootApp({ providers, tasks: { workers: { emails: 1, default: 1 } } }));
    await worker.pauseQueue('emails');
    const { id } = await worker.queue('emails', 'plain', {});
    // The other queue goes on, and by then the paused one would have been served as well.
    await ended(worker, (await worker.queue('default', 'plain', {})).id);
    expect(await worker.get(id)).toMatchObject({ state: 'available' });
    expect((await worker.stats()).find(({ queue }) => queue === 'emails')).toMatchObject({ paused: true });
    await worker.resumeQueue('emails');
    expect(await ended(worker, id)).toMatchObject({ state: 'completed' });
    await rejected(UnknownQueueError, worker.pauseQueue('email'));
    await rejected(UnknownQueueError, worker.resumeQueue('email'));
  });

  it('tells of changes until it is asked to stop', async () => {
    const told = signal<readonly string[]>();
    const end = tasks.watch(({ taskIds }) => told.resolve(taskIds));
    const { id } = await tasks.queue('emails', 'plain', {});
    expect(await told.promise).toContain(id);
    end();
  });
});

describe('Statistics', () => {
  beforeEach(producer);

  it('show every configured queue with its depth and its resolved settings', async () => {
    await tasks.queue('slow', 'plain', {});
    await tasks.queueIn('slow', '1h', 'plain', {});
    const stats = await tasks.stats();
    expect(stats.map(({ queue }) => queue)).toEqual(['default', 'emails', 'slow']);
    expect(stats[2]).toMatchObject({
      configured: true,
      concurrency: 0,
      workers: 0,
      paused: false,
      oldestAvailableAt: START,
      counts: { available: 1, scheduled: 1, completed: 0 },
      settings: { maxRetries: 9, retryDelay: 60_000, backoff: 'fixed', priority: 2, timeout: null },
      rates: { completedPerMinute: 0 },
      latency: { waitP50: null },
    });
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
  });

  it('count what was done, over a window', async () => {
    const worker = dispatcherOf(await bootApp({ providers, tasks: { queues: { emails: { concurrency: 2 } } } }));
    for (const fail of [false, false, true]) await ended(worker, (await worker.queue('default', 'plain', { fail })).id);
    const metrics = await worker.metrics({ queue: 'default' });
    expect(metrics.step).toBe(60_000);
    expect(metrics.points.reduce((sum, point) => sum + point.completed, 0)).toBe(2);
    expect(metrics.points.reduce((sum, point) => sum + point.failed, 0)).toBe(1);
    expect((await worker.metrics({ queue: 'emails' })).points.every(({ completed }) => completed === 0)).toBe(true);
    const queue = (await worker.stats()).find((each) => each.queue === 'default')!;
    expect(queue.rates).toEqual({ completedPerMinute: 0.4, failedPerMinute: 0.2 });
    expect(queue.latency.runP95).not.toBeNull();
    expect(queue.workers).toBe(5);
    expect(await worker.workers()).toMatchObject([{ pid: process.pid, queues: { default: 5, emails: 2 } }]);
  });

  it.each([
    ['window', 'a while'],
    ['window', '31d'],
    ['window', 0],
    ['window', -1],
  ])('refuse a wrong %s: %s', async (field, window) => {
    expect((await rejected(InvalidArgumentError, tasks.metrics({ window }))).field).toBe(field);
    await rejected(UnknownQueueError, tasks.metrics({ queue: 'nope' }));
  });
});
