import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { retryWorkflow } from './steer-workflows.js';
import { workOnNodes } from './work-on-nodes.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

const retry = (node: string) => {
  const id = site.workflow()!.id as string;
  site.write((transaction) => retryWorkflow(transaction, id, node, site.now));
};
const workOn = () => {
  const rules = { now: site.now, keepFor: () => 1_000 };
  return site.step((transaction, judging) => workOnNodes(transaction, judging, rules, 200));
};
const reasons = () => site.find(`SELECT traits ->> 'reason' AS reason FROM tasks_task ORDER BY seq`);

describe('A node that is cancelled as another failed', () => {
  it('says because of which, as it is run by its name, and its tasks are cancelled again', () => {
    site.begin({ other: {}, a: {}, b: { after: [0, 1], tasks: 2 }, last: { after: [2], when: 'ended' } });
    site.work(completed, 'other');
    site.work(failed(), 'a');
    expect(site.causeOf('b')).toBe('a');
    retry('b');
    expect(site.causeOf('b')).toBeUndefined();
    site.settle();
    expect(site.nodes()).toMatchObject({ b: 'cancelled condition', last: 'running' });
    expect(site.causeOf('b')).toBe('a');
    expect(site.tasks()).toEqual(['completed', 'failed', 'cancelled', 'cancelled', 'available']);
    expect(reasons().map(({ reason }) => reason)).toEqual([null, null, 'condition', 'condition', null]);
  });

  it('has no more of its tasks cancelled once that runs again', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 4 } });
    site.end(site.claim()[0]!, failed());
    site.round(5);
    expect(site.tasks()).toEqual(['failed', 'cancelled', 'cancelled', 'blocked', 'blocked']);
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'running', b: 'blocked' });
    expect(site.tasks()).toEqual(['available', 'blocked', 'blocked', 'blocked', 'blocked']);
  });

  it('waits until all of its tasks are blocked again, though somebody cancels one of them before', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 2 } });
    site.work(failed(), 'a');
    site.act('retry', site.taskOf('a'));
    site.round(4);
    expect(site.tasks()).toEqual(['available', 'blocked', 'cancelled']);
    site.act('cancel', site.taskOf('b'));
    site.round(1);
    expect(site.nodes()).toEqual({ a: 'running', b: 'blocked' });
    site.settle();
    expect([site.nodes(), site.tasks()]).toEqual([
      { a: 'running', b: 'blocked' },
      ['available', 'cancelled', 'blocked'],
    ]);
  });

  it('tells those that wait for it where it has no task, and has completed once that completes', () => {
    site.begin({ a: {}, none: { after: [0], tasks: 0 }, b: { after: [1] }, c: { after: [1], when: 'ended' } });
    site.work(failed(), 'a');
    expect(site.nodes()).toEqual({
      a: 'failed',
      none: 'cancelled condition',
      b: 'cancelled condition',
      c: 'running',
    });
    expect(site.find('SELECT kind FROM tasks_node_work')).toEqual([]);
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'running', none: 'blocked', b: 'blocked', c: 'running' });
    site.work(completed, 'a', 'b', 'c');
    expect(site.nodes()).toEqual({ a: 'completed', none: 'completed', b: 'completed', c: 'completed' });
    expect(site.workflow()).toMatchObject({ state: 'completed', blocked: 0, running: 0, completed: 4, cancelled: 0 });
  });

  it('stays cancelled where somebody has cancelled each of its tasks meanwhile, and tells so', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 2 }, c: { after: [1] }, d: { after: [1], when: 'ended' } });
    site.end(site.claim()[0]!, failed());
    site.round(3);
    expect([site.nodes().b, site.tasks()]).toEqual([
      'cancelled condition',
      ['failed', 'blocked', 'blocked', 'blocked', 'blocked'],
    ]);
    for (const nth of [0, 1]) site.act('cancel', site.taskOf('b', nth));
    site.settle();
    site.act('retry', site.taskOf('a'));
    // Those that wait for it are told that it is blocked before none of its tasks is found to live.
    site.settle(3);
    expect(site.nodes()).toEqual({ a: 'running', b: 'cancelled', c: 'cancelled condition', d: 'running' });
    site.work(completed, 'a', 'd');
    expect(site.workflow()).toMatchObject({ state: 'completed', blocked: 0, running: 0, completed: 2, cancelled: 2 });
  });

  it('stays so while its workflow is being ended, though that runs again', () => {
    site.begin({ a: {}, b: { after: [0] }, c: {} });
    site.work(failed(), 'a');
    const runs = site.claim()[0]!;
    site.endAll('cancelled');
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'cancelled cancelled', b: 'cancelled condition', c: 'running cancelled' });
    site.end(runs, completed);
    site.settle();
    expect(site.workflow()).toMatchObject({ state: 'cancelled', ended: 3 });
  });
});

describe('A node that somebody has run again', () => {
  it('is cancelled where its workflow is ended before its tasks are blocked again', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 2 } });
    for (const nth of [0, 1]) site.act('cancel', site.taskOf('b', nth));
    site.settle();
    retry('b');
    expect(site.nodes().b).toBe('blocked');
    site.run(`UPDATE tasks_workflow SET ending = 'cancelled'`);
    workOn();
    expect(site.nodes().b).toBe('cancelled cancelled');
    expect(site.tasks()).toEqual(['available', 'cancelled', 'cancelled']);
  });

  it('runs until its tasks that run again have ended, before these are counted too', () => {
    site.begin({ a: { tasks: 2 } });
    site.work(failed(), 'a', 'a');
    retry('a');
    workOn();
    expect([site.nodes(), site.tasks()]).toEqual([{ a: 'running' }, ['available', 'available']]);
    expect(site.find('SELECT kind FROM tasks_node_work')).toEqual([{ kind: 'edges' }]);
  });
});
