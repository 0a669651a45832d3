import { expect, it } from 'vitest';
import { causeOf, refusedTraits } from '../../../lib/engine/bullmq/flows/admission.js';
import { FlowLog, type NodeEnd } from '../../../lib/engine/bullmq/flows/flow-log.js';
import { endingNote } from '../../../lib/engine/bullmq/flows/in-flow.js';
import { workflowProblem } from '../../../lib/engine/bullmq/flows/task-guard.js';
import type { NewWorkflow } from '../../../lib/engine/port/index.js';
import { describeWith } from '../../support/servers/find-program.js';
import type { NodeShape } from '../../support/new-workflow.js';
import { PartSite } from '../support/part-site.js';

const COMPLETED: NodeEnd = { completed: 1, failed: 0, cancelled: 0 };

describeWith('redis', 'A task of a workflow on BullMQ, as its turn comes', () => {
  const site = PartSite.forFile();
  const refusal = async () => {
    const job = await site.take();
    return { job, refused: await site.parts.flows.admission.refusalOf(site.queue, job) };
  };
  const facts = ({ id }: NewWorkflow) => new FlowLog(site.parts.set).read(id);

  it('runs where it is of no workflow, or waits for nothing', async () => {
    await site.add();
    expect((await refusal()).refused).toBeNull();
    const workflow = await site.start({ a: {} });
    expect((await refusal()).refused).toBeNull();
    expect((await facts(workflow)).ends.size).toBe(0);
  });

  it.each<[string, NodeShape, string[], { place: number; name: string } | null]>([
    ['runs when all have completed', {}, ['complete', 'complete'], null],
    ['does not when the second failed', {}, ['complete', 'fail'], { place: 1, name: 'b' }],
    ['does not when the first failed', {}, ['fail', 'complete'], { place: 0, name: 'a' }],
    ['runs when one failed, where it is for that', { when: 'failed' }, ['complete', 'fail'], null],
    ['does not when none failed', { when: 'failed' }, ['complete', 'complete'], { place: 1, name: 'b' }],
    ['runs when they ended in any way', { when: 'ended' }, ['fail', 'complete'], null],
  ])('%s', async (_what, shape, ends, cause) => {
    const workflow = await site.start({ a: {}, b: {}, c: { after: [0, 1], ...shape } });
    for (const end of ends) await (end === 'fail' ? site.fail() : site.complete());
    const { job, refused } = await refusal();
    expect(job.id).toBe(workflow.nodes[2]!.tasks[0]!.id);
    expect(refused).toEqual(cause && { reason: 'condition', cause });
    const failedTask = (place: number): string => workflow.nodes[place]!.tasks[0]!.id;
    const noted = ends.map((end, place): [number, NodeEnd] => [
      place,
      end === 'fail' ? { completed: 0, failed: 1, cancelled: 0, failedTask: failedTask(place) } : COMPLETED,
    ]);
    expect(await facts(workflow)).toEqual({ ends: new Map(noted), ending: null });
    if (!refused) return;
    expect(causeOf(refused)).toBe(cause!.place);
    expect(refusedTraits(job, refused)).toEqual({
      reason: 'condition',
      workflow: { id: workflow.id, node: 'c', cause: cause!.name },
    });
  });

  it('does not where its workflow is being ended', async () => {
    const workflow = await site.start({ a: {}, b: { after: [0] } });
    await site.parts.cancelled.ask(endingNote(workflow.id));
    const { job, refused } = await refusal();
    expect(refused).toEqual({ reason: 'ending' });
    expect([causeOf(refused!), refusedTraits(job, refused!)]).toEqual([undefined, undefined]);
  });

  it('does not where what it waits for was taken away', async () => {
    const workflow = await site.start({ a: {}, b: { after: [0] } });
    await (await site.job(workflow.nodes[0]!.tasks[0]!.id)).remove();
    const { refused } = await refusal();
    expect(refused).toEqual({ reason: 'condition', cause: { place: 0, name: 'a' } });
    expect((await facts(workflow)).ends.get(0)).toEqual({ completed: 0, failed: 0, cancelled: 1 });
  });

  it('is asked no more once it was tried', async () => {
    const workflow = await site.start({ a: {}, b: { after: [0] } });
    await site.complete();
    await site.failOnce(0);
    const { refused } = await refusal();
    expect(refused).toBeNull();
    expect((await facts(workflow)).ends.size).toBe(0);
  });

  it('is settled when it is about to be gone', async () => {
    const workflow = await site.start({ a: {}, b: { after: [0] } });
    await site.complete();
    const { admission } = site.parts.flows;
    await admission.settle(site.queue, await site.job(workflow.nodes[1]!.tasks[0]!.id));
    expect((await facts(workflow)).ends).toEqual(new Map([[0, COMPLETED]]));
    await admission.settle(site.queue, await site.add());
    await admission.settle(site.queue, await site.job(workflow.nodes[1]!.tasks[0]!.id));
  });

  it('asks the workflow where it waits for more than it notes, which must be there', async () => {
    const workflow = await site.start({ many: { tasks: 101 }, b: { after: [0] } });
    for (let number = 0; number < 101; number += 1) await site.complete();
    const { job, refused } = await refusal();
    expect(refused).toBeNull();
    expect((await facts(workflow)).ends).toEqual(new Map([[0, { ...COMPLETED, completed: 101 }]]));
    await (await site.parts.set.queue('nestjs-tasks~workflows').getJob(workflow.id))!.remove({ removeChildren: false });
    await expect(site.parts.flows.admission.settle(site.queue, job)).rejects.toThrow(
      `Workflow "${workflow.id}" is gone, of which task "1" is a part.`,
    );
  });

  it('runs after a node without a task', async () => {
    await site.start({ none: { kind: 'each', tasks: 0 }, b: { after: [0] } });
    expect((await refusal()).refused).toBeNull();
  });
});

describeWith('redis', 'What is noted beside a workflow on BullMQ', () => {
  const site = PartSite.forFile();

  it('is how nodes have ended, and why it is ended, as it was noted first', async () => {
    const { id } = await site.start({ a: {} });
    const log = new FlowLog(site.parts.set);
    expect(await log.read(id)).toEqual({ ends: new Map(), ending: null });
    const ends = Array.from({ length: 250 }, (_, place): [number, NodeEnd] => [
      place,
      { ...COMPLETED, completed: place },
    ]);
    await log.addEnds(id, ends);
    await log.addEnds(id, [[0, { ...COMPLETED, failed: 9 }]]);
    await log.addEnding(id, 'deadline');
    await log.addEnding(id, 'cancelled');
    expect(await log.read(id)).toEqual({ ends: new Map(ends), ending: 'deadline' });
    const { logs } = await site.parts.set.queue('nestjs-tasks~workflows').getJobLogs(id);
    expect(logs).toHaveLength(6);
  });

  it('is read to its end', async () => {
    const { id } = await site.start({ a: {} });
    const log = new FlowLog(site.parts.set);
    for (let place = 0; place < 1_001; place += 1) await log.addEnds(id, [[place, COMPLETED]]);
    expect((await log.read(id)).ends.size).toBe(1_001);
  });
});

describeWith('redis', 'A task of a workflow on BullMQ that somebody acts on', () => {
  const site = PartSite.forFile();
  const problem = async (action: 'retry' | 'cancel' | 'delete' | 'run-now', id: string) =>
    (await workflowProblem(site.parts.set, action, (await site.parts.lists.find(id))!))?.message ?? null;

  it('is as free as any where it is of none', async () => {
    const { id } = await site.add();
    for (const action of ['retry', 'cancel', 'delete', 'run-now'] as const)
      expect(await problem(action, id!)).toBeNull();
  });

  it('is not retried once it has ended, not deleted before the workflow has, and not cancelled while it waits', async () => {
    const workflow = await site.start({ a: {}, b: { after: [0] } });
    const [a, b] = workflow.nodes.map(({ tasks }) => tasks[0]!.id);
    const begin = (id: string): string => `Task "${id}" (work) is of workflow "${workflow.id}", and `;
    expect(await problem('cancel', a!)).toBeNull();
    expect(await problem('run-now', a!)).toBeNull();
    expect(await problem('cancel', b!)).toContain(`${begin(b!)}on BullMQ one that waits for others`);
    await site.failOnce();
    expect(await problem('retry', a!)).toBeNull();
    expect(await problem('delete', a!)).toBe(
      `${begin(a!)}that has not ended. Cancel the workflow, or wait for its end.`,
    );
    await (await site.job(a!)).promote();
    await site.fail();
    expect(await problem('retry', a!)).toContain(`${begin(a!)}on BullMQ none of it runs again`);
    await site.fail();
    expect(await problem('delete', a!)).toBeNull();
    expect(await problem('cancel', b!)).toBeNull();
  });
});
