import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  Cron,
  CronSchedules,
  getTaskDispatcherToken,
  ManualClock,
  type TaskContext,
  TaskDispatcher,
  TaskHandler,
  TaskNotFoundError,
  TasksModule,
} from 'nestjs-tasks';
import { TaskFailedInTestError, TasksTestingError, TasksTestingModule } from 'nestjs-tasks/testing';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { moduleOf } from '../module/support.js';
import { compiled } from '../support/run/compiled.js';
import {
  BookHandler,
  Diary,
  HangingHandler,
  ImportHandler,
  PROVIDERS,
  SendMailHandler,
  SignUpService,
} from './handlers.js';
import { bench } from './support.js';

const DAY_MS = 24 * 60 * 60_000;

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(TasksTestingError);
    return (error as Error).message;
  }
  throw new Error('Nothing was thrown');
}

class Housekeeping {
  constructor(private readonly diary: Diary) {}

  @Cron('0 3 * * *', { name: 'cleanup', timeZone: 'UTC' })
  cleanup(): void {
    this.diary.lines.push('cleanup');
  }
}
const CRON = { provide: Housekeeping, useFactory: (diary: Diary) => new Housekeeping(diary), inject: [Diary] };

describe('What was enqueued', () => {
  it('is expected by name and by some of its params, run or not', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    expect(messageOf(() => t.expectQueued('send_mail'))).toBe(
      'Expected a task "send_mail" to have been queued; nothing was queued.',
    );
    await app.get(SignUpService).signUp('ada@example.com');
    const queued = t.expectQueued('send_mail', { to: 'ada@example.com', subject: 'Welcome' }, { queue: 'mails' });
    expect(queued).toMatchObject({ store: 'default', delay: 0, priority: 0, tags: {}, parentId: null });
    t.expectQueued('send_mail', { to: expect.stringContaining('@') as string }, { delay: DAY_MS });
    t.expectNotQueued('send_mail', { to: 'bob@example.com' });
    t.expectNotQueued('import');
    await t.drain();
    t.expectQueued('send_mail', { to: 'ada@example.com' });
    expect(t.queued('send_mail')).toHaveLength(2);
    expect(t.queued('import')).toEqual([]);
  });

  it('shows the nearest miss, and the other names', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    await app.get(SignUpService).signUp('ada@example.com');
    expect(
      messageOf(() => t.expectQueued('send_mail', { to: 'bob@example.com', subject: 'Welcome' }, { queue: 'mails' })),
    ).toBe(
      [
        `Expected a task "send_mail" with { to: 'bob@example.com', subject: 'Welcome' } on queue 'mails' to have been queued.`,
        `Nearest: send_mail { to: 'ada@example.com', subject: 'Welcome' } on "mails"`,
        `  to: expected 'bob@example.com', was 'ada@example.com'`,
        '1 other:',
        `  send_mail { to: 'ada@example.com', subject: 'How is it?' } on "mails", due in ${DAY_MS} ms`,
      ].join('\n'),
    );
    expect(messageOf(() => t.expectQueued('send_mails'))).toContain('Did you mean "send_mail"?');
    expect(messageOf(() => t.expectNotQueued('send_mail', { subject: 'Welcome' }))).toContain(
      `not to have been queued, and it was:\n  send_mail { to: 'ada@example.com'`,
    );
  });

  it('never shows what is sensitive', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    await app.get(TaskDispatcher).queue('mails', 'send_mail', { to: 'ada@example.com', code: 'hunter2' });
    const message = messageOf(() => t.expectQueued('send_mail', { code: 'other' }));
    expect(message).toContain(`code: expected 'other', was [sensitive]`);
    expect(message).not.toContain('hunter2');
    expect(t.expectQueued('send_mail', { code: 'hunter2' }).params.code).toBe('hunter2');
  });

  it('is told for one call alone', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const service = app.get(SignUpService);
    await service.signUp('ada@example.com');
    const queued = await t.queuedDuring(() => service.signUp('bob@example.com'));
    expect(queued.map(({ params }) => params.to)).toEqual(['bob@example.com', 'bob@example.com']);
  });

  it('in a transaction counts when that commits, in a database of any kind', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const tasks = app.get(TaskDispatcher);
    const source = await new DataSource({ type: 'better-sqlite3', database: ':memory:' }).initialize();
    await source.transaction(async (manager) => {
      await tasks.queue('mails', 'send_mail', { to: 'committed@example.com' }, { manager });
      t.expectNotQueued('send_mail');
      await manager
        .transaction(async (within) => {
          await tasks.queue('mails', 'send_mail', { to: 'savepoint@example.com' }, { manager: within });
          throw new Error('back');
        })
        .catch(() => undefined);
      await manager.transaction(async (within) => {
        await tasks.queue('mails', 'send_mail', { to: 'released@example.com' }, { manager: within });
      });
      t.expectNotQueued('send_mail');
    });
    const rolledBack = source.transaction(async (manager) => {
      await tasks.queue('mails', 'send_mail', { to: 'rolled-back@example.com' }, { manager });
      throw new Error('back');
    });
    await expect(rolledBack).rejects.toThrow('back');
    expect(t.queued().map(({ params }) => params.to)).toEqual(['committed@example.com', 'released@example.com']);
    expect(await t.drain()).toHaveLength(2);
    expect(source.subscribers).toEqual([]);
    await source.destroy();
  });
});

describe('Draining', () => {
  it('runs what is due and what follows from it, one after the other', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const { id } = await app.get(TaskDispatcher).queue('default', 'import', { rows: 2 });
    const ran = await t.drain();
    expect(ran.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'import completed',
      'import completed',
      'import completed',
      'send_mail completed',
    ]);
    expect(app.get(Diary).lines).toEqual(['import 2', 'import 1', 'import 0', 'mail done@example.com']);
    expect(await app.get(TaskDispatcher).result(id)).toEqual({ left: 2 });
    t.expectQueued('import', { rows: 1 }, { parentId: id });
    expect(await t.drain()).toEqual([]);
  });

  it('throws the first failure when all has run, with what was thrown', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const tasks = app.get(TaskDispatcher);
    const { id } = await tasks.queue('mails', 'send_mail', { to: 'a@example.com', subject: 'broken' });
    await tasks.queue('mails', 'send_mail', { to: 'b@example.com' });
    const failure = await t.drain().catch((error: unknown) => error as TaskFailedInTestError);
    expect(failure).toBeInstanceOf(TaskFailedInTestError);
    expect(failure).toMatchObject({ taskId: id, taskName: 'send_mail' });
    expect((failure as Error).message).toContain('failed in attempt 1 and is retried later: TypeError: smtp is down');
    expect((failure as Error).cause).toBeInstanceOf(TypeError);
    expect(app.get(Diary).lines).toEqual(['mail b@example.com']);
    const ran = await t.advance('1h', { failures: 'collect' });
    expect(ran.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [2, 'retried'],
      [3, 'failed'],
    ]);
  });

  it('takes a RetryLater for no failure', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    await app.get(TaskDispatcher).queue('mails', 'send_mail', { to: 'a@example.com', subject: 'later' });
    expect(await t.drain()).toMatchObject([{ outcome: 'snoozed' }]);
    expect(await t.advance('1h')).toMatchObject([{ attempt: 2, outcome: 'completed' }]);
  });

  it('tells of an attempt that put its task aside as snoozed', async () => {
    class Naps {
      @TaskHandler('nap')
      async nap(_params: object, task: TaskContext): Promise<void> {
        await task.sleep('a moment', '1h');
      }
    }
    const { app, t } = await bench({ providers: [Naps] });
    await app.get(TaskDispatcher).queue('default', 'nap', {});
    expect(await t.drain()).toMatchObject([{ name: 'nap', outcome: 'snoozed', error: null }]);
    expect(await t.advance('1h')).toMatchObject([{ attempt: 2, outcome: 'completed' }]);
  });

  it('says so where it would never end', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    await app.get(TaskDispatcher).queue('default', 'import', { rows: -1 });
    await expect(t.drain({ limit: 20 })).rejects.toThrow(
      'More than 20 attempts followed the tasks that were due, the last of "import".',
    );
  });

  it('fails a task that nothing here handles', async () => {
    const { app, t } = await bench({});
    await app.get(TaskDispatcher).queue('default', 'unheard_of', {});
    await expect(t.drain()).rejects.toThrow(/No handler .*"unheard_of"/);
  });

  it('keeps to the rank of queues, to pauses and to rate limits', async () => {
    const queues = { low: { priority: -1 }, high: { priority: 5, rateLimit: '2/m' }, mails: {} };
    const { app, t } = await bench({
      imports: [TasksModule.forRoot({ configFile: false, admin: false, queues })],
      providers: PROVIDERS,
    });
    const tasks = app.get(TaskDispatcher);
    await tasks.queue('low', 'send_mail', { to: 'low@example.com' });
    await tasks.pauseQueue('mails');
    await tasks.queue('mails', 'send_mail', { to: 'paused@example.com' });
    for (let count = 1; count <= 3; count += 1) {
      await tasks.queue('high', 'send_mail', { to: `high-${count}@example.com` });
    }
    await t.drain();
    const { lines } = app.get(Diary);
    expect(lines).toEqual(['mail high-1@example.com', 'mail high-2@example.com', 'mail low@example.com']);
    await t.advance('1m');
    expect(lines.at(-1)).toBe('mail high-3@example.com');
    await tasks.resumeQueue('mails');
    await t.drain();
    expect(lines.at(-1)).toBe('mail paused@example.com');
  });

  it('keeps to limits that handlers share', async () => {
    const called: number[] = [];
    @TaskHandler('charge', { limit: 'stripe' })
    class ChargeHandler {
      handle({ amount }: { amount: number }): void {
        called.push(amount);
      }
    }
    const { app, t } = await bench({
      imports: [TasksModule.forRoot({ configFile: false, admin: false, limits: { stripe: '1/m' } })],
      providers: [ChargeHandler],
    });
    for (const amount of [1, 2]) await app.get(TaskDispatcher).queue('default', 'charge', { amount });
    await t.drain();
    expect(called).toEqual([1]);
    await t.advance('1m');
    expect(called).toEqual([1, 2]);
  });
});

describe('Advancing the clock', () => {
  it('runs what comes due in its order: tasks, attempts and cron ticks', async () => {
    const { app, t } = await bench({ providers: [...PROVIDERS, CRON] }, { now: Date.UTC(2027, 0, 1) });
    const tasks = app.get(TaskDispatcher);
    await tasks.queueIn('mails', '1h', 'send_mail', { to: 'hour@example.com' });
    await tasks.queueAt('mails', new Date('2027-01-02T02:59:59Z'), 'send_mail', { to: 'before@example.com' });
    await tasks.queue('mails', 'send_mail', { to: 'retried@example.com', subject: 'once' });
    const expired = await tasks.queueIn('mails', '2d', 'send_mail', { to: 'x@example.com' }, { expires: '49h' });
    await tasks.pauseQueue('mails');
    await tasks.resumeQueue('mails');
    await t.advance('27h', { failures: 'collect' });
    expect(app.get(Diary).lines).toEqual([
      'mail retried@example.com',
      'mail hour@example.com',
      'cleanup',
      'mail before@example.com',
      'cleanup',
    ]);
    expect(t.now).toEqual(new Date('2027-01-02T03:00:00Z'));
    expect((await tasks.get(expired.id)).state).toBe('scheduled');
  });

  it('ends what has expired or is past its deadline', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const tasks = app.get(TaskDispatcher);
    await tasks.pauseQueue('mails');
    const expired = await tasks.queue('mails', 'send_mail', { to: 'a@example.com' }, { expires: '30s' });
    const late = await tasks.queue('mails', 'send_mail', { to: 'a@example.com' }, { deadline: '1h' });
    await t.advance('2h');
    expect(await tasks.get(expired.id)).toMatchObject({ state: 'cancelled', reason: 'expired' });
    expect(await tasks.get(late.id)).toMatchObject({ state: 'failed', reason: 'deadline' });
  });

  it('waits for a task as far as that needs no time', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const tasks = app.get(TaskDispatcher);
    const now = await tasks.queue('mails', 'send_mail', { to: 'a@example.com' });
    expect(await t.waitFor(now.id, 'completed')).toMatchObject({ id: now.id, state: 'completed' });
    const later = await tasks.queueIn('mails', '1h', 'send_mail', { to: 'a@example.com' });
    await expect(t.waitFor(later.id, 'completed')).rejects.toThrow(/is scheduled, due at .* and not completed/);
    await expect(t.waitFor('nothing', 'completed')).rejects.toThrow(TaskNotFoundError);
  });
});

describe('Performing one attempt', () => {
  it('tells all that came of it', async () => {
    const { t } = await bench({ providers: PROVIDERS });
    expect(await t.perform(SendMailHandler, { to: 'ada@example.com' })).toEqual({
      outcome: 'completed',
      result: 'sent to ada@example.com',
      error: null,
      logs: ['to ada@example.com'],
      progress: { percent: 50, message: 'half' },
      retryIn: null,
      queued: [],
    });
    const failed = await t.perform(SendMailHandler, { to: 'a@example.com', subject: 'broken' }, { attempt: 2 });
    expect(failed).toMatchObject({ outcome: 'retried', retryIn: 20_000, result: undefined });
    expect(failed.error).toBeInstanceOf(TypeError);
    const last = await t.perform('send_mail', { to: 'a@example.com', subject: 'broken' }, { attempt: 3 });
    expect(last).toMatchObject({ outcome: 'failed', retryIn: null });
    const later = await t.perform(SendMailHandler, { to: 'a@example.com', subject: 'later' });
    expect(later).toMatchObject({ outcome: 'snoozed', retryIn: 3_600_000 });
    const never = await t.perform(SendMailHandler, { to: 'a@example.com', subject: 'never' });
    expect(never).toMatchObject({ outcome: 'failed', retryIn: null });
    expect(await t.drain()).toEqual([]);
  });

  it('has the params pass through JSON and their class', async () => {
    const { t } = await bench({ providers: PROVIDERS });
    const refused = await t.perform(SendMailHandler, { to: 'nobody' });
    expect(refused).toMatchObject({ outcome: 'failed', error: { name: 'InvalidParamsError' }, logs: [] });
    const cycle: { to: string; self?: object } = { to: 'a@example.com' };
    cycle.self = cycle;
    await expect(t.perform(SendMailHandler, cycle)).rejects.toThrow('send_mail');
  });

  it('stores what the handler enqueues, with its completion too', async () => {
    const { t } = await bench({ providers: PROVIDERS });
    const { queued, result } = await t.perform(ImportHandler, { rows: 0 }, { id: 'import-1' });
    expect(queued).toMatchObject([{ name: 'send_mail', parentId: 'import-1' }]);
    expect(result).toEqual({ left: 0 });
    expect(await t.drain()).toMatchObject([{ name: 'send_mail', outcome: 'completed' }]);
  });

  it('ends at the timeout on the clock of the test, and when it is cancelled', async () => {
    const { t } = await bench({ providers: PROVIDERS });
    const timedOut = t.perform(HangingHandler, {}, { attempt: 2 });
    await t.advance('29s');
    await t.advance('1s');
    expect(await timedOut).toMatchObject({ outcome: 'failed', error: { name: 'TimeoutError' } });
    const controller = new AbortController();
    const cancelled = t.perform(HangingHandler, {}, { signal: controller.signal });
    controller.abort();
    expect(await cancelled).toMatchObject({ outcome: 'cancelled' });
  });

  it('runs steps, and those in transactions of the app', async () => {
    const source = await new DataSource({ type: 'better-sqlite3', database: ':memory:' }).initialize();
    await source.query('CREATE TABLE booking (id)');
    const store = TasksModule.forRoot({ configFile: false, admin: false, dataSource: source });
    const { app, t } = await bench({ imports: [store], providers: PROVIDERS });
    expect(await t.perform(BookHandler, { id: 1 }, { attempt: 2 })).toMatchObject({ outcome: 'completed' });
    const { id } = await app.get(TaskDispatcher).queue('default', 'book', { id: 2 });
    await t.drain({ failures: 'collect' });
    expect(await t.advance('1m')).toMatchObject([{ id, attempt: 2, outcome: 'completed' }]);
    expect(await source.query('SELECT id FROM booking')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(app.get(BookHandler).charges).toBe(2);
    await source.destroy();
  });

  it('names what is not there', async () => {
    const { t } = await bench({ providers: PROVIDERS });
    await expect(t.perform('send_male', {})).rejects.toThrow('Did you mean "send_mail"?');
    await expect(
      t.perform(
        class Plain {
          handle(): void {}
        },
        {},
      ),
    ).rejects.toThrow('has no @TaskHandler');
    await expect(t.perform(SendMailHandler, { to: 'a@example.com' }, { attempt: 0 })).rejects.toThrow('"attempt"');
  });
});

describe('The modes', () => {
  it('inline: runs tasks in the call, and throws there what they throw', async () => {
    const { app, t } = await bench({ providers: PROVIDERS }, { mode: 'inline' });
    const tasks = app.get(TaskDispatcher);
    expect(await tasks.run('default', 'import', { rows: 1 })).toEqual({ left: 1 });
    expect(app.get(Diary).lines).toEqual(['import 1', 'import 0', 'mail done@example.com']);
    const broken = tasks.queue('mails', 'send_mail', { to: 'a@example.com', subject: 'broken' });
    await expect(broken).rejects.toThrow(TypeError);
    const { id } = await tasks.queue('mails', 'send_mail', { to: 'a@example.com', subject: 'later' });
    expect(await tasks.get(id)).toMatchObject({ state: 'retryable' });
    await Promise.all([1, 2, 3].map((each) => tasks.queue('mails', 'send_mail', { to: `${each}@example.com` })));
    expect(app.get(Diary).lines.slice(3).toSorted()).toEqual([1, 2, 3].map((each) => `mail ${each}@example.com`));
    t.expectQueued('send_mail', { to: 'done@example.com' });
  });

  it('inline for a block', async () => {
    const { app, t } = await bench({ providers: PROVIDERS });
    const service = app.get(SignUpService);
    await t.inline(() => service.signUp('ada@example.com'));
    await service.signUp('bob@example.com');
    expect(app.get(Diary).lines).toEqual(['mail ada@example.com']);
  });

  it('live: has workers, and waits for tasks in real time', async () => {
    const { app, t } = await bench({ providers: PROVIDERS }, { mode: 'live' });
    await app.init();
    const tasks = app.get(TaskDispatcher);
    const sent = await tasks.queue('mails', 'send_mail', { to: 'a@example.com' });
    expect(await t.waitFor(sent.id, 'completed', { timeout: '30s' })).toMatchObject({ attempt: 1 });
    const never = await tasks.queue('mails', 'send_mail', { to: 'a@example.com', subject: 'never' });
    await expect(t.waitFor(never.id, 'completed', { timeout: '30s' })).rejects.toThrow(/is failed.*no such mailbox/);
    const later = await tasks.queueIn('mails', '1h', 'send_mail', { to: 'a@example.com' });
    await expect(t.waitFor(later.id, 'completed', { timeout: 10 })).rejects.toThrow('is scheduled');
    await expect(t.drain()).rejects.toThrow('drain() is not for the mode "live"');
    t.expectQueued('send_mail', { subject: 'never' });
  });
});

describe('An app of any shape', () => {
  afterEach(() => void vi.useRealTimers());

  it('has its stores on the bench wherever they stand, with their options', async () => {
    const deep = moduleOf({
      imports: [
        TasksModule.forRootAsync({
          configFile: false,
          useFactory: () => ({ admin: false as const, database: '/nowhere/tasks.db', queues: { mails: {}, deep: {} } }),
        }),
      ],
      providers: PROVIDERS,
    });
    const reports = TasksModule.forRoot({ name: 'reports', configFile: false, admin: false, dataSource: 'none' });
    const { app, t } = await bench({ imports: [moduleOf({ imports: [deep] }), reports] });
    await app.init();
    await app.get(TaskDispatcher).queue('deep', 'send_mail', { to: 'a@example.com' });
    await app
      .get<TaskDispatcher>(getTaskDispatcherToken('reports'))
      .queue('default', 'render', {}, { tags: { for: 'x' } });
    t.expectQueued('send_mail', {}, { store: 'default', queue: 'deep' });
    t.expectQueued('render', {}, { store: 'reports', tags: { for: 'x' } });
    expect(await t.drain({ store: 'default' })).toMatchObject([{ store: 'default', outcome: 'completed' }]);
    await expect(t.drain({ store: 'report' })).rejects.toThrow('Did you mean "reports"?');
  });

  it('is not frozen by fake timers', async () => {
    vi.useFakeTimers({ now: Date.UTC(2000, 0, 1) });
    const { app, t } = await bench({ providers: [...PROVIDERS, CRON] }, { now: Date.now() });
    const tasks = app.get(TaskDispatcher);
    await tasks.queue('mails', 'send_mail', { to: 'now@example.com' });
    await tasks.queueAt('mails', new Date(Date.now() + DAY_MS), 'send_mail', { to: 'tomorrow@example.com' });
    await t.drain();
    await t.advance('1d');
    expect(app.get(Diary).lines).toEqual(['mail now@example.com', 'cleanup', 'mail tomorrow@example.com']);
    expect(Date.now()).toBe(Date.UTC(2000, 0, 1));
    await app.close();
  });

  it('starts the next test anew', async () => {
    const { app, t } = await bench({ providers: [...PROVIDERS, CRON] });
    const tasks = app.get(TaskDispatcher);
    for (let round = 0; round < 3; round += 1) {
      const { id } = await tasks.queue('mails', 'send_mail', { to: 'a@example.com' }, { id: 'once', tags: { a: 'b' } });
      expect(await t.drain()).toMatchObject([{ id, attempt: 1 }]);
      await tasks.pauseQueue('mails');
      await t.reset();
      expect(t.queued()).toEqual([]);
      expect((await tasks.list()).items).toEqual([]);
      await expect(tasks.get('once')).rejects.toThrow(TaskNotFoundError);
    }
    expect((await app.get(CronSchedules).list()).map(({ name }) => name)).toEqual(['cleanup']);
  });

  it('keeps its own clock out of it', async () => {
    const clock = new ManualClock(0);
    const { t } = await bench(
      { imports: [TasksModule.forRoot({ configFile: false, admin: false, clock })] },
      { now: new Date('2027-01-01') },
    );
    expect(t.now).toEqual(new Date('2027-01-01'));
  });

  it('needs no override where the test names the modules itself', async () => {
    const store = TasksModule.forRoot({ configFile: false, admin: false });
    const { app, t } = await bench({ imports: [TasksTestingModule.forRoot(), store], providers: PROVIDERS });
    await app.get(SignUpService).signUp('ada@example.com');
    expect(await t.drain()).toHaveLength(1);
  });

  it('ends by itself once it is closed', async () => {
    const main = (await compiled()).file('test/testing/child/main');
    const { stdout } = await promisify(execFile)(process.execPath, [main]);
    expect(stdout.trim().split('\n')).toEqual(['manual: 1', 'inline: 0', 'live: completed', 'closed']);
  });

  it('without a store says what is missing', async () => {
    const { t } = await bench({ imports: [TasksTestingModule.forRoot()] });
    await expect(t.drain()).rejects.toThrow('This app has no TasksModule to test.');
  });
});
