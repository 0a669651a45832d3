import { IsInt, IsString } from 'class-validator';
import type { INestApplicationContext } from '@nestjs/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import { Sensitive, TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { PANEL_KEY_SECRET } from '../../lib/admin/index.js';
import { Operations } from '../../lib/operations/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { bootApp, ended, when } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { until } from '../support/until.js';
import { checksums, migrate } from './support/run-migrate.js';
import { someTasks } from './support/some-tasks.js';
import { fill, opened } from './support/stored.js';
import { KINDS, Places } from './support/places.js';

const DAY = 86_400_000;

class CardParams {
  @IsInt() amount!: number;
  @Sensitive() @IsString() card!: string;
}

/** What the handlers got, in the order in which they were called. */
const served: Array<{ name: string; params: object; attempt: number; maxAttempts: number }> = [];
const broken = { now: true };

class Shop {
  @TaskHandler('charge', { params: CardParams, maxRetries: 2, retryDelay: '1h' })
  charge(params: CardParams, task: TaskContext): void {
    this.serve(params, task);
  }

  @TaskHandler('refund', { params: CardParams, maxRetries: 0 })
  refund(params: CardParams, task: TaskContext): void {
    this.serve(params, task);
  }

  @TaskHandler('step')
  step(params: object, task: TaskContext): void {
    this.serve(params, task);
  }

  private serve(params: object, { name, attempt, maxAttempts, log, progress }: TaskContext): void {
    served.push({ name, params: { ...params }, attempt, maxAttempts });
    if (!broken.now || name === 'step') return;
    log(`attempt ${attempt} of ${name}`);
    progress(50, 'half-way');
    throw new RangeError(`${name} is closed`);
  }
}

function boot(place: TasksModuleRootOptions, options: TasksModuleRootOptions): Promise<INestApplicationContext> {
  const queues = { held: {}, ordered: {} };
  return bootApp({ tasks: { ...place, queues, lease: 1_000, ...options }, providers: [Shop] });
}

describeWith(['redis', 'postgres'], 'Moving all tasks of a store', () => {
  let places: Places;

  beforeAll(async () => {
    places = await Places.open();
  });

  describe.each(KINDS.flatMap((from) => KINDS.map((to) => ({ from, to }))))('from $from to $to', ({ from, to }) => {
    it('takes along all that a task was and went through, schedules and pauses', async () => {
      const [source, target] = [await places.make(from), await places.make(to)];
      served.length = 0;
      broken.now = true;

      const worker = await boot(source.options, { workers: { default: 1 } });
      const before = worker.get(TaskDispatcher);
      const failed = await before.queue('default', 'refund', { amount: 3, card: '4000 0000 0000 0002' });
      await ended(before, failed.id);
      const retryable = await before.queue('default', 'charge', { amount: 5, card: '4000 0000 0000 0003' });
      await when(before, retryable.id, ({ state }) => state === 'retryable');
      await worker.close();

      const producer = await boot(source.options, { workers: false });
      const tasks = producer.get(TaskDispatcher);
      const scheduled = await tasks.queueIn('default', '2h', 'charge', { amount: 7, card: '4000 0000 0000 0004' });
      const ordered: string[] = [];
      for (const [step, priority] of [0, 5, 0, 9, 5].entries()) {
        const { id } = await tasks.queue('ordered', 'step', { step }, { priority, timeout: '1m' });
        ordered.push(id);
      }
      await tasks.queue('held', 'step', { step: 'held' });
      await tasks.pauseQueue('held');
      const own = { id: 'own:1/2', tags: { customer: '42' }, deadline: '2d' } as const;
      const tagged = await tasks.queueIn('default', '2h', 'step', { step: 'own' }, own);
      const schedules = producer.get(CronSchedules);
      await schedules.add({
        name: 'nightly',
        expression: '0 3 * * *',
        queue: 'ordered',
        task: 'step',
        params: { a: 1 },
      });
      await schedules.add({ name: 'weekly', expression: '0 3 * * 1', queue: 'ordered', task: 'step' });
      await schedules.pause('weekly');
      expect(await producer.get(Operations).store.secret(PANEL_KEY_SECRET, 'the key')).toBe('the key');
      const pause = { queue: 'ordered', key: '42' };
      const isCarried = from === 'SQLite' && to === 'SQLite';
      if (isCarried) {
        await tasks.pause(pause);
        await tasks.setQueue('ordered', { rateLimit: '1000/s' });
      }
      const shown = await Promise.all([failed, retryable, scheduled, tagged].map(({ id }) => tasks.get(id)));
      await producer.close();

      const moved = await migrate(source.address, target.address);
      expect(moved.code, moved.err).toBe(0);
      const [one, other] = checksums(moved);
      expect(one).toBe(other);
      expect(moved.out).toMatch(/^total +10 +10$/m);
      expect(moved.out).toContain('2 schedules, 1 paused queue');

      const old = await boot(source.options, { workers: false });
      expect((await old.get(TaskDispatcher).list({})).items).toEqual([]);
      expect(await old.get(CronSchedules).list()).toEqual([]);
      await old.close();

      broken.now = false;
      served.length = 0;
      const app = await boot(target.options, { workers: { ordered: 1, held: 1, default: 1 } });
      const after = app.get(TaskDispatcher);
      const here = await Promise.all([failed, retryable, scheduled, tagged].map(({ id }) => after.get(id)));
      expect(here).toEqual(shown);
      for (const id of ordered) await ended(after, id);
      expect((await after.list({ tags: own.tags })).items.map(({ id }) => id)).toEqual([own.id]);
      expect(await after.queue('default', 'step', {}, { id: own.id })).toMatchObject({ enqueued: false });
      expect((await after.pauses()).map(({ selector }) => selector)).toEqual(isCarried ? [pause] : []);
      expect((await after.keys('ordered')).flow).toEqual(isCarried ? { rateLimit: { max: 1_000, per: 1_000 } } : {});
      expect(served.map(({ params }) => (params as { step: number }).step)).toEqual([3, 1, 4, 0, 2]);
      expect(await app.get(Operations).store.secret(PANEL_KEY_SECRET, 'another')).toBe('the key');
      const list = await app.get(CronSchedules).list();
      expect(list.map(({ name, paused, params }) => ({ name, paused, params }))).toEqual([
        { name: 'nightly', paused: false, params: { a: 1 } },
        { name: 'weekly', paused: true, params: {} },
      ]);

      served.length = 0;
      await after.retry(failed.id);
      const done = await ended(after, failed.id);
      expect(done).toMatchObject({ state: 'completed', attempt: 2 });
      expect(done.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
      expect(served).toEqual([
        { name: 'refund', params: { amount: 3, card: '4000 0000 0000 0002' }, attempt: 2, maxAttempts: 2 },
      ]);
      await after.runNow(retryable.id);
      const again = await ended(after, retryable.id);
      expect(again).toMatchObject({ state: 'completed', attempt: 2 });
      expect(served.at(-1)).toMatchObject({ params: { card: '4000 0000 0000 0003' }, attempt: 2, maxAttempts: 3 });

      const held = (await after.list({ queue: 'held' })).items;
      expect(held.map(({ state }) => state)).toEqual(['available']);
      await after.resumeQueue('held');
      await ended(after, held[0]!.id);
    });
  });

  it.each(KINDS)('from %s has a task due that somebody had run at once, and not when it was', async (kind) => {
    const [source, target] = [await places.make(kind), await places.make('SQLite')];
    const now = Date.now();
    const waiting = someTasks(1, now).map((task) => ({ ...task, state: 'retryable' as const, runAt: now + DAY }));
    await fill(source.address, waiting);
    const { id } = waiting[0]!;
    const before = await boot(source.options, { workers: false });
    await before.get(TaskDispatcher).runNow(id);
    await before.close();
    const moved = await migrate(source.address, target.address);
    expect(moved.code, moved.err).toBe(0);
    const task = await (await boot(target.options, { workers: false })).get(TaskDispatcher).get(id);
    expect(task.state).toBe('available');
    expect(task.runAt).toBeLessThanOrEqual(Date.now());
  });

  it.each(KINDS)('to %s ends there, with no worker, the tasks whose time has come meanwhile', async (kind) => {
    const [source, target] = [await places.make('SQLite'), await places.make(kind)];
    const now = Date.now();
    const waiting = someTasks(2, now).map((task) => ({ ...task, queue: 'ordered', name: 'step', attempt: 0 }));
    const traits = [{ startBy: now - 1, tags: { customer: '42' } }, { deadlineAt: now - 1 }];
    await fill(
      source.address,
      waiting.map((task, index) => ({ ...task, traits: traits[index]!, attempts: [], logs: [], startedAt: null })),
    );
    const moved = await migrate(source.address, target.address);
    expect(moved.code, moved.err).toBe(0);
    const tasks = (await boot(target.options, { workers: false })).get(TaskDispatcher);
    const ends = await Promise.all(waiting.map(({ id }) => ended(tasks, id)));
    expect(ends.map(({ state, reason }) => [state, reason])).toEqual([
      ['cancelled', 'expired'],
      ['failed', 'deadline'],
    ]);
    expect(ends[0]!.tags).toEqual({ customer: '42' });
  });

  it.each(KINDS)('to %s makes up for a tick that was missed meanwhile, once', async (kind) => {
    const [source, target] = [await places.make('SQLite'), await places.make(kind)];
    const app = await boot(source.options, { workers: false });
    const add = { queue: 'ordered', task: 'step', expression: '0 3 * * *', timeZone: 'UTC' } as const;
    await app.get(CronSchedules).add({ name: 'nightly', ...add });
    await app.get(CronSchedules).add({ name: 'skipped', ...add, catchUp: 'skip' });
    await app.close();
    const store = await opened(source.address);
    const { schedules } = await store.exportBook();
    const due = schedules[0]!.nextRunAt! - 2 * DAY;
    const missed = schedules.map((schedule) => ({ ...schedule, nextRunAt: due }));
    await store.importBook({ schedules: missed, paused: [], sensitive: new Map(), secrets: new Map() });

    const moved = await migrate(source.address, target.address);
    expect(moved.code, moved.err).toBe(0);
    served.length = 0;
    const after = await boot(target.options, { workers: { ordered: 1 } });
    const tasks = after.get(TaskDispatcher);
    const [run] = await until('the run', async () => {
      const { items } = await tasks.list({ queue: 'ordered', state: 'completed' });
      return items.length > 0 && items;
    });
    // Of the two ticks that were missed, the newest runs for both.
    expect(run).toMatchObject({ runAt: due + DAY, attempt: 1 });
    expect(served).toHaveLength(1);
    const [nightly, skipped] = await after.get(CronSchedules).list();
    expect(nightly).toMatchObject({ name: 'nightly', lastTaskId: run!.id, nextRunAt: due + 2 * DAY });
    expect(skipped).toMatchObject({ name: 'skipped', lastTaskId: null });
  });
});
