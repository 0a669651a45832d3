import { expect, it } from 'vitest';
import { Retrying } from '../../../lib/engine/bullmq/retrying.js';
import type { Listed } from '../../../lib/engine/bullmq/task-lists.js';
import { describeWith } from '../../support/servers/find-program.js';
import { PartSite } from '../support/part-site.js';

const DAY = 24 * 60 * 60_000;

describeWith('redis', 'A task of BullMQ that somebody has run again', () => {
  const site = PartSite.forFile();
  const listed = async (id: string): Promise<Listed> => (await site.parts.lists.find(id))!;
  const retrying = (): Retrying => new Retrying(site.store);
  const recordSteps = async (id: string, started: number): Promise<void> => {
    const hold = { queue: site.queue, id, token: 'a-worker', started };
    for (const [position, address] of ['a', 'b'].entries()) {
      await site.parts.set.steps.record(hold, address, JSON.stringify({ position, name: address }), null);
    }
  };

  it('is available again after it had failed, with its attempts, and not asked to stop', async () => {
    const job = await site.add();
    await site.fail();
    await site.parts.cancelled.ask(job.id!);
    await retrying().retry(await listed(job.id!));
    expect(await site.read(job.id!)).toMatchObject({
      state: 'available',
      attempt: 1,
      attempts: [{ outcome: 'failed' }],
    });
    expect(await site.parts.cancelled.isAsked(job.id!)).toBe(false);
    expect((await site.job(job.id!)).attemptsMade).toBe(0);
    expect((await site.job(job.id!)).opts).toMatchObject({ task: { maxAttempts: 4 } });
  });

  it('lapses no more by a time that is over, and still by one that is not', async () => {
    const now = site.clock.now();
    const traits = { tags: { a: '1' }, startBy: now + DAY, deadlineAt: now + 2 * DAY };
    const job = await site.add({ traits });
    await site.fail();
    const failed = await listed(job.id!);
    (failed.job.opts as { task?: object }).task = { traits: { ...traits, startBy: 1, reason: 'expired' } };
    await retrying().retry(failed);
    expect((await site.job(job.id!)).opts).toMatchObject({
      task: { traits: { tags: { a: '1' }, deadlineAt: now + 2 * DAY } },
    });
    expect((await site.job(job.id!)).opts).not.toMatchObject({ task: { traits: { startBy: 1 } } });
    const lapse = await site.parts.set.queue('nestjs-tasks~lapses').getJob(`${site.queue}~${job.id!}~${now + 2 * DAY}`);
    expect(lapse?.name).toBe('lapse');
  });

  it('waits no longer for its next attempt', async () => {
    const job = await site.add();
    await site.failOnce();
    expect(await site.stateOf(job.id!)).toBe('retryable');
    await retrying().retry(await listed(job.id!));
    expect(await site.stateOf(job.id!)).toBe('available');
    expect((await site.read(job.id!))!.generation).toBeUndefined();
  });

  it('calls anew what it has called, where it has steps', async () => {
    const job = await site.add();
    await site.take();
    await recordSteps(job.id!, 1);
    await (await site.job(job.id!)).moveToDelayed(Date.now() + DAY, 'a-worker');
    await retrying().retry(await listed(job.id!));
    expect(await site.read(job.id!)).toMatchObject({ state: 'available', steps: true, generation: 1 });
    const again = await site.take();
    await again.moveToDelayed(Date.now() + DAY, 'a-worker');
    await retrying().retry(await listed(job.id!));
    expect((await site.read(job.id!))!.generation).toBe(2);
  });

  it('forgets the steps that are not left, or is not run where it has moved on', async () => {
    const job = await site.add();
    await site.take();
    await recordSteps(job.id!, 1);
    const held = await site.job(job.id!);
    held.opts.attempts = 0;
    await held.moveToFailed(new Error('no'), 'a-worker', false);
    const { steps } = site.parts.set;
    const texts = await steps.read(site.queue, job.id!);
    const left = { steps: { a: texts.steps.a! }, signals: [] };
    const failed = await listed(job.id!);
    await retrying().retry(failed, { texts, left });
    expect(Object.keys((await steps.read(site.queue, job.id!)).steps)).toEqual(['a']);
    expect(await site.stateOf(job.id!)).toBe('available');
    await site.take();
    await expect(retrying().retry(failed, { texts, left })).rejects.toThrow(`Task "${job.id!}" has moved on.`);
  });

  it('comes back from the cancelled ones as it was given', async () => {
    const { parts, queue } = site;
    const now = site.clock.now();
    const job = await site.add({ params: '{"a":1}', priority: 2, traits: { startBy: now + DAY, tags: { a: '1' } } });
    await parts.cancelled.cancelWaiting(queue, job, { reason: 'expired' });
    await retrying().retry(await listed(job.id!));
    expect(await site.read(job.id!)).toMatchObject({
      state: 'available',
      params: { a: 1 },
      priority: 2,
      createdAt: job.timestamp,
      startBy: now + DAY,
      tags: { a: '1' },
      attempt: 0,
    });
    expect(await site.read(job.id!)).not.toHaveProperty('reason');
    expect(await parts.set.cancelledOf(queue).getJob(job.id!)).toBeUndefined();
    expect((await site.job(job.id!)).opts).not.toHaveProperty('cancelled');
    const lapse = await parts.set.queue('nestjs-tasks~lapses').getJob(`${queue}~${job.id!}~${now + DAY}`);
    expect(lapse?.name).toBe('lapse');
  });

  it('comes back from there without traits where it had none', async () => {
    const job = await site.add();
    await site.parts.cancelled.cancelWaiting(site.queue, job);
    await retrying().retry(await listed(job.id!));
    const { opts } = await site.job(job.id!);
    expect((opts as { task?: object }).task).toEqual({ maxAttempts: 4 });
  });

  it.each([
    ['all of its steps', null, ['a', 'b']],
    ['those that are left', { a: '{"position":0,"name":"a"}' }, ['a']],
    ['no step that is left', {}, []],
  ])('comes back from there with %s', async (_what, steps, names) => {
    const { parts, queue } = site;
    const job = await site.add({ params: '{"a":1}' });
    await site.take();
    await recordSteps(job.id!, 1);
    await parts.cancelled.keep(queue, await site.job(job.id!), undefined, null);
    await (await site.job(job.id!)).moveToCompleted(undefined, 'a-worker', false);
    await (await site.job(job.id!)).remove();
    const cancelled = await listed(job.id!);
    const texts = await parts.set.steps.read(`${queue}~cancelled`, job.id!);
    await retrying().retry(cancelled, steps && { texts, left: { steps, signals: [] } });
    expect(Object.keys((await parts.set.steps.read(queue, job.id!)).steps).toSorted()).toEqual(names);
    const back = await site.job(job.id!);
    expect(back).toMatchObject({ name: 'work', data: { a: 1 }, timestamp: job.timestamp });
    expect(await site.stateOf(job.id!)).toBe('available');
  });

  it('cannot come back where nothing says that it was cancelled', async () => {
    const job = await site.add();
    const retried = retrying().retry({ queue: site.queue, job, state: 'cancelled' });
    await expect(retried).rejects.toThrow(`Task "${job.id!}" has no notes of its cancellation.`);
  });
});
