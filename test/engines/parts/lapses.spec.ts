import { expect, it } from 'vitest';
import type { TaskEvent, TaskTraits } from '../../../lib/contract/index.js';
import { LookAgain } from '../../../lib/engine/bullmq/chores.js';
import { LAPSE_QUEUE } from '../../../lib/engine/bullmq/queue-names.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import { describeWith } from '../../support/servers/find-program.js';
import { until } from '../../support/until.js';
import { PartSite } from '../support/part-site.js';

const DAY = 24 * 60 * 60_000;
const onFailed = { queue: 'alerts', name: 'tell' };

describeWith('redis', 'A task of BullMQ whose time comes', () => {
  const site = PartSite.forFile({ keepFor: (_queue, state) => (state === 'failed' ? DAY : 7 * DAY) });

  /** Adds a task by BullMQ alone, so that nothing is noted of its time. */
  async function addQuietly(traits: TaskTraits, delay = 0): Promise<TaskJob> {
    await site.parts.registry.noteQueues([site.queue]);
    const opts = { jobId: `~${site.queue}`, delay, priority: 1_000_001, attempts: 4, task: { maxAttempts: 4, traits } };
    return site.parts.set.queue(site.queue).add('work', {}, opts);
  }

  /** Has its time be looked at until it has ended. */
  async function lapse(job: TaskJob, traits: TaskTraits): Promise<TaskEvent[]> {
    const heard: TaskEvent[] = [];
    const stop = site.store.happenings.hear((events) => heard.push(...events));
    await site.parts.lapses.noteJob(site.queue, job, traits);
    const id = site.queue;
    await until(`task ${id} to end`, () => heard.find(({ task }) => task.id === id));
    stop();
    return heard.filter(({ task }) => task.queue === site.queue);
  }

  it('expires where it has not started by then', async () => {
    const traits = { startBy: Date.now() - 1, tags: { a: '1' } };
    const job = await addQuietly(traits);
    const task = { id: site.queue, queue: site.queue, name: 'work', attempt: 0 };
    expect(await lapse(job, traits)).toEqual([{ event: 'cancelled', task }]);
    expect(await site.read(site.queue)).toMatchObject({ state: 'cancelled', reason: 'expired', tags: { a: '1' } });
  });

  it('fails where its deadline comes, in whichever state it waits, with the task that follows', async () => {
    const traits = { deadlineAt: Date.now() - 1, onFailed };
    const job = await addQuietly(traits, DAY);
    const [event] = await lapse(job, traits);
    expect(event).toMatchObject({ event: 'failed', error: { name: 'DeadlineError' } });
    const task = await site.read(site.queue);
    expect(task).toMatchObject({ state: 'failed', reason: 'deadline', error: { name: 'DeadlineError' }, attempts: [] });
    expect(await site.read(`${site.queue}/failed/at-${traits.deadlineAt}`)).toMatchObject({
      ...onFailed,
      state: 'available',
      parentId: site.queue,
    });
    const failed = await site.job(site.queue);
    expect(failed.opts).toMatchObject({ attempts: 4, task: { traits: { ...traits, reason: 'deadline' } } });
    expect(failed.stacktrace).toEqual([]);
  });

  it('is looked at again at the next of its times', async () => {
    const traits = { startBy: Date.now() - 1, deadlineAt: Date.now() + DAY };
    await addQuietly(traits);
    const started = await site.take();
    await started.moveToDelayed(Date.now() + DAY, 'a-worker');
    await site.parts.lapses.note(site.queue, []);
    // As it was noted before it started.
    await site.parts.set
      .queue(LAPSE_QUEUE)
      .add('lapse', { queue: site.queue, id: started.id! }, { jobId: `${site.queue}-early` });
    await site.parts.lapses.noteJob(site.queue, await site.job(site.queue), traits);
    const next = `${site.queue}~${started.id!}~${traits.deadlineAt}`;
    await until('its deadline to be noted', () => site.parts.set.queue(LAPSE_QUEUE).getJob(next));
    expect(await site.stateOf(site.queue)).toBe('retryable');
  });
});

describeWith('redis', 'What notes the times of tasks of BullMQ', () => {
  const site = PartSite.forFile();
  const noted = async (): Promise<string[]> => {
    const jobs = await site.parts.set.queue(LAPSE_QUEUE).getJobs(['delayed']);
    return jobs.map(({ id }) => id!).filter((id) => id.startsWith(`${site.queue}~`));
  };

  it('is a job of its own for each that has one, before it is stored', async () => {
    const startBy = site.clock.now() + DAY;
    const deadlineAt = startBy + DAY;
    const [plain, first, second, tagged] = await Promise.all([
      site.add(),
      site.add({ traits: { startBy } }),
      site.add({ traits: { startBy: deadlineAt, deadlineAt: startBy } }),
      site.add({ traits: { tags: { a: '1' } } }),
    ]);
    expect((await noted()).toSorted()).toEqual(
      [`${site.queue}~${first.id!}~${startBy}`, `${site.queue}~${second.id!}~${startBy}`].toSorted(),
    );
    expect([plain, tagged].every(Boolean)).toBe(true);
    const job = (await site.parts.set.queue(LAPSE_QUEUE).getJob(`${site.queue}~${first.id!}~${startBy}`))!;
    expect(job).toMatchObject({ name: 'lapse', data: { queue: site.queue, id: first.id! } });
    expect(Math.abs(job.delay - DAY)).toBeLessThan(60_000);
    expect(await site.parts.registry.get('lapses')).toBe('1');
  });

  it('goes by the deadline of one that has started', async () => {
    const traits = { startBy: site.clock.now() + DAY, deadlineAt: site.clock.now() + 2 * DAY };
    await site.add();
    const job = await site.take();
    await site.parts.lapses.noteJob(site.queue, job, traits);
    expect(await noted()).toEqual([`${site.queue}~${job.id!}~${traits.deadlineAt}`]);
  });

  it('is one for each attempt that is put aside for tasks that it has called', async () => {
    const hold = { queue: site.queue, id: 'a', token: 't', started: 2 };
    await site.parts.lapses.watchCalls(hold);
    await site.parts.lapses.watchCalls(hold);
    expect(await noted()).toEqual([`${site.queue}~a~calls~2`]);
    const job = (await site.parts.set.queue(LAPSE_QUEUE).getJob(`${site.queue}~a~calls~2`))!;
    expect(job).toMatchObject({ name: 'calls', delay: 30_000, data: { queue: site.queue, id: 'a', started: 2 } });
  });

  it('has a job come again after the time that it names', () => {
    expect(new LookAgain(500, 'later')).toMatchObject({ delay: 500, message: 'later' });
  });
});
