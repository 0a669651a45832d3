import { expect, it } from 'vitest';
import type { AttemptRecord } from '../../../lib/engine/bullmq/attempt-record.js';
import { cancelledNotes, withoutCancelled } from '../../../lib/engine/bullmq/cancelled.js';
import { pruneCancelled } from '../../../lib/engine/bullmq/pruner.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import { newTask } from '../../conformance/harness.js';
import { describeWith } from '../../support/servers/find-program.js';
import { PartSite } from '../support/part-site.js';

const DAY = 24 * 60 * 60_000;

describeWith('redis', 'Tasks of BullMQ that were cancelled', () => {
  const site = PartSite.forFile();

  /** The job among the cancelled ones. */
  const among = (id: string): Promise<TaskJob> => site.job(id, `${site.queue}~cancelled`);

  it('are read as they were, in the state that says so', async () => {
    const { parts, queue } = site;
    const job = await site.add({ params: '{"a":1}', priority: 3, runAt: site.clock.now() + DAY, sensitive: ['b'] });
    await job.log('{"at":1,"attempt":1,"message":"half-way"}');
    const before = await site.read(job.id!);
    const since = Date.now();
    await parts.cancelled.cancelWaiting(queue, job);
    const task = (await site.read(job.id!))!;
    expect(task).toEqual({ ...before!, state: 'cancelled', runAt: job.timestamp, finishedAt: task.finishedAt });
    expect(task.logs).toHaveLength(1);
    expect(task.finishedAt).toBeGreaterThanOrEqual(since);
    expect(await site.job(job.id!)).toBeUndefined();
    expect(cancelledNotes(job)).toBeNull();
    expect(cancelledNotes(await among(job.id!))).toMatchObject({
      keepFor: 7 * DAY,
      attemptsStarted: 0,
      attemptsMade: 0,
      stacktrace: [],
      last: null,
    });
    expect((await among(job.id!)).opts.delay ?? 0).toBe(0);
  });

  it('are kept for as long as it is said, with the attempts that they had', async () => {
    const { parts, queue } = site;
    await site.add();
    await site.failOnce(0);
    const job = await site.take();
    const last: AttemptRecord = {
      attempt: 2,
      worker: 'w',
      startedAt: job.processedOn!,
      finishedAt: job.processedOn! + 5,
      outcome: 'cancelled',
    };
    await parts.cancelled.keep(queue, job, 1_234, last);
    expect(cancelledNotes(await among(job.id!))).toMatchObject({
      keepFor: 1_234,
      attemptsStarted: 2,
      attemptsMade: 1,
      stacktrace: job.stacktrace,
      last,
    });
    await parts.set.cancelledOf(queue).remove(job.id!);
    await parts.cancelled.keep(queue, job, null, null);
    expect(cancelledNotes(await among(job.id!))).toMatchObject({ keepFor: null, attemptsStarted: 2, attemptsMade: 1 });
  });

  it('have not begun an attempt that a worker had taken, and not handed to its handler', async () => {
    const { parts, queue } = site;
    await site.add({ traits: { tags: { a: '1' } } });
    const job = await site.take();
    await parts.cancelled.keep(queue, job, undefined, null, { reason: 'expired' }, true);
    const kept = await among(job.id!);
    expect(cancelledNotes(kept)).toMatchObject({ attemptsStarted: 0, attemptsMade: 0 });
    expect(kept.opts).toMatchObject({ task: { maxAttempts: 4, traits: { tags: { a: '1' }, reason: 'expired' } } });
  });

  it('say why also where they had no traits', async () => {
    const { parts, queue } = site;
    await parts.registry.noteQueues([queue]);
    const plain = await parts.set.queue(queue).add('other', {}, { jobId: 'their-own' });
    await parts.cancelled.cancelWaiting(queue, plain, { reason: 'expired' });
    expect(await site.read('their-own')).toMatchObject({ state: 'cancelled', reason: 'expired' });
    expect((await parts.set.cancelledOf(queue).getJob('~their-own'))!.name).toBe('other');
  });

  it('take their steps along, and are bound to no other job', async () => {
    const { parts, queue } = site;
    await site.add();
    const job = await site.take();
    const hold = { queue, id: job.id!, token: 'a-worker', started: 1 };
    expect(await parts.set.steps.record(hold, 'step 1 "a"', '{"position":1}', null)).toBe(true);
    const stepped = await site.job(job.id!);
    (stepped.opts as { ignoreDependencyOnFailure?: boolean }).ignoreDependencyOnFailure = true;
    await parts.cancelled.keep(queue, stepped, undefined, null);
    const kept = await among(job.id!);
    expect((await parts.set.steps.read(`${queue}~cancelled`, job.id!)).steps).toEqual({
      'step 1 "a"': '{"position":1}',
    });
    expect({ name: kept.name, data: kept.data, timestamp: kept.timestamp }).toEqual({
      name: 'work',
      data: {},
      timestamp: job.timestamp,
    });
    expect(kept.opts).not.toHaveProperty('ignoreDependencyOnFailure');
    expect(kept.opts).toMatchObject({ stepped: true, attempts: 4 });
  });

  it('stay where they were, when a worker has taken them meanwhile', async () => {
    const { parts, queue } = site;
    const job = await site.add();
    await site.take();
    await expect(parts.cancelled.cancelWaiting(queue, job)).rejects.toThrow(/locked|could not be removed/i);
    expect(await among(job.id!)).toBeUndefined();
    expect(await site.stateOf(job.id!)).toBe('running');
  });

  it('are asked for until that is taken back, or they are kept', async () => {
    const { parts, queue } = site;
    const job = await site.add();
    expect(await parts.cancelled.isAsked(job.id!)).toBe(false);
    await parts.cancelled.ask(job.id!);
    expect(await parts.cancelled.isAsked(job.id!)).toBe(true);
    expect(await parts.cancelled.isAsked('other')).toBe(false);
    await parts.cancelled.unask(job.id!);
    expect(await parts.cancelled.isAsked(job.id!)).toBe(false);
    await parts.cancelled.ask(job.id!);
    await parts.cancelled.cancelWaiting(queue, job);
    expect(await parts.cancelled.isAsked(job.id!)).toBe(false);
  });

  it('are left out of those that are to be added', async () => {
    const { parts, queue } = site;
    const tasks = ['a', 'b', 'c'].map((id) => newTask(site.clock, { id, queue }));
    expect(await withoutCancelled(parts.set, queue, tasks)).toBe(tasks);
    for (const id of ['a', 'b']) await parts.cancelled.cancelWaiting(queue, await site.add({ id }));
    expect(await withoutCancelled(parts.set, queue, tasks)).toEqual([tasks[2]]);
    const mayBe = ({ id }: { id: string }): boolean => id === 'b';
    expect(await withoutCancelled(parts.set, queue, tasks, mayBe)).toEqual([tasks[0], tasks[2]]);
  });
});

describeWith('redis', 'Cancelled tasks of BullMQ that were kept for their time', () => {
  async function storeWith(keepFor: ReadonlyArray<number | null>) {
    const site = await PartSite.open();
    const ids: string[] = [];
    for (const each of keepFor) {
      const job = await site.add();
      await site.parts.cancelled.keep(site.queue, job, each, null);
      await job.remove();
      ids.push(job.id!);
    }
    const left = async (): Promise<number[]> => {
      const states = await Promise.all(ids.map((id) => site.stateOf(id)));
      return states.flatMap((state, index) => (state === 'cancelled' ? [index] : []));
    };
    return { ...site.parts, left };
  }

  it('are removed, and no others', async () => {
    const { set, registry, left } = await storeWith([0, null, DAY]);
    await set.cancelledOf('default').add('other', {}, { priority: 1 });
    await pruneCancelled(set, registry);
    expect(await left()).toEqual([1, 2]);
    expect(await set.cancelledOf('default').count()).toBe(3);
  });

  it('are removed where there are more than may be: the oldest, and of the others those whose time is over', async () => {
    const { set, registry, left } = await storeWith([null, null, 0, null, null]);
    const asked: unknown[] = [];
    await pruneCancelled(set, registry, (...which) => (asked.push(which), 3));
    expect(asked).toEqual([['default', 'cancelled']]);
    expect(await left()).toEqual([3, 4]);
    await pruneCancelled(set, registry, () => null);
    expect(await left()).toHaveLength(2);
  });
});
