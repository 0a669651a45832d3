import { expect, it } from 'vitest';
import { noTasks } from '../../../lib/contract/index.js';
import { FailedJobs } from '../../../lib/engine/bullmq/failed-jobs.js';
import { queueDepth } from '../../../lib/engine/bullmq/queue-depth.js';
import { tellOfLost } from '../../../lib/engine/bullmq/lost-jobs.js';
import { changeWaiting } from '../../../lib/engine/bullmq/waiting-jobs.js';
import type { TaskEvent } from '../../../lib/contract/index.js';
import { describeWith } from '../../support/servers/find-program.js';
import { PartSite } from '../support/part-site.js';

const DAY = 24 * 60 * 60_000;

describeWith('redis', 'How much stands in a queue of BullMQ', () => {
  const site = PartSite.forFile();
  const depth = () => queueDepth(site.parts.set, site.queue);

  it('is nothing in one that is empty', async () => {
    expect(await depth()).toEqual({ queue: site.queue, counts: noTasks(), paused: false, oldestAvailableAt: null });
  });

  it('is counted by the states of its tasks', async () => {
    const now = site.clock.now();
    const { set, cancelled } = site.parts;
    for (let number = 0; number < 6; number += 1) await site.add();
    await site.complete();
    await site.fail();
    await site.failOnce();
    await site.failOnce(DAY, { outcome: 'snoozed', waitingFor: { since: 1, total: 1, waits: [] } });
    await site.take();
    await site.add({ runAt: now + DAY });
    await site.add({ runAt: now + DAY });
    await cancelled.cancelWaiting(site.queue, await site.add());
    await set.cancelledOf(site.queue).add('other', {});
    await set.queue(site.queue).add('theirs', {}, { timestamp: now - DAY });
    await set.queue(site.queue).pause();
    const { counts, paused, oldestAvailableAt } = await depth();
    expect(counts).toEqual({
      ...noTasks(),
      available: 2,
      scheduled: 2,
      retryable: 1,
      suspended: 1,
      running: 1,
      completed: 1,
      failed: 1,
      cancelled: 2,
    });
    expect(paused).toBe(true);
    expect(oldestAvailableAt).toBe(now - DAY);
    await set.queue(site.queue).resume();
  });

  it('has waited since the first of it was due', async () => {
    const now = site.clock.now();
    const job = await site.add({ createdAt: now, runAt: now + 50 });
    await job.promote();
    expect((await depth()).oldestAvailableAt).toBe(now + 50 - ((await site.job(job.id!)).delay === 0 ? 50 : 0));
  });
});

describeWith('redis', 'What the failed jobs of BullMQ failed with', () => {
  const site = PartSite.forFile();
  const report = async (jobs: FailedJobs, asked: { queue?: string; name?: string } = {}) => {
    const { items, complete } = await jobs.report({ queue: site.queue, ...asked });
    return { counts: items.map(({ name, count }) => `${name} ${count}`).toSorted(), complete };
  };

  it('is told in groups, of a queue or a name', async () => {
    const jobs = new FailedJobs(site.parts.registry, site.parts.lists);
    for (const name of ['mail', 'mail', 'other']) await site.add({ name });
    for (let number = 0; number < 3; number += 1) await site.fail();
    expect(await report(jobs)).toEqual({ counts: ['mail 2', 'other 1'], complete: true });
    expect(await report(jobs, { name: 'mail' })).toEqual({ counts: ['mail 2'], complete: true });
    expect(await report(jobs, { queue: 'default' })).toEqual({ counts: [], complete: true });
    const all = await jobs.report({});
    expect(all.items.length).toBeGreaterThanOrEqual(2);
  });

  it('is what they failed with last, and forgotten when they fail no more', async () => {
    const jobs = new FailedJobs(site.parts.registry, site.parts.lists);
    const job = await site.add({ name: 'mail' });
    await site.add({ name: 'other' });
    await site.fail('first');
    await site.fail('other');
    expect((await report(jobs)).counts).toEqual(['mail 1', 'other 1']);
    await (await site.job(job.id!)).retry('failed');
    expect((await report(jobs)).counts).toEqual(['other 1']);
    await site.fail('second');
    const { items } = await jobs.report({ queue: site.queue, name: 'mail' });
    expect(items).toMatchObject([{ count: 1, error: { message: 'second' } }]);
  });

  it('is whole after few reports, however many there are', async () => {
    const jobs = new FailedJobs(site.parts.registry, site.parts.lists);
    await site.parts.registry.noteQueues([site.queue]);
    await site.parts.set.queue(site.queue).addBulk(Array.from({ length: 130 }, () => ({ name: 'mail', data: {} })));
    for (let number = 0; number < 130; number += 1) await site.fail();
    expect(await report(jobs)).toEqual({ counts: ['mail 130'], complete: true });
    expect(await report(jobs)).toEqual({ counts: ['mail 130'], complete: true });
  });
});

describeWith('redis', 'A job of BullMQ whose process is gone', () => {
  const site = PartSite.forFile();

  it('is told of with the attempt that was lost', async () => {
    const parts = { ...site.parts, happenings: site.store.happenings };
    const job = await site.add();
    await site.take();
    await (await site.job(job.id!)).moveToWait('a-worker');
    await site.take();
    const heard: TaskEvent[] = [];
    await tellOfLost(site.queue, job.id!, 5, parts);
    const stop = site.store.happenings.hear((events) => heard.push(...events));
    await tellOfLost(site.queue, job.id!, 5, parts);
    await tellOfLost(site.queue, 'gone', 5, parts);
    stop();
    expect(heard).toEqual([
      {
        event: 'lost',
        task: { id: job.id, queue: site.queue, name: 'work', attempt: 1 },
        error: {
          name: 'WorkerLostError',
          message: expect.stringMatching(/length of its lease\. The task runs again\.$/) as unknown,
        },
      },
    ]);
  });
});

describeWith('redis', 'A job of BullMQ that waits', () => {
  const site = PartSite.forFile();
  const change = async (id: string, to: Parameters<typeof changeWaiting>[3]) =>
    changeWaiting(site.parts.set, site.queue, await site.job(id), to);

  it('is given another time and priority', async () => {
    const job = await site.add({ traits: { tags: { a: '1' } } });
    const runAt = site.clock.now() + DAY;
    expect(await change(job.id!, { runAt })).toBe(true);
    expect(await site.read(job.id!)).toMatchObject({ state: 'scheduled', runAt, priority: 0, tags: { a: '1' } });
    expect(await change(job.id!, { priority: 7 })).toBe(true);
    expect(await site.read(job.id!)).toMatchObject({ state: 'scheduled', runAt, priority: 7 });
    const { opts } = await site.job(job.id!);
    expect(opts).toMatchObject({ priority: 1_000_001 - 7, task: { maxAttempts: 4, runAt, moved: 0 } });
  });

  it('is served by the priority that it was given', async () => {
    const [first, second] = [await site.add(), await site.add()];
    await change(second.id!, { priority: 1 });
    expect((await site.take()).id).toBe(second.id);
    expect((await site.take()).id).toBe(first.id);
  });

  it('is given other params, with their secrets and version', async () => {
    const job = await site.add({ params: '{"a":1}', sensitive: ['a'], traits: { version: 1, tags: { a: '1' } } });
    await change(job.id!, { params: { json: '{"b":"\\u0000"}', sensitive: ['c'], version: 2 } });
    expect(await site.read(job.id!)).toMatchObject({
      params: { b: '\u0000', c: '[masked]' },
      version: 2,
      tags: { a: '1' },
    });
    expect(await site.read(job.id!)).not.toHaveProperty('runAt', undefined);
    await change(job.id!, { params: { json: '{"d":1}', sensitive: [], version: 2 } });
    expect((await site.read(job.id!))!.params).toEqual({ d: 1 });
    expect((await site.job(job.id!)).opts).not.toMatchObject({ task: { sensitive: expect.anything() } });
  });

  it('keeps its place, and what is not changed', async () => {
    const [first, second] = [await site.add({ params: '{"a":1}' }), await site.add()];
    await change(first.id!, { priority: 0, params: { json: '{"b":1}', sensitive: [], version: 1 } });
    expect((await site.job(first.id!)).opts).not.toMatchObject({ task: { moved: expect.anything() } });
    expect([(await site.take()).id, (await site.take()).id]).toEqual([first.id, second.id]);
  });

  it('is left as it is where it does not wait', async () => {
    const job = await site.add();
    await site.take();
    expect(await change(job.id!, { priority: 7 })).toBe(false);
    expect(await changeWaiting(site.parts.set, site.queue, { ...job, id: 'gone' } as never, { priority: 7 })).toBe(
      false,
    );
  });
});
