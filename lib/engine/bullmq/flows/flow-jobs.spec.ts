import { describe, expect, it } from 'vitest';
import { plainJob } from '../../../../test/engines/support/plain-job.js';
import { newWorkflow, type NodeShape } from '../../../../test/support/new-workflow.js';
import { notesOf } from '../stored-job.js';
import { flowJobs } from './flow-jobs.js';
import { flowRecordIn, inOrder } from './flow-record.js';
import { followersOf } from './tree.js';

const NOW = Date.UTC(2027, 0, 1);

function jobsOf(shapes: Readonly<Record<string, NodeShape>>) {
  const workflow = newWorkflow({ now: () => NOW }, shapes, { id: 'w:1', deadlineAt: NOW + 5_000 });
  const jobs = flowJobs(workflow, followersOf(workflow), 'call-1');
  const named = (id: string): string => {
    const node = workflow.nodes.find(({ tasks }) => tasks.some((task) => task.id === id));
    return node ? node.name : id;
  };
  return { workflow, jobs, named };
}

describe('the jobs of a workflow', () => {
  // Made in each test: what is made while tests are collected is no test's, and finds no mutant.
  const made = () =>
    jobsOf({
      a: { tasks: 2, queue: 'mail' },
      b: { delay: 500 },
      c: { after: [0, 1], when: 'ended', delay: 0 },
      d: { after: [2] },
      e: {},
    });

  it('are its own, which waits for the last nodes, and then those that are waited for', () => {
    const { jobs, named } = made();
    expect(
      jobs.map(({ job, queue, parent, waits }) => [named(job.id), queue, parent && named(parent.id), waits]),
    ).toEqual([
      ['~w%3A1', 'nestjs-tasks~workflows', null, true],
      ['d', 'default', '~w%3A1', true],
      ['e', 'default', '~w%3A1', false],
      ['c', 'default', 'd', true],
      ['a', 'mail', 'c', false],
      ['a', 'mail', 'c', false],
      ['b', 'default', 'c', false],
    ]);
    expect(jobs.map(({ parent }) => parent?.queue)).toEqual([
      undefined,
      'nestjs-tasks~workflows',
      'nestjs-tasks~workflows',
      'default',
      'default',
      'default',
      'default',
    ]);
  });

  it('say in that of the workflow what it is', () => {
    const { workflow, jobs } = made();
    const { job } = jobs[0]!;
    expect(job).toMatchObject({ name: 'workflow', timestamp: NOW, opts: { task: { call: 'call-1' } } });
    const record = flowRecordIn(plainJob(job));
    expect(record).toMatchObject({ name: 'order', tags: { order: '7' }, deadlineAt: NOW + 5_000 });
    expect(record.nodes[0]).toEqual({
      name: 'a',
      kind: 'each',
      queue: 'mail',
      task: 'work',
      when: 'completed',
      after: [],
      follower: 2,
      ids: workflow.nodes[0]!.tasks.map(({ id }) => id),
    });
    expect(inOrder(record.nodes).map((place) => record.nodes[place]!.name)).toEqual(['a', 'b', 'e', 'c', 'd']);
  });

  it('note what they wait for, and when they may run', () => {
    const { workflow, jobs, named } = made();
    const flowOf = (node: string) => notesOf(jobs.find(({ job }) => named(job.id) === node)!.job).flow;
    const [a, b] = workflow.nodes.map(({ tasks }) => tasks.map(({ id }) => id));
    expect(flowOf('c')).toEqual({
      when: 'ended',
      place: 2,
      awaited: [
        { place: 0, name: 'a', queue: 'mail', ids: a },
        { place: 1, name: 'b', queue: 'default', ids: b },
      ],
    });
    expect(flowOf('a')).toBeUndefined();
  });

  it('let go on what waits for one that fails, and wait as long as their node says', () => {
    const { jobs, named } = made();
    const optsOf = (node: string) => jobs.find(({ job }) => named(job.id) === node)!.job.opts;
    expect(optsOf('b')).toMatchObject({
      ignoreDependencyOnFailure: true,
      priority: 1_000_001,
      delay: 500,
      attempts: 4,
    });
    expect(optsOf('c')).not.toHaveProperty('delay');
  });
});

describe('a node without a task', () => {
  it('is waited for by nobody', () => {
    const { jobs } = jobsOf({ none: { kind: 'each', tasks: 0 }, next: { after: [0] } });
    expect(jobs.map(({ waits }) => waits)).toEqual([true, false]);
    expect(notesOf(jobs[1]!.job).flow).toEqual({ when: 'completed', place: 1 });
  });

  it('alone leaves the workflow nothing to wait for', () => {
    expect(jobsOf({ none: { kind: 'each', tasks: 0 } }).jobs.map(({ waits }) => waits)).toEqual([false]);
  });
});

describe('a task that waits for many', () => {
  it.each([
    [100, true],
    [101, false],
  ])('of %d, notes them: %s', (tasks, isNoted) => {
    const { jobs } = jobsOf({ many: { tasks }, next: { after: [0] } });
    expect(notesOf(jobs[1]!.job).flow).toMatchObject({ place: 1 });
    expect('awaited' in notesOf(jobs[1]!.job).flow!).toBe(isNoted);
    expect(jobs[1]!.waits).toBe(true);
  });
});

it('does not wait for the time of a task, as its node has one', () => {
  const { jobs } = jobsOf({ a: { tasks: [{ runAt: NOW + 9_000, priority: 3 }] } });
  expect(jobs[1]!.job.opts).toMatchObject({ priority: 1_000_001 - 3 });
  expect(jobs[1]!.job.opts).not.toHaveProperty('delay');
});
