import { expect, it } from 'vitest';
import type { TaskEvent, WorkflowState } from '../../../lib/contract/index.js';
import { LookAgain } from '../../../lib/engine/bullmq/chores.js';
import { flowPage } from '../../../lib/engine/bullmq/flows/flow-lists.js';
import { flowEndIn } from '../../../lib/engine/bullmq/flows/flow-record.js';
import { FLOW_QUEUE } from '../../../lib/engine/bullmq/queue-names.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import { liveFlows } from '../../../lib/engine/bullmq/transfer/live-flows.js';
import { describeWith } from '../../support/servers/find-program.js';
import { until } from '../../support/until.js';
import { PartSite } from '../support/part-site.js';

const DAY = 24 * 60 * 60_000;
const CHAIN = { a: {}, b: { after: [0] } };

describeWith('redis', 'A workflow on BullMQ that is read', () => {
  const site = PartSite.forFile();
  const reader = () => site.parts.flows.reader;

  it('is none where there is none of that id', async () => {
    expect([await reader().progress('no'), await reader().get('no'), await reader().end('no')]).toEqual([
      null,
      null,
      null,
    ]);
    expect(await reader().results('no', 'a', null)).toEqual({ results: [], next: null });
    await site.parts.set.queue(FLOW_QUEUE).add('ending', {}, { jobId: `~${site.queue}` });
    expect(await reader().find(site.queue)).toBeNull();
  });

  it('says how far it is', async () => {
    const workflow = await site.start({ a: { tasks: 3 }, b: { after: [0] } }, { deadlineAt: site.clock.now() + DAY });
    await site.complete();
    const { id } = workflow;
    expect(await reader().progress(id)).toEqual({
      id,
      name: 'order',
      state: 'running',
      percent: 25,
      nodes: { blocked: 1, running: 1, completed: 0, failed: 0, cancelled: 0 },
      tasks: { total: 4, ended: 1 },
    });
    const [a, b] = workflow.nodes.map(({ tasks }) => tasks[0]!.id);
    const shown = await reader().get(id);
    expect(shown).toMatchObject({
      id,
      tags: { order: '7' },
      createdAt: workflow.createdAt,
      finishedAt: null,
      deadlineAt: workflow.deadlineAt,
    });
    expect(shown).not.toHaveProperty('reason');
    const node = { queue: site.queue, task: 'work', when: 'completed' };
    expect(shown!.listed).toEqual([
      {
        ...node,
        number: 0,
        name: 'a',
        kind: 'each',
        state: 'running',
        after: [],
        waitsFor: 0,
        tasks: { total: 3, ended: 1, failed: 0 },
        taskId: a,
      },
      {
        ...node,
        number: 1,
        name: 'b',
        kind: 'one',
        state: 'blocked',
        after: [0],
        waitsFor: 1,
        tasks: { total: 1, ended: 0, failed: 0 },
        taskId: b,
      },
    ]);
    expect(await reader().end(id)).toEqual({ name: '', state: 'running', failed: null, last: [] });
  });

  it('has completed with what its tasks returned, also when their jobs are gone', async () => {
    const workflow = await site.start({ a: { tasks: 2 }, b: { after: [0] } });
    await site.complete({ n: 1 });
    const { id } = workflow;
    const [one, two] = workflow.nodes[0]!.tasks.map((task) => task.id);
    expect((await reader().results(id, 'a', null)).results).toEqual([
      { taskId: one, completed: true, result: '{"n":1}' },
      { taskId: two, completed: false, result: null },
    ]);
    await site.complete({ n: 2 });
    expect((await reader().results(id, 'a', 1)).results).toEqual([{ taskId: two, completed: true, result: '{"n":2}' }]);
    await site.complete('x');
    expect(await reader().progress(id)).toMatchObject({
      state: 'completed',
      percent: 100,
      tasks: { total: 3, ended: 3 },
    });
    expect(await reader().end(id)).toEqual({
      name: 'order',
      state: 'completed',
      failed: null,
      last: [{ name: 'b', kind: 'one' }],
    });
    await (await site.job(workflow.nodes[1]!.tasks[0]!.id)).remove({ removeChildren: false });
    expect((await reader().results(id, 'a', null)).results.map(({ result }) => result)).toEqual(['{"n":1}', '{"n":2}']);
    await (await site.job(one!)).remove();
    expect((await reader().results(id, 'a', null)).results[0]).toEqual({ taskId: one, completed: false, result: null });
    expect((await reader().progress(id))!.state).toBe('completed');
    expect(await reader().results(id, 'nobody', null)).toEqual({ results: [], next: null });
  });

  it('gives the results of many a page after the other', async () => {
    const workflow = await site.start({ many: { tasks: 201 } });
    const first = await reader().results(workflow.id, 'many', null);
    expect([first.results.length, first.next]).toEqual([200, 200]);
    const second = await reader().results(workflow.id, 'many', 200);
    expect(second).toEqual({
      results: [{ taskId: workflow.nodes[0]!.tasks[200]!.id, completed: false, result: null }],
      next: null,
    });
  });

  it('has failed by the task that failed', async () => {
    const workflow = await site.start(CHAIN);
    await site.fail('no stock');
    await site.fail('not asked');
    const [a] = workflow.nodes.map(({ tasks }) => tasks[0]!.id);
    const end = await reader().end(workflow.id);
    expect(end).toMatchObject({
      state: 'failed',
      failed: { node: 'a', task: { id: a, name: 'work', error: { name: 'Error', message: 'no stock' } } },
      last: [],
    });
    await (await site.job(a!)).remove();
    expect((await reader().end(workflow.id))!.failed!.task).toEqual({ id: a, name: 'work', error: null });
    expect((await reader().results(workflow.id, 'a', null)).results).toEqual([
      { taskId: a, completed: false, result: null },
    ]);
  });

  it('shows of very many nodes those at issue', async () => {
    const nodes = Array.from({ length: 1_001 }, (_, number) => [`n${number}`, {}] as const);
    const { id } = await site.start(Object.fromEntries(nodes));
    const { listed } = (await reader().get(id))!;
    expect(listed).toHaveLength(1_000);
    expect(listed.at(-1)!.number).toBe(999);
  });
});

describeWith('redis', 'A workflow on BullMQ that is ended', () => {
  const site = PartSite.forFile();
  const ending = () => site.parts.flows.ending;
  const noted = (id: string, reason: string) => site.parts.set.queue(FLOW_QUEUE).getJob(`ending~${reason}~${id}`);

  it('is none where there is none, or it has ended', async () => {
    expect(await ending().cancel('no')).toEqual({ done: false, state: null });
    const { id } = await site.start({ a: {} });
    await site.complete();
    expect(await ending().cancel(id)).toEqual({ done: false, state: 'completed' });
  });

  it('has its tasks cancelled that wait, those first that others wait for', async () => {
    const heard: TaskEvent[] = [];
    const { id, nodes } = await site.start({ a: { tasks: 2 }, b: { after: [0] }, later: { delay: DAY } });
    const stop = site.store.happenings.hear((events) => heard.push(...events));
    expect(await ending().cancel(id)).toEqual({ done: true, state: 'running' });
    stop();
    const tasks = nodes.flatMap((node) => node.tasks.map((task) => task.id));
    for (const task of tasks) expect(await site.stateOf(task)).toBe('cancelled');
    expect(heard.map(({ event, task }) => `${event} ${task.id}`).toSorted()).toEqual(
      tasks.map((task) => `cancelled ${task}`).toSorted(),
    );
    expect(await site.parts.flows.reader.get(id)).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled',
      listed: [{ state: 'cancelled', reason: 'cancelled' }, {}, {}],
    });
    expect(await noted(id, 'cancelled')).toMatchObject({
      name: 'ending',
      data: { id, reason: 'cancelled' },
      delay: 1_000,
    });
    expect(await ending().cancel(id)).toEqual({ done: false, state: 'cancelled' });
  });

  it('asks what runs to stop, and leaves what waits for that', async () => {
    const { id, nodes } = await site.start(CHAIN);
    const running = await site.take();
    await ending().cancel(id);
    expect(await site.parts.cancelled.isAsked(running.id!)).toBe(true);
    expect(await site.stateOf(nodes[1]!.tasks[0]!.id)).toBe('blocked');
    expect(await site.parts.cancelled.isAsked(`workflow:${id}`)).toBe(true);
    expect(await liveFlows(site.parts.set)).toContain(
      `workflow "order" (${id}) has not ended, and no other store takes it: let it end, or cancel it`,
    );
  });

  it('is noted before it is stored, and looked for until a minute is over', async () => {
    const now = Date.now();
    const id = `${site.queue}:w`;
    await ending().noteDeadline(id, now + DAY);
    const job = (await noted(`~${site.queue}%3Aw`, 'deadline')) as TaskJob;
    expect(job.data).toEqual({ id, reason: 'deadline' });
    expect(Math.abs(job.delay - DAY)).toBeLessThan(60_000);
    await ending().noteDeadline('over', now - DAY);
    expect((await noted('~over', 'deadline'))!.delay).toBe(0);
    await expect(ending().goOn(job)).rejects.toThrow(`Workflow "${id}" may still be stored.`);
    expect(await ending().goOn({ ...job, timestamp: now - 60_000 } as never)).toBeUndefined();
    await site.start(CHAIN, { id });
    await site.take();
    const looked = ending().goOn(job);
    await expect(looked).rejects.toThrow(LookAgain);
    await expect(looked).rejects.toMatchObject({ delay: 1_000, message: `Tasks of workflow "${id}" run.` });
    expect(await site.parts.flows.reader.get(id)).toMatchObject({ state: 'running', reason: 'deadline' });
    await ending().cancel(id);
    expect(await site.parts.flows.reader.get(id)).toMatchObject({ reason: 'deadline' });
  });

  it('has failed where its deadline came', async () => {
    const { id } = await site.start({ a: {} });
    await ending().noteDeadline(id, 1);
    const job = (await noted(id, 'deadline')) as TaskJob;
    await expect(ending().goOn(job)).rejects.toThrow(LookAgain);
    expect(await site.parts.flows.reader.end(id)).toMatchObject({ state: 'failed', failed: null, last: [] });
    expect(await ending().goOn(job)).toBeUndefined();
  });
});

describeWith('redis', 'Workflows on BullMQ', () => {
  it('are listed by their state, those that run first, the latest first', async () => {
    const site = await PartSite.open();
    const { set, flows } = site.parts;
    const names = async (query: object = {}, limit = 10) => {
      const { items, next } = await flowPage(set, flows.reader, { limit, ...query });
      return { names: items.map(({ name, state }) => `${name} ${state}`), next };
    };
    expect(await names()).toEqual({ names: [], next: null });
    for (const name of ['one', 'two', 'three', 'four']) await site.start({ a: {} }, { name, tags: { of: name } });
    await site.complete();
    await site.fail();
    // BullMQ puts one that has ended in front of those that wait for whoever notes that.
    const all = ['four running', 'three running', 'one completed', 'two failed'];
    expect((await names()).names).toEqual(all);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await names(cursor === undefined ? {} : { cursor }, 1);
      paged.push(...page.names);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(all);
    const inState = async (state: WorkflowState) => (await names({ state })).names;
    expect(await inState('running')).toEqual(all.slice(0, 2));
    expect(await inState('failed')).toEqual(['two failed']);
    expect(await inState('completed')).toEqual(['one completed']);
    expect((await names({ name: 'three' })).names).toEqual(['three running']);
    expect((await names({ tags: { of: 'two' } })).names).toEqual(['two failed']);
    expect((await names({ tags: { other: 'two' } })).names).toEqual([]);
    for (const place of ['1', '12:1', 'a:1', '1:a']) {
      const wrong = Buffer.from(`wf:${place}`).toString('base64url');
      await expect(names({ cursor: wrong })).rejects.toThrow(/cursor/);
    }
  });

  it('are noted as they have ended, and removed when they were kept for their time', async () => {
    const kept: Record<string, number | null> = { short: 0, long: DAY, ever: null };
    const site = await PartSite.open({ keepFor: (queue, state) => (state === 'failed' ? kept[queue]! : 0) });
    const { set, flows } = site.parts;
    await flows.keeper.use();
    const ids: string[] = [];
    for (const queue of ['short', 'long', 'ever']) {
      site.queue = queue;
      ids.push((await site.start({ a: {} })).id);
      await site.complete();
    }
    const jobs = await Promise.all(
      ids.map((id) =>
        until(`workflow ${id} to be noted as ended`, async () => {
          const job = (await set.queue(FLOW_QUEUE).getJob(id)) as TaskJob;
          return job.finishedOn !== undefined && job;
        }),
      ),
    );
    const ends = jobs.map((job) => flowEndIn(job)!);
    expect(ends[0]).toMatchObject({ ending: null, progress: { state: 'completed', tasks: { total: 1, ended: 1 } } });
    expect(ends.map(({ keepUntil, finishedAt }) => keepUntil && keepUntil - finishedAt)).toEqual([0, DAY, null]);
    const page = await flowPage(set, flows.reader, { limit: 5 });
    const times = (of: ReadonlyArray<{ readonly finishedAt: number | null }>) =>
      new Set(of.map(({ finishedAt }) => finishedAt));
    expect(times(page.items)).toEqual(times(ends));
    expect(await flows.reader.get(ids[1]!)).toMatchObject({ state: 'completed', finishedAt: ends[1]!.finishedAt });
    await flows.keeper.prune();
    expect(await Promise.all(ids.map((id) => set.queue(FLOW_QUEUE).getJobState(id)))).toEqual([
      'unknown',
      'completed',
      'completed',
    ]);
  });
});
