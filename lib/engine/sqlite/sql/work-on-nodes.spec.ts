import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import { WorkflowSite } from '../../../../test/support/workflow-site.js';
import { retryWorkflow } from './steer-workflows.js';
import { WorkflowCounts } from './workflow-counts.js';
import { workOnNodes } from './work-on-nodes.js';

describe('What is left to do about nodes', () => {
  let site: StatementSite;
  let workflows: WorkflowSite;

  beforeEach(async () => {
    site = await StatementSite.open();
    workflows = new WorkflowSite(site);
  });
  afterEach(() => site.close());

  /** @returns with how many it was done */
  const workOn = (limit: number) =>
    site.run((transaction) => {
      const judging = { database: transaction.database, counts: new WorkflowCounts() };
      return workOnNodes(transaction, judging, { now: site.now, keepFor: () => null }, limit);
    });
  const released = () =>
    workflows
      .tasks()
      .map((state) => (state === 'blocked' ? '-' : 'x'))
      .join('');

  async function toRelease(...tasks: number[]): Promise<void> {
    const waiting = tasks.map((many, at) => [`n${at}`, { after: [0], tasks: many }] as const);
    await workflows.begin({ one: { tasks: 0 }, ...Object.fromEntries(waiting) });
    site.set('DELETE FROM tasks_node_work');
    for (const at of tasks.keys()) {
      site.set(`UPDATE tasks_node SET state = 'running' WHERE seq = ?`, at + 2);
      site.set(`INSERT INTO tasks_node_work (kind, node, after) VALUES ('release', ?, 0)`, at + 2);
    }
  }

  it('is done for no more tasks than are asked for, node after node', async () => {
    await toRelease(3, 3);
    expect(await workOn(4)).toBe(4);
    expect(released()).toBe('xxx---');
    expect(await workOn(4)).toBe(4);
    expect(released()).toBe('xxxxxx');
    expect(await workOn(4)).toBe(0);
  });

  it('goes on where it was broken off', async () => {
    await toRelease(1, 7);
    expect(await workOn(4)).toBe(5);
    expect(released()).toBe('xxx-----');
    expect(await workOn(3)).toBe(4);
    expect(released()).toBe('xxxxxx--');
    expect(await workOn(3)).toBe(3);
    expect(released()).toBe('xxxxxxxx');
  });

  it('is given up one by one, where nothing of the workflow is to begin any more', async () => {
    const flow = await workflows.begin({ one: {}, two: {} });
    await workflows.work(failed(), failed());
    await site.run((transaction) => retryWorkflow(transaction, flow.id, null, site.now));
    site.set(`UPDATE tasks_workflow SET ending = 'cancelled'`);
    const left = () => site.all(`SELECT node FROM tasks_node_work WHERE kind = 'retry'`);
    expect(await workOn(1)).toBe(1);
    expect(left()).toEqual([{ node: 2 }]);
    expect(await workOn(1)).toBe(1);
    expect(left()).toEqual([]);
    expect(workflows.tasks()).toEqual(['failed', 'failed']);
  });
});
