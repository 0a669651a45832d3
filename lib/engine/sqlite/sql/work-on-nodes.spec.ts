import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { retryWorkflow } from './steer-workflows.js';
import { WorkflowCounts } from './workflow-counts.js';
import { workOnNodes } from './work-on-nodes.js';

describe('What is left to do about nodes', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  /** @returns with how many it was done */
  const workOn = (limit: number) =>
    site.write((transaction) => {
      const judging = { database: transaction.database, counts: new WorkflowCounts() };
      return workOnNodes(transaction, judging, { now: site.now, keepFor: () => null }, limit);
    });
  const released = () =>
    site
      .tasks()
      .map((state) => (state === 'blocked' ? '-' : 'x'))
      .join('');

  function toRelease(...tasks: number[]): void {
    const waiting = tasks.map((many, at) => [`n${at}`, { after: [0], tasks: many }] as const);
    site.begin({ one: { tasks: 0 }, ...Object.fromEntries(waiting) });
    site.run('DELETE FROM tasks_node_work');
    for (const at of tasks.keys()) {
      site.run(`UPDATE tasks_node SET state = 'running' WHERE seq = ?`, at + 2);
      site.run(`INSERT INTO tasks_node_work (kind, node, after) VALUES ('release', ?, 0)`, at + 2);
    }
  }

  it('is done for no more tasks than are asked for, node after node', () => {
    toRelease(3, 3);
    expect(workOn(4)).toBe(4);
    expect(released()).toBe('xxx---');
    expect(workOn(4)).toBe(4);
    expect(released()).toBe('xxxxxx');
    expect(workOn(4)).toBe(0);
  });

  it('goes on where it was broken off', () => {
    toRelease(1, 7);
    expect(workOn(4)).toBe(5);
    expect(released()).toBe('xxx-----');
    expect(workOn(3)).toBe(4);
    expect(released()).toBe('xxxxxx--');
    expect(workOn(3)).toBe(3);
    expect(released()).toBe('xxxxxxxx');
  });

  it('is given up one by one, where nothing of the workflow is to begin any more', () => {
    const flow = site.begin({ one: {}, two: {} });
    site.workInOrder(failed(), failed());
    site.write((transaction) => retryWorkflow(transaction, flow.id, null, site.now));
    site.run(`UPDATE tasks_workflow SET ending = 'cancelled'`);
    const left = () => site.find(`SELECT node FROM tasks_node_work WHERE kind = 'retry'`);
    expect(workOn(1)).toBe(1);
    expect(left()).toEqual([{ node: 2 }]);
    expect(workOn(1)).toBe(1);
    expect(left()).toEqual([]);
    expect(site.tasks()).toEqual(['failed', 'failed']);
  });
});
