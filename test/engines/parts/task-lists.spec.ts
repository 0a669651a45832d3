import { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { MAX_CHILDREN_LISTED, type TaskFilter } from '../../../lib/contract/index.js';
import type { Listed } from '../../../lib/engine/bullmq/task-lists.js';
import { newTask } from '../../conformance/harness.js';
import { describeWith } from '../../support/servers/find-program.js';
import { PartSite } from '../support/part-site.js';

const DAY = 24 * 60 * 60_000;
const NEWEST = { order: 'newest' } as const;

describeWith('redis', 'The lists of tasks in BullMQ', () => {
  const site = PartSite.forFile();

  async function* pages(filter: TaskFilter, limit: number, order: 'newest' | 'oldest' = 'newest') {
    let cursor: string | null | undefined;
    do {
      const page = await site.parts.lists.page(filter, { limit, order, ...(cursor && { cursor }) });
      yield page.items.map(({ id }) => id);
      cursor = page.nextCursor;
    } while (cursor);
  }

  async function all(filter: TaskFilter): Promise<Listed[]> {
    const found: Listed[] = [];
    for await (const part of site.parts.lists.all(filter)) found.push(...part);
    return found;
  }

  /** Adds so many with ids `<queue>-<number>`, an hour after each other. */
  async function addMany(count: number, more: object = {}): Promise<string[]> {
    const { queue, clock } = site;
    const now = clock.now();
    const tasks = Array.from({ length: count }, (_, index) => {
      const createdAt = now - DAY + index * 1_000;
      return newTask(clock, { id: `${queue}-${index}`, queue, createdAt, runAt: createdAt, ...more });
    });
    await site.parts.adder.add(tasks);
    return tasks.map(({ id }) => id);
  }

  it('are read a page after the other, from either end', async () => {
    const ids = await addMany(5);
    const read = [];
    for await (const page of pages({ queue: site.queue }, 2)) read.push(page);
    expect(read.flat()).toEqual(ids.toReversed());
    expect(read.slice(0, 2).map((page) => page.length)).toEqual([2, 2]);
    const oldest = [];
    for await (const page of pages({ queue: site.queue }, 3, 'oldest')) oldest.push(...page);
    expect(oldest).toEqual(ids);
  });

  it('come a state after the other: what runs first, what completed last', async () => {
    await addMany(7);
    await site.complete();
    await site.fail();
    await site.failOnce();
    await site.take();
    await site.parts.cancelled.cancelWaiting(site.queue, await site.job(`${site.queue}-4`));
    await site.add({ id: `${site.queue}-7`, runAt: site.clock.now() + DAY });
    const { items, nextCursor, looked } = await site.parts.lists.page({ queue: site.queue }, { limit: 50, ...NEWEST });
    const numbers = items.map(({ id, state }) => `${id.split('-').at(-1)} ${state}`);
    expect(numbers).toEqual([
      '3 running',
      '7 scheduled',
      '2 retryable',
      '6 available',
      '5 available',
      '1 failed',
      '4 cancelled',
      '0 completed',
    ]);
    expect({ nextCursor, looked }).toEqual({ nextCursor: null, looked: 8 });
    const inState = async (...state: Array<'failed' | 'retryable' | 'held'>) =>
      (await site.parts.lists.page({ queue: site.queue, state }, { limit: 50, ...NEWEST })).items.map(({ id }) => id);
    expect(await inState('failed', 'retryable')).toEqual([`${site.queue}-2`, `${site.queue}-1`]);
    expect(await inState('held')).toEqual([]);
  });

  it('have a task in them that begins while they are read', async () => {
    const [waiting] = await addMany(1);
    const queue = site.parts.set.queue(site.queue);
    const read = queue.getRanges.bind(queue);
    vi.spyOn(queue, 'getRanges').mockImplementation(async (types, ...range) => {
      if (String(types) === 'waiting') await site.take();
      return read(types, ...range);
    });
    const { items, looked } = await site.parts.lists.page({ queue: site.queue }, { limit: 5, ...NEWEST });
    expect(items).toMatchObject([{ id: waiting, state: 'running' }]);
    expect(looked).toBe(0);
  });

  it('are those that a filter leaves, by their facts and by their text', async () => {
    await addMany(2);
    const id = `${site.queue}-x`;
    await site.add({ id, name: 'mail', params: '{"to":"ann"}', traits: { tags: { shop: 'a' } } });
    for (const filter of [{ name: 'mail' }, { tags: { shop: 'a' } }, { search: 'ANN' }, { search: id }] as const) {
      const { items } = await site.parts.lists.page({ queue: site.queue, ...filter }, { limit: 5, ...NEWEST });
      expect(items.map((item) => item.id)).toEqual([id]);
      expect((await all({ queue: site.queue, ...filter })).map(({ job }) => job.id)).toEqual([`~${id}`]);
    }
    const none = await site.parts.lists.page({ queue: 'other' }, { limit: 5, ...NEWEST });
    expect(none).toEqual({ items: [], looked: 0, nextCursor: null });
  });

  it('are gone through in parts of a hundred, and go on at a cursor', async () => {
    const ids = await addMany(205);
    const read = [];
    for await (const page of pages({ queue: site.queue }, 101)) read.push(...page);
    expect(read).toEqual(ids.toReversed());
    expect(await all({ queue: site.queue })).toHaveLength(205);
    const { items, looked } = await site.parts.lists.page({ queue: site.queue }, { limit: 101, ...NEWEST });
    expect([items.length, looked]).toEqual([101, 101]);
  });

  it('are left after a thousand that a filter does not let through', async () => {
    const ids = await addMany(1_001);
    const first = await site.parts.lists.page({ queue: site.queue, search: ids[0]! }, { limit: 5, ...NEWEST });
    expect(first).toMatchObject({ items: [], looked: 1_000 });
    const next = { limit: 5, ...NEWEST, cursor: first.nextCursor! };
    const second = await site.parts.lists.page({ queue: site.queue, search: ids[0]! }, next);
    expect(second).toMatchObject({ items: [{ id: ids[0] }], looked: 1, nextCursor: null });
  });

  it('refuse a cursor that is none of theirs', async () => {
    for (const place of ['at:1', 'at:1:2:3', 'at:1234567:1', 'xx:1:2', 'at:a:1']) {
      const cursor = Buffer.from(place).toString('base64url');
      await expect(site.parts.lists.page({}, { limit: 5, cursor, ...NEWEST })).rejects.toThrow(/cursor/);
    }
  });
});

describeWith('redis', 'A task in BullMQ that is looked for', () => {
  const site = PartSite.forFile();

  it('is found in whichever queue and state it is', async () => {
    const { parts, queue } = site;
    const job = await site.add({ id: `${queue}:1` });
    expect(await parts.lists.find(`${queue}:1`)).toMatchObject({ queue, state: 'available', job: { id: job.id } });
    await site.failOnce();
    expect(await parts.lists.find(`${queue}:1`)).toMatchObject({ state: 'retryable' });
    expect(await parts.lists.findIn(queue, `${queue}:1`)).toMatchObject({ state: 'retryable' });
    expect(await parts.lists.findIn('default', `${queue}:1`)).toBeNull();
    await parts.cancelled.cancelWaiting(queue, await site.job(`${queue}:1`));
    expect(await parts.lists.find(`${queue}:1`)).toMatchObject({ queue, state: 'cancelled', job: { id: job.id } });
    expect(await parts.lists.findIn(queue, `${queue}:1`)).toMatchObject({ queue, state: 'cancelled' });
    expect(await parts.lists.find('nobody')).toBeNull();
  });

  it('is found under the id that other code gave it', async () => {
    const { parts, queue } = site;
    await parts.registry.noteQueues([queue]);
    await parts.set.queue(queue).add('theirs', {}, { jobId: `${queue}-own` });
    expect(await parts.lists.find(`${queue}-own`)).toMatchObject({
      queue,
      state: 'available',
      job: { name: 'theirs' },
    });
  });

  it('is none where only its hash is left', async () => {
    const { parts, queue } = site;
    const job = await site.add();
    const redis = new Redis(site.options.connection as object);
    await redis.zrem(parts.set.queue(queue).toKey('prioritized'), job.id!);
    redis.disconnect();
    expect(await parts.lists.find(job.id!)).toBeNull();
  });

  it('has failed with what is read of it', async () => {
    const { parts, queue } = site;
    const first = await site.add();
    await site.fail('one');
    const second = await site.add();
    await site.fail('two');
    expect(await parts.lists.failedIds(queue)).toEqual([second.id, first.id]);
    const errors = await parts.lists.errorsOf(queue, [first.id!, 'gone', second.id!]);
    expect(errors).toMatchObject([
      [first.id, { id: first.id, queue, name: 'work' }],
      ['gone', null],
      [second.id, { id: second.id }],
    ]);
    expect(JSON.stringify(errors[0])).toContain('one');
  });

  it('runs by the worker that has it, the first begun first', async () => {
    const { parts, queue } = site;
    const [a, b] = [await site.add({ traits: { tags: { shop: 'a' } } }), await site.add()];
    expect((await site.take()).id).toBe(a.id);
    const { id, processedOn } = await site.take();
    const running = await parts.lists.running();
    const own = [...running.values()].flat().filter((task) => task.queue === queue);
    expect(own.map((task) => task.id)).toEqual([a.id, b.id]);
    expect(own[0]).toMatchObject({ name: 'work', attempt: 1, tags: { shop: 'a' } });
    expect(own[1]).toEqual({ id, queue, name: 'work', attempt: 1, startedAt: processedOn });
  });

  it('has the tasks that its handler enqueued, as they are now', async () => {
    const { parts, queue } = site;
    const parent = await site.add();
    const noted = [];
    for (let number = 0; number < MAX_CHILDREN_LISTED + 2; number += 1) {
      const of = number === 1 ? 'another' : parent.id!;
      const { id } = await site.add({ parentId: of, ...(number === 0 && { traits: { tags: { a: '1' } } }) });
      noted.push({ id: id!, name: 'work', queue });
    }
    const children = await parts.lists.children(parent.id!, [{ ...noted[0]!, id: 'gone' }, ...noted]);
    expect(children).toHaveLength(MAX_CHILDREN_LISTED);
    expect(children[0]).toEqual({ ...noted[0]!, state: 'available', tags: { a: '1' } });
    expect(children[1]).toEqual({ ...noted[2]!, state: 'available' });
    for (const child of noted) await parent.log(JSON.stringify({ child }));
    expect((await site.read(parent.id!))!.children).toEqual(children);
  });
});

describeWith('redis', 'Tasks of queues that other code of the app works on', () => {
  it('are listed and found by their queue and id, and never acted on', async () => {
    const site = await PartSite.open({}, { show: ['legacy'] });
    const { lists, set } = site.parts;
    const job = await set.queue('legacy').add('send', { to: 'ann' });
    const { items } = await lists.page({}, { limit: 5, ...NEWEST });
    expect(items).toMatchObject([{ id: `legacy:${job.id}`, queue: 'legacy', name: 'send', state: 'available' }]);
    expect(await lists.find(`legacy:${job.id}`)).toMatchObject({ queue: 'legacy', state: 'available' });
    expect(await lists.find('legacy:77')).toBeNull();
    expect(await lists.find('other:1')).toBeNull();
    for await (const listed of lists.all({})) expect(listed).toBeNull();
  });
});
