import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, newTask } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { addToNode } from './add-to-node.js';
import type { ClaimedTask } from './claim-tasks.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

describe('A task that is added to a node', () => {
  const leaseOf = ({ id, attempt, worker, queue }: ClaimedTask) =>
    ({ id, attempt, worker, queue }) as Parameters<typeof addToNode>[1];
  const add = (adder: ClaimedTask, task = newTask({ now: () => site.now }, { name: 'more' })) =>
    site.write((transaction) => addToNode(transaction, leaseOf(adder), task, site.now));

  it('is waited for like the others', () => {
    site.begin({ a: {}, b: { after: [0] } });
    const runs = site.claim()[0]!;
    const task = newTask({ now: () => site.now }, { name: 'more' });
    expect(add(runs, task)).toBe('stored');
    expect(add(runs, task)).toBe('existing');
    expect(site.find('SELECT tasks, open FROM tasks_node WHERE name = ?', 'a')).toEqual([{ tasks: 2, open: 2 }]);
    expect(site.workflow()).toMatchObject({ tasks: 3 });
    expect(site.find('SELECT name, workflow FROM tasks_node_task ORDER BY task DESC LIMIT 1')).toEqual([
      { name: 'more', workflow: site.workflow()!.seq },
    ]);
    site.end(runs, completed);
    site.settle();
    expect(site.nodes()).toMatchObject({ a: 'running' });
  });

  it('is none where the lease is lost, the task is of none, or its workflow is being ended', () => {
    site.begin({ a: {} });
    const [plain] = site.add({ priority: 9 });
    const [alone, runs] = [site.claim()[0]!, site.claim()[0]!];
    expect(alone.id).toBe(plain);
    expect(add(alone)).toBe('lost');
    expect(add({ ...runs, attempt: 2 })).toBe('lost');
    site.endAll('cancelled');
    expect(add(runs)).toBe('ending');
    expect(site.find('SELECT * FROM tasks_task')).toHaveLength(2);
  });
});
