import 'reflect-metadata';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { InvalidArgumentError, TasksConfigError } from '../../lib/contract/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended } from './support.js';

class Reminders {
  @TaskHandler('remind')
  remind(_params: object, _task: TaskContext): void {}
}

class Nightly {
  @Cron('0 0 * * *', { name: 'nightly', tags: { customer: '42' } })
  nightly(): void {}
}

const [TAGS, OTHERS] = [{ product: 'abc', customer: '42' }, { product: 'xyz' }];

describe('tags', () => {
  let tasks: TaskDispatcher;
  let crons: CronSchedules;

  beforeEach(async () => {
    const clock = new ManualClock(Date.UTC(2027, 0, 1));
    const app = await bootApp({ tasks: { clock }, providers: [Reminders, Nightly] });
    tasks = dispatcherOf(app);
    crons = app.get(CronSchedules);
  });

  const idsOf = async (query: Parameters<TaskDispatcher['list']>[0]): Promise<string[]> =>
    (await tasks.list({ ...query, order: 'oldest' })).items.map(({ id }) => id);

  it('are given with a task, shown with it, and lead to it', async () => {
    const one = await tasks.queue('default', 'remind', {}, { tags: TAGS });
    const two = await tasks.queueIn('default', '1h', 'remind', {}, { tags: OTHERS });
    await tasks.queue('default', 'remind', {}, { tags: {} });
    expect(one.tags).toEqual(TAGS);
    expect((await tasks.get(one.id)).tags).toEqual(TAGS);
    expect(await idsOf({ tags: { product: 'abc' } })).toEqual([one.id]);
    expect(await idsOf({ tags: { product: 'abc', customer: '42' } })).toEqual([one.id]);
    expect(await idsOf({ tags: { product: 'abc', customer: '43' } })).toEqual([]);
    expect(await idsOf({ tags: OTHERS, states: ['scheduled'] })).toEqual([two.id]);
    expect((await tasks.list()).items.at(0)!.tags).toBeUndefined();
    await ended(tasks, one.id);
    expect(await idsOf({ tags: TAGS, state: 'completed' })).toEqual([one.id]);
  });

  it('are of all rows of a call, or of one of them', async () => {
    const rows = await tasks.queueMany(
      'default',
      [{ params: {} }, { params: {}, options: { tags: OTHERS } }, { params: {}, options: { tags: {} } }].map((row) => ({
        name: 'remind',
        ...row,
      })),
      { tags: TAGS },
    );
    expect(rows.map((row) => row.tags)).toEqual([TAGS, OTHERS, undefined]);
    expect(await idsOf({ tags: { product: 'xyz' } })).toEqual([rows[1]!.id]);
  });

  it('say what a bulk action is for', async () => {
    const later = (tags: Record<string, string>) => tasks.queueIn('default', '1h', 'remind', {}, { tags });
    const [one, two, other] = [await later(TAGS), await later(TAGS), await later(OTHERS)];
    expect(await tasks.bulk('cancel', { tags: { product: 'abc' }, states: ['scheduled'] })).toEqual({
      changed: 2,
      refused: [],
    });
    expect(await idsOf({ tags: TAGS, state: 'cancelled' })).toEqual([one.id, two.id]);
    expect(await tasks.bulk('cancel', { filter: { tags: OTHERS, state: 'scheduled' } })).toEqual({
      changed: 1,
      refused: [],
    });
    expect((await tasks.get(other.id)).state).toBe('cancelled');
  });

  it('go with every run of a schedule', async () => {
    await crons.add({ name: 'report', expression: '@daily', queue: 'default', task: 'remind', tags: TAGS });
    expect((await crons.list()).map(({ name, traits }) => [name, traits])).toEqual([
      ['nightly', { tags: { customer: '42' } }],
      ['report', { tags: TAGS }],
    ]);
    const ids = [await crons.trigger('nightly'), await crons.trigger('report')];
    expect(await idsOf({ tags: { customer: '42' } })).toEqual(
      ids.map((run) => (typeof run === 'string' ? run : run.id)),
    );
    await crons.add({ name: 'report', expression: '@daily', queue: 'default', task: 'remind' });
    expect((await crons.get('report')).traits).toBeUndefined();
  });

  it("leave an id that is searched for first, ids of one's own too", async () => {
    const own = await tasks.queueIn('default', '1h', 'remind', {}, { id: 'order 42', tags: TAGS });
    const others: string[] = [];
    for (let number = 1; number <= 3; number += 1) {
      others.push((await tasks.queueIn('default', '1h', 'remind', { about: `order 42, part ${number}` })).id);
    }
    const pages: string[][] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { search: 'order 42', limit: 2, ...(cursor !== undefined && { cursor }) };
      const page = await tasks.list(query);
      pages.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(pages[0]![0]).toBe(own.id);
    expect(pages.flat()).toEqual([own.id, ...others.toReversed()]);
    expect((await tasks.list({ search: 'order 42', tags: OTHERS })).items).toEqual([]);
    expect((await tasks.list({ search: others[0]!.toUpperCase() })).items.map(({ id }) => id)).toEqual([others[0]]);
  });

  it('are refused where they are wrong, and nothing is stored', async () => {
    const wrong = { tags: { customer: 42 } } as unknown as { tags: Record<string, string> };
    const refused = (field: string): unknown => expect.objectContaining({ name: 'InvalidArgumentError', field });
    await expect(tasks.queue('default', 'remind', {}, wrong)).rejects.toThrow(InvalidArgumentError);
    await expect(tasks.queueIn('default', '1h', 'remind', {}, wrong)).rejects.toEqual(refused('tags.customer'));
    const rows = [
      { name: 'remind', params: {} },
      { name: 'remind', params: {}, options: wrong },
    ];
    await expect(tasks.queueMany('default', rows)).rejects.toEqual(refused('[1].tags.customer'));
    const schedule = { name: 'x', expression: '@daily', queue: 'default', task: 'remind' };
    await expect(crons.add({ ...schedule, ...wrong })).rejects.toEqual(refused('tags.customer'));
    await expect(tasks.list({ tags: {} })).rejects.toEqual(refused('tags'));
    await expect(tasks.list(wrong)).rejects.toEqual(refused('tags.customer'));
    await expect(tasks.bulk('cancel', { tags: {} })).rejects.toEqual(refused('tags'));
    await expect(tasks.bulk('cancel', { filter: { tags: {} } })).rejects.toEqual(refused('filter.tags'));
    await expect(tasks.bulk('cancel', { filter: {}, tags: TAGS })).rejects.toEqual(refused('ids'));
    await expect(tasks.bulk('cancel', { ids: ['a'], states: ['failed'] })).rejects.toEqual(refused('ids'));
    await expect(tasks.bulk('cancel', { state: 'failed', states: ['failed'] })).rejects.toEqual(refused('states'));
    await expect(tasks.bulk('cancel', {})).rejects.toEqual(refused('ids'));
    expect((await tasks.list()).items).toEqual([]);
    expect(await crons.list()).toHaveLength(1);
  });

  it('stop the boot where a decorator has wrong ones', async () => {
    class Wrong {
      @Cron('0 0 * * *', { name: 'wrong', tags: { 'a:b': 'x' } })
      tick(): void {}
    }
    const booting = bootApp({ providers: [Wrong] });
    await expect(booting).rejects.toThrow(TasksConfigError);
    await expect(booting).rejects.toThrow('@Cron on Wrong.tick: tags: the name "a:b" must not have a colon');
  });
});
