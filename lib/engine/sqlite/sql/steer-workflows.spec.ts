import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import { WorkflowSite } from '../../../../test/support/workflow-site.js';
import { cancelWorkflow, retryWorkflow } from './steer-workflows.js';

describe('A workflow that somebody steers', () => {
  let site: StatementSite;
  let workflows: WorkflowSite;

  beforeEach(async () => {
    site = await StatementSite.open();
    workflows = new WorkflowSite(site);
  });
  afterEach(() => site.close());

  const cancel = (id: string) => site.run((transaction) => cancelWorkflow(transaction, id));
  const retry = (id: string, from: string | null = null) =>
    site.run((transaction) => retryWorkflow(transaction, id, from, site.now));
  const work = () =>
    site
      .all('SELECT kind, node FROM tasks_node_work ORDER BY kind, node')
      .map(({ kind, node }) => `${String(kind)} ${String(node)}`);

  it('is cancelled while it runs, and once', async () => {
    const flow = await workflows.begin({ one: {} });
    expect(await cancel('none')).toEqual({ done: false, state: null });
    expect(site.told.settleAt).toBe(Infinity);
    expect(await cancel(flow.id)).toEqual({ done: true, state: 'running' });
    expect(site.told.settleAt).toBe(0);
    expect(workflows.row(flow.id)).toMatchObject({ state: 'running', ending: 'cancelled', walk: 0 });
    await workflows.settle();
    expect(await cancel(flow.id)).toEqual({ done: false, state: 'cancelled' });
    const over = await workflows.begin({ one: {} }, { deadlineAt: START });
    await workflows.round();
    expect(await cancel(over.id)).toMatchObject({ done: false, state: 'failed' });
    expect(workflows.row(over.id)).toMatchObject({ ending: 'deadline' });
  });

  it('is retried: what failed, and what the deadline has cancelled', async () => {
    const flow = await workflows.begin(
      { pages: {}, slow: {}, hand: {}, next: { after: [0] } },
      { deadlineAt: START + 5 },
    );
    await workflows.work(failed());
    site.set(`UPDATE tasks_node SET state = 'cancelled', open = 0, cancelled = 1 WHERE name = 'hand'`);
    site.set('UPDATE tasks_workflow SET running = running - 1, cancelled = cancelled + 1, ended = ended + 1');
    site.clock.advance(5);
    await workflows.settle();
    expect(workflows.nodes()).toEqual({
      pages: 'failed',
      slow: 'cancelled deadline',
      hand: 'cancelled',
      next: 'cancelled condition',
    });
    expect(workflows.row(flow.id)).toMatchObject({ state: 'failed', ending: 'deadline' });
    expect(await retry(flow.id)).toEqual({ done: true, state: 'running' });
    expect(site.told.settleAt).toBe(0);
    expect(workflows.nodes()).toEqual({
      pages: 'running',
      slow: 'blocked',
      hand: 'cancelled',
      next: 'cancelled condition',
    });
    expect(work()).toEqual(['edges 1', 'edges 2', 'retry 1', 'revive-all 2']);
    expect(workflows.row(flow.id)).toMatchObject({
      state: 'running',
      ending: null,
      finished_at: null,
      deadline_at: null,
      blocked: 1,
      running: 1,
      failed: 0,
      cancelled: 2,
    });
    expect([...site.told.touched.keys()]).toEqual(['default']);
  });

  it('is retried from a node of a name, unless that has neither failed nor been cancelled', async () => {
    const flow = await workflows.begin({ one: {}, two: { after: [0] }, three: { after: [1] }, last: {} });
    expect(await retry('none')).toEqual({ done: false, state: null });
    expect(await retry(flow.id)).toEqual({ done: false, state: 'running', nodes: [] });
    await workflows.work(failed(), completed);
    expect(workflows.nodes()).toMatchObject({ one: 'failed', two: 'cancelled condition', last: 'completed' });
    const asked = await retry(flow.id, 'last');
    expect(asked).toMatchObject({ done: false, state: 'failed' });
    expect(asked.nodes!.toSorted()).toEqual(['one', 'three', 'two']);
    expect(site.told.settleAt).toBe(Infinity);
    expect(workflows.row(flow.id)).toMatchObject({ state: 'failed' });
    expect(await retry(flow.id, 'two')).toEqual({ done: true, state: 'running' });
    expect(work()).toEqual(['edges 2', 'revive-all 2']);
  });
});
