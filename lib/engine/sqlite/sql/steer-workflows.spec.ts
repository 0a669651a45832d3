import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, START } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { cancelWorkflow, retryWorkflow } from './steer-workflows.js';

describe('A workflow that somebody steers', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  const cancel = (id: string) => site.write((transaction) => cancelWorkflow(transaction, id));
  const retry = (id: string, from: string | null = null) =>
    site.write((transaction) => retryWorkflow(transaction, id, from, site.now));
  const work = () =>
    site
      .find('SELECT kind, node FROM tasks_node_work ORDER BY kind, node')
      .map(({ kind, node }) => `${String(kind)} ${String(node)}`);

  it('is cancelled while it runs, and once', () => {
    const flow = site.begin({ one: {} });
    expect(cancel('none')).toEqual({ done: false, state: null });
    expect(site.last.settleAt).toBe(Infinity);
    expect(cancel(flow.id)).toEqual({ done: true, state: 'running' });
    expect(site.last.settleAt).toBe(0);
    expect(site.workflow(flow.id)).toMatchObject({ state: 'running', ending: 'cancelled', walk: 0 });
    site.settle();
    expect(cancel(flow.id)).toEqual({ done: false, state: 'cancelled' });
    const over = site.begin({ one: {} }, { deadlineAt: START });
    site.round();
    expect(cancel(over.id)).toMatchObject({ done: false, state: 'failed' });
    expect(site.workflow(over.id)).toMatchObject({ ending: 'deadline' });
  });

  it('is retried: what failed, and what the deadline has cancelled', () => {
    const flow = site.begin({ pages: {}, slow: {}, hand: {}, next: { after: [0] } }, { deadlineAt: START + 5 });
    site.workInOrder(failed());
    site.run(`UPDATE tasks_node SET state = 'cancelled', open = 0, cancelled = 1 WHERE name = 'hand'`);
    site.run('UPDATE tasks_workflow SET running = running - 1, cancelled = cancelled + 1, ended = ended + 1');
    site.clock.advance(5);
    site.settle();
    expect(site.nodes()).toEqual({
      pages: 'failed',
      slow: 'cancelled deadline',
      hand: 'cancelled',
      next: 'cancelled condition',
    });
    expect(site.workflow(flow.id)).toMatchObject({ state: 'failed', ending: 'deadline' });
    expect(retry(flow.id)).toEqual({ done: true, state: 'running' });
    expect(site.last.settleAt).toBe(0);
    expect(site.nodes()).toEqual({
      pages: 'running',
      slow: 'blocked',
      hand: 'cancelled',
      next: 'cancelled condition',
    });
    expect(work()).toEqual(['edges 1', 'edges 2', 'retry 1', 'revive-all 2']);
    expect(site.workflow(flow.id)).toMatchObject({
      state: 'running',
      ending: null,
      finished_at: null,
      deadline_at: null,
      blocked: 1,
      running: 1,
      failed: 0,
      cancelled: 2,
    });
    expect([...site.last.touched.keys()]).toEqual(['default']);
  });

  it('is retried from a node of a name, unless that has neither failed nor been cancelled', () => {
    const flow = site.begin({ one: {}, two: { after: [0] }, three: { after: [1] }, last: {} });
    expect(retry('none')).toEqual({ done: false, state: null });
    expect(retry(flow.id)).toEqual({ done: false, state: 'running', nodes: [] });
    site.workInOrder(failed(), completed);
    expect(site.nodes()).toMatchObject({ one: 'failed', two: 'cancelled condition', last: 'completed' });
    const asked = retry(flow.id, 'last');
    expect(asked).toMatchObject({ done: false, state: 'failed' });
    expect(asked.nodes!.toSorted()).toEqual(['one', 'three', 'two']);
    expect(site.last.settleAt).toBe(Infinity);
    expect(site.workflow(flow.id)).toMatchObject({ state: 'failed' });
    expect(retry(flow.id, 'two')).toEqual({ done: true, state: 'running' });
    expect(work()).toEqual(['edges 2', 'revive-all 2']);
  });
});
