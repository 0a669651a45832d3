import 'reflect-metadata';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import {
  DuplicateTaskError,
  InvalidArgumentError,
  type Task,
  TasksConfigError,
  TaskStateError,
} from '../../lib/contract/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { QueueTaskWhenOptions, TaskDispatcher } from '../../lib/queueing/index.js';
import type { UniquenessOptions } from '../../lib/uniqueness/index.js';
import { bootApp, dispatcherOf, ended, when } from './support.js';

interface Welcome {
  readonly userId: number | string | null;
  readonly note?: string;
}

const held: Array<() => void> = [];

class Handlers {
  @TaskHandler('welcome', { unique: { by: ['params.userId'] } })
  welcome(): void {}

  @TaskHandler('mail', { unique: { key: ({ userId }: Welcome) => userId?.toString(), onConflict: 'reject' } })
  mail(_params: Welcome): void {}

  @TaskHandler('index', { coalesce: { key: 'search', wait: '5s', field: 'ids' } })
  index(): void {}

  @TaskHandler('plain')
  plain(): void {}

  @TaskHandler('fails', { maxRetries: 0 })
  fails(): void {
    throw new Error('broken');
  }

  @TaskHandler('waits')
  async waits(): Promise<void> {
    await new Promise<void>((resolve) => held.push(resolve));
  }
}

class Nightly {
  @Cron('0 0 * * *', { name: 'nightly', queue: 'idle', unique: { key: 'nightly' } })
  nightly(): void {}
}

describe('unique keys', () => {
  let clock: ManualClock;
  let tasks: TaskDispatcher;
  let crons: CronSchedules;

  beforeEach(async () => {
    held.length = 0;
    clock = new ManualClock(Date.UTC(2027, 0, 1));
    const app = await bootApp({
      tasks: { clock, workers: { default: 2, idle: 0 } },
      providers: [Handlers, Nightly],
    });
    tasks = dispatcherOf(app);
    crons = app.get(CronSchedules);
  });

  const idle = (params: object, options: QueueTaskWhenOptions, name = 'plain') =>
    tasks.queue('idle', name, params, options);
  const keys = (list: readonly Task[]) => list.map(({ id }) => id);

  it('keep the task that holds the key, until it has ended', async () => {
    const unique = { key: 'a' };
    const one = await tasks.queue('default', 'waits', {}, { unique });
    const two = await tasks.queue('default', 'waits', { n: 2 }, { unique });
    expect([one.enqueued, two.enqueued, two.id, two.params]).toEqual([true, false, one.id, {}]);
    const others = [
      await tasks.queue('default', 'waits', {}, { unique: { key: 'b' } }),
      await tasks.queue('idle', 'waits', {}, { unique }),
      await tasks.queue('default', 'plain', {}, { unique }),
    ];
    expect(others.map(({ enqueued }) => enqueued)).toEqual([true, true, true]);
    await when(tasks, one.id, ({ state }) => state === 'running');
    expect((await tasks.queue('default', 'waits', {}, { unique })).enqueued).toBe(false);
    expect((await tasks.get(one.id)).keyHolder).toBe(one.id);
    expect((await tasks.get(one.id)).unique).toMatchObject({ key: 'a', until: 'ended', onConflict: 'keep' });
    held[0]!();
    await ended(tasks, one.id);
    expect((await tasks.get(one.id)).keyHolder).toBeNull();
    const next = await tasks.queue('default', 'waits', {}, { unique });
    expect(next.enqueued).toBe(true);
    expect((await tasks.get(one.id)).keyHolder).toBe(next.id);
    for (const end of held) end();
  });

  it('are released when an attempt begins, where they are held until then: one waits beside one that runs', async () => {
    const options = { unique: { key: 'a', until: 'started', onConflict: 'replace' } } as const;
    const one = await tasks.queue('default', 'waits', { n: 1 }, options);
    await when(tasks, one.id, ({ state }) => state === 'running');
    const two = await tasks.queueIn('default', '1m', 'waits', { n: 2 }, options);
    const three = await tasks.queueIn(
      'default',
      '2m',
      'waits',
      { n: 3 },
      { ...options, priority: 7, tags: { a: 'b' } },
    );
    expect([two.enqueued, three.enqueued, three.id]).toEqual([true, false, two.id]);
    expect(three).toMatchObject({ params: { n: 3 }, priority: 7, tags: { a: 'b' }, runAt: clock.now() + 120_000 });
    expect((await tasks.list({ tags: { a: 'b' } })).items).toHaveLength(1);
    for (const end of held) end();
  });

  it('are held for a time alone, whatever becomes of the task, which is kept as long', async () => {
    const unique = { key: 'a', for: '10m' };
    const one = await tasks.queue('default', 'plain', {}, { unique, retention: { completed: '1s' } });
    await ended(tasks, one.id);
    clock.advance(599_000);
    expect(await tasks.queue('default', 'plain', {}, { unique })).toMatchObject({ enqueued: false, id: one.id });
    clock.advance(1_000);
    expect(await tasks.queue('default', 'plain', {}, { unique })).toMatchObject({ enqueued: true });
  });

  it('are released by the first of two, where they have an end and a time', async () => {
    const unique = { key: 'a', until: 'ended', for: '10m' } as const;
    const one = await idle({}, { unique });
    clock.advance(600_000);
    const two = await idle({}, { unique });
    expect([one.enqueued, two.enqueued]).toEqual([true, true]);
    await tasks.cancel(two.id);
    expect((await idle({}, { unique })).enqueued).toBe(true);
  });

  it('refuse the second with an error that names the holder, and nothing of the call is stored', async () => {
    const options = { unique: { key: 'a', onConflict: 'reject' } } as const;
    const one = await idle({}, options);
    const refused = idle({}, options);
    await expect(refused).rejects.toThrow(DuplicateTaskError);
    await expect(refused).rejects.toMatchObject({ holder: one.id, code: 'duplicate_task', statusCode: 409 });
    const rows = [1, 2].map((n) => ({ name: 'plain', params: { n }, options: { unique: { key: `n${n}` } } }));
    const many = tasks.queueMany('idle', [...rows, { name: 'plain', params: {}, options }]);
    await expect(many).rejects.toThrow(one.id);
    expect((await tasks.list({ queue: 'idle' })).items).toHaveLength(1);
    const twice = tasks.queueMany('idle', 'plain', [{}, {}], { unique: { key: 'b', onConflict: 'reject' } });
    await expect(twice).rejects.toThrow(DuplicateTaskError);
    expect((await tasks.list({ queue: 'idle' })).items).toHaveLength(1);
  });

  it('hold among the rows of one call, each of which is told', async () => {
    const rows = ['a', 'b', 'a', null, 'b', 'a'].map((userId) => ({ userId }));
    const made = await tasks.queueMany('idle', 'welcome', rows);
    expect(made.map(({ enqueued }) => enqueued)).toEqual([true, true, false, true, false, false]);
    expect(keys([made[2]!, made[4]!, made[5]!])).toEqual(keys([made[0]!, made[1]!, made[0]!]));
  });

  it('are made of the values at places in the params', async () => {
    const by = ['params.a', 'params.b.c'];
    const enqueue = async (params: object) => (await idle(params, { unique: { by } })).enqueued;
    expect(await enqueue({ a: 1, b: { c: { x: 1, y: [1] } } })).toBe(true);
    expect(await enqueue({ b: { c: { y: [1], x: 1 } }, a: 1, other: 2 })).toBe(false);
    expect(await enqueue({ a: '1', b: { c: { x: 1, y: [1] } } })).toBe(true);
    expect(await enqueue({ a: null })).toBe(true);
    expect(await enqueue({ a: undefined })).toBe(true);
    expect(await enqueue({})).toBe(false);
    const at = new Date(clock.now());
    expect(await enqueue({ a: at })).toBe(true);
    expect(await enqueue({ a: at.toISOString() })).toBe(false);
    const all = { unique: { by: ['params'] } };
    expect([(await idle({ a: 1 }, all)).enqueued, (await idle({ a: 1 }, all)).enqueued]).toEqual([true, false]);
  });

  it('are the handler’s, unless the call has its own, or none', async () => {
    const params = { userId: 1 };
    const welcome = (options: QueueTaskWhenOptions = {}) => idle(params, options, 'welcome');
    const one = await welcome();
    expect([one.enqueued, (await welcome()).enqueued]).toEqual([true, false]);
    expect((await welcome({ unique: false })).enqueued).toBe(true);
    expect((await welcome({ throttle: { key: 'x', every: '1m' } })).enqueued).toBe(true);
    await idle({ userId: 1 }, {}, 'mail');
    await expect(idle({ userId: 1 }, {}, 'mail')).rejects.toThrow(DuplicateTaskError);
    const without = [await idle({ userId: null }, {}, 'mail'), await idle({ userId: null }, {}, 'mail')];
    expect(without.map(({ enqueued, unique }) => [enqueued, unique])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
  });

  it('are taken again by a retry by hand, or it is refused with the holder’s name', async () => {
    const unique = { key: 'a' };
    const one = await tasks.queue('default', 'fails', {}, { unique });
    await ended(tasks, one.id);
    await tasks.pauseQueue('default');
    const two = await tasks.queue('default', 'fails', {}, { unique });
    const refused = tasks.retry(one.id);
    await expect(refused).rejects.toThrow(TaskStateError);
    await expect(refused).rejects.toThrow(two.id);
    expect(await tasks.bulk('retry', { ids: [one.id] })).toEqual({
      changed: 0,
      refused: [{ id: one.id, state: 'failed', holder: two.id }],
    });
    await tasks.cancel(two.id);
    expect((await tasks.retry(one.id)).state).toBe('available');
    expect((await tasks.queue('default', 'fails', {}, { unique })).id).toBe(one.id);
    await expect(tasks.retry(two.id)).rejects.toThrow(one.id);
    await tasks.delete(one.id);
    expect((await tasks.retry(two.id)).keyHolder).toBe(two.id);
  });

  it('of a task that is deleted go with it, and leave a newer holder alone', async () => {
    const options = { unique: { key: 'a' } };
    const old = await idle({}, options);
    await tasks.cancel(old.id);
    const newer = await idle({}, options);
    await tasks.delete(old.id);
    expect((await idle({}, options)).id).toBe(newer.id);
    await tasks.delete(newer.id);
    expect((await idle({}, options)).enqueued).toBe(true);
  });

  it('leave a task whose own id is there as it is', async () => {
    const options = { id: 'mine', unique: { key: 'a', onConflict: 'replace' } } as const;
    await idle({ n: 1 }, options);
    expect(await idle({ n: 2 }, options)).toMatchObject({ id: 'mine', enqueued: false, params: { n: 1 } });
    expect(await idle({ n: 3 }, { ...options, id: 'other' })).toMatchObject({ id: 'mine', params: { n: 3 } });
  });

  it('debounce: the last call wins, and the task starts when they have ceased', async () => {
    const debounce = { key: 'a', wait: '5s', max: '12s' };
    const start = clock.now();
    const one = await idle({ n: 1 }, { debounce });
    expect(one).toMatchObject({ enqueued: true, state: 'scheduled', runAt: start + 5_000 });
    for (const [after, runAt] of [
      [4_000, 9_000],
      [3_000, 12_000],
      [4_000, 12_000],
    ] as const) {
      clock.advance(after);
      const next = await idle({ n: clock.now() }, { debounce });
      expect(next).toMatchObject({ enqueued: false, id: one.id, params: { n: clock.now() }, runAt: start + runAt });
    }
    // Due, and not begun: the last params still win, and it is put off no more.
    clock.advance(3_000);
    expect(await idle({ n: 9 }, { debounce })).toMatchObject({ id: one.id, params: { n: 9 }, runAt: start + 12_000 });
  });

  it('debounce: a call after the start begins anew', async () => {
    const debounce = { key: 'a', wait: '5s' };
    const one = await tasks.queue('default', 'waits', {}, { debounce });
    clock.advance(5_000);
    await when(tasks, one.id, ({ state }) => state === 'running');
    const two = await tasks.queue('default', 'waits', {}, { debounce });
    expect(two).toMatchObject({ enqueued: true, runAt: clock.now() + 5_000 });
    for (const end of held) end();
  });

  it('throttle: the first call wins, and those that follow too soon are told so', async () => {
    const throttle = { key: 'a', every: '10m' };
    const one = await tasks.queue('default', 'plain', { n: 1 }, { throttle });
    await ended(tasks, one.id);
    expect(await tasks.queue('default', 'plain', { n: 2 }, { throttle })).toMatchObject({
      enqueued: false,
      id: one.id,
    });
    clock.advance(600_000);
    expect((await tasks.queue('default', 'plain', { n: 3 }, { throttle })).enqueued).toBe(true);
  });

  it('coalesce: lists are joined into the task that waits', async () => {
    const start = clock.now();
    const one = await idle({ ids: [1], a: 1 }, {}, 'index');
    clock.advance(2_000);
    const two = await idle({ ids: [2, 3], a: 2 }, {}, 'index');
    expect(two).toMatchObject({ enqueued: false, id: one.id, params: { ids: [1, 2, 3], a: 1 }, runAt: start + 5_000 });
    await expect(idle({ ids: 'x' }, {}, 'index')).rejects.toThrow(/params.ids is none/);
    const large = ['x'.repeat(700_000)];
    const three = await idle({ ids: large }, {}, 'index');
    const four = await idle({ ids: large }, {}, 'index');
    expect([three.id, four.enqueued]).toEqual([one.id, true]);
    expect((await idle({ ids: [4] }, {}, 'index')).id).toBe(four.id);
  });

  it('hold for the runs of schedules, by ticks and by hand', async () => {
    const run = await crons.trigger('nightly');
    expect((await crons.trigger('nightly')).id).toBe(run.id);
    await crons.add({
      name: 'each',
      expression: '@every 1m',
      queue: 'idle',
      task: 'welcome',
      params: { userId: 1 },
      throttle: { key: 'x', every: '10m' },
    });
    const first = await crons.trigger('each');
    expect((await crons.trigger('each')).id).toBe(first.id);
    clock.advance(600_000);
    expect((await crons.trigger('each')).id).not.toBe(first.id);
    await expect(
      crons.add({ name: 'a', expression: '@daily', queue: 'idle', task: 'plain', unique: { key: '' } }),
    ).rejects.toThrow(/unique.key/);
  });

  it('are refused where they are wrong, by the name of the option', async () => {
    const wrong: ReadonlyArray<[string, UniquenessOptions, RegExp]> = [
      ['unique', { unique: true as never }, /unique must be an object.* not true/],
      ['unique.key', { unique: {} as never }, /needs "key" or "by"/],
      ['unique.key', { unique: { key: 'a', by: ['params'] } as never }, /not both/],
      ['unique.key', { unique: { key: '' } }, /1 to 255 characters/],
      ['unique.by', { unique: { by: ['userId'] } }, /"userId" is none/],
      ['unique.by', { unique: { by: [] } }, /list of 1 to 20/],
      ['unique.until', { unique: { key: 'a', until: 'done' as never } }, /"started" or "ended", not "done"/],
      ['unique.onConflict', { unique: { key: 'a', onConflict: 'drop' as never } }, /"keep", "replace" or "reject"/],
      ['unique.for', { unique: { key: 'a', for: 0 } }, /at least "1ms"/],
      ['unique.untill', { unique: { key: 'a', untill: 'ended' } as never }, /did you mean "until"\?/],
      ['debounce.wait', { debounce: { key: 'a' } as never }, /duration/],
      ['debounce.max', { debounce: { key: 'a', wait: '5s', max: '4s' } }, /must not be shorter/],
      ['throttle.every', { throttle: { key: 'a' } as never }, /duration/],
      ['coalesce.field', { coalesce: { key: 'a', wait: '1s' } as never }, /the name of the field/],
      ['throttle', { unique: { key: 'a' }, throttle: { key: 'a', every: '1s' } }, /Give one of/],
    ];
    for (const [field, options, message] of wrong) {
      const refused = idle({}, options);
      await expect(refused).rejects.toThrow(InvalidArgumentError);
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toMatchObject({ field });
    }
  });

  it('are refused beside a time that their rule is to say', async () => {
    const debounce = { key: 'a', wait: '5s' };
    await expect(idle({}, { debounce, delay: '1m' })).rejects.toThrow(/leave out delay and runAt/);
    await expect(idle({}, { debounce, expires: '4s' })).rejects.toThrow(/expires must come after runAt/);
  });

  it('are checked at boot where a decorator has them', async () => {
    class Wrong {
      @TaskHandler('wrong', { debounce: { key: 'a', wait: 'soon' } })
      wrong(_params: object, _task: TaskContext): void {}
    }
    const boot = bootApp({ providers: [Wrong] });
    await expect(boot).rejects.toThrow(TasksConfigError);
    await expect(boot).rejects.toThrow(/@TaskHandler\('wrong'\) on Wrong.wrong: debounce.wait must be a duration/);
  });
});
