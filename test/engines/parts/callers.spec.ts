import { expect, it } from 'vitest';
import type { Caller } from '../../../lib/contract/index.js';
import { RunningJob } from '../../../lib/engine/bullmq/running-job.js';
import { suspendJob } from '../../../lib/engine/bullmq/steps/suspend-job.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import type { StepRecord } from '../../../lib/engine/port/index.js';
import { describeWith } from '../../support/servers/find-program.js';
import { PartSite } from '../support/part-site.js';

describeWith('redis', 'A task of BullMQ whose step waits for another one', () => {
  const site = PartSite.forFile();

  function step(more: Partial<StepRecord>): StepRecord {
    const own = { kind: 'call', name: 'pay', number: 1, position: 1, result: null, sensitive: [] } as const;
    return { ...own, wait: null, startedAt: 1, finishedAt: null, ...more };
  }

  /** Has the next job of the queue be put aside for these. */
  async function suspend(...waits: StepRecord[]): Promise<string[]> {
    const { set, callers } = site.parts;
    const watched: string[] = [];
    const running = new RunningJob(await site.take(), 'a-worker', site.queue, {
      report: () => undefined,
      tellOfLog: () => Promise.resolve(),
    });
    const watchCalls = async ({ id }: { id: string }): Promise<void> => void watched.push(id);
    const parts = { set, callers, watchCalls, workerId: 'w', report: () => undefined };
    await expect(suspendJob(parts, running, waits)).rejects.toThrow();
    return watched;
  }

  /** A task that was called so. */
  const called = (id: string, caller: Caller): Promise<TaskJob> =>
    site.add({ id, queue: 'default', traits: { caller } });

  it('is put aside until that has ended, and told so by whoever ended it', async () => {
    const id = `${site.queue}:caller`;
    const caller = await site.add({ id });
    const job = await called(`${site.queue}-b`, { task: id, step: 'pay', number: 1 });
    expect(await suspend(step({ wait: { task: `${site.queue}-b` } }))).toEqual([caller.id]);
    expect(await site.read(id)).toMatchObject({
      state: 'suspended',
      waitingFor: { total: 1, waits: [{ kind: 'call', name: 'pay' }] },
      attempts: [{ attempt: 1, worker: 'w', outcome: 'snoozed' }],
    });
    await site.parts.callers.tellOfEnd(job);
    expect(await site.stateOf(id)).toBe('available');
  });

  it.each<[string, Partial<Caller>, 'b' | 'c']>([
    ['of another step', { step: 'other' }, 'b'],
    ['of another number', { number: 2 }, 'b'],
    ['that was called before, and anew since', {}, 'c'],
  ])('waits on for the end of a task %s', async (_what, more, which) => {
    const { id } = await site.add();
    const caller = { task: id!, step: 'pay', number: 1, ...more };
    const jobs = { b: await called(`${site.queue}-b`, caller), c: await called(`${site.queue}-c`, caller) };
    await suspend(step({ wait: { task: `${site.queue}-b` } }));
    const job = jobs[which];
    await site.parts.callers.tellOfEnd(job);
    expect(await site.stateOf(id!)).toBe('suspended');
  });

  it.each<[string, Partial<StepRecord>]>([
    ['that is no call', { kind: 'sleep', wait: { until: Date.now() + 60_000, task: 'b' } }],
    ['that has ended', { finishedAt: 5, wait: { task: 'b' } }],
    ['that waits for nothing', { wait: null }],
  ])('is not told by a step %s', async (_what, more) => {
    const { id } = await site.add();
    await suspend(step(more));
    const job = await called('b', { task: id!, step: 'pay', number: 1 });
    await site.parts.callers.tellOfEnd(job);
    expect(await site.stateOf(id!)).toBe('suspended');
    expect(await site.parts.callers.look(site.queue, id!, 1)).toBe(false);
    await job.remove();
  });

  it('is told by nobody that was not called', async () => {
    const { id } = await site.add();
    const other = await site.add();
    await suspend(step({ wait: { task: other.id! } }));
    await site.parts.callers.tellOfEnd(other);
    expect(await site.stateOf(id!)).toBe('suspended');
  });

  it('goes on when one who looks finds that it has ended, or is gone', async () => {
    const { callers } = site.parts;
    const { id } = await site.add();
    const other = `${site.queue}-other`;
    const job = await called(other, { task: id!, step: 'pay', number: 1 });
    expect(await suspend(step({ wait: { task: other } }))).toEqual([id]);
    expect(await callers.look(site.queue, id!, 1)).toBe(false);
    expect(await site.stateOf(id!)).toBe('suspended');
    await job.remove();
    expect(await callers.look(site.queue, id!, 1)).toBe(true);
    expect(await site.stateOf(id!)).toBe('available');
    expect(await callers.look(site.queue, id!, 1)).toBe(true);
  });

  it('goes on at once where it had ended before it was put aside', async () => {
    const { id } = await site.add();
    const job = await called(`${site.queue}-done`, { task: id!, step: 'pay', number: 1 });
    await site.parts.cancelled.cancelWaiting('default', job);
    await suspend(step({ wait: { task: `${site.queue}-done` } }));
    expect(await site.stateOf(id!)).toBe('available');
  });

  it('is not looked at for an attempt that is over, nor where it is gone', async () => {
    const { callers } = site.parts;
    const { id } = await site.add();
    await called(`${site.queue}-x`, { task: id!, step: 'pay', number: 1 });
    await suspend(step({ wait: { task: `${site.queue}-x` } }));
    expect(await callers.look(site.queue, id!, 2)).toBe(true);
    expect(await callers.look(site.queue, 'gone', 1)).toBe(true);
    expect(await site.stateOf(id!)).toBe('suspended');
  });

  it('is put aside without a watch where it has called nobody', async () => {
    const { id } = await site.add();
    expect(await suspend(step({ kind: 'wait', wait: { signals: ['paid'] } }))).toEqual([]);
    expect(await site.stateOf(id!)).toBe('suspended');
  });

  it('is not put aside where its lease was lost', async () => {
    await site.add();
    const job = await site.take();
    await job.moveToWait('a-worker');
    const { set, callers } = site.parts;
    const running = new RunningJob(job, 'another', site.queue, {
      report: () => undefined,
      tellOfLog: async () => undefined,
    });
    const parts = { set, callers, watchCalls: async () => undefined, workerId: 'w', report: () => undefined };
    await expect(suspendJob(parts, running, [step({ kind: 'wait', wait: {} })])).rejects.toThrow(
      `The lease of task "${job.id!}" was lost while it was suspended.`,
    );
  });
});
