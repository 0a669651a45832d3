import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import type { Outcome } from '../../port/index.js';
import { followEdges } from './follow-edges.js';
import { addWork } from './node-rows.js';

describe('What nodes are told of those that they wait for', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  const cancelled: Outcome = { kind: 'cancelled', maxAttempts: 4, keepFor: 1_000 };
  const follow = (parent: number) =>
    site.step((transaction, judging) => {
      addWork(transaction.database, 'edges', parent);
      return followEdges(transaction, judging, 200);
    });
  const told = () => site.find('SELECT waits, broken, unmet FROM tasks_node ORDER BY seq').at(-1);

  it('is counted by how those have ended, and taken back once they run again', () => {
    site.begin({ a: {}, b: {}, c: {}, d: {}, join: { after: [0, 1, 2, 3], when: 'ended' } });
    expect(told()).toEqual({ waits: 4, broken: 0, unmet: 0 });
    site.work(completed, 'a');
    expect(told()).toEqual({ waits: 3, broken: 0, unmet: 0 });
    site.work(failed(), 'b');
    expect(told()).toEqual({ waits: 2, broken: 1, unmet: 1 });
    site.work(cancelled, 'c');
    expect(told()).toEqual({ waits: 1, broken: 1, unmet: 2 });
    site.act('retry', site.taskOf('b'));
    site.settle();
    expect(told()).toEqual({ waits: 2, broken: 0, unmet: 1 });
  });

  it('changes nothing where it is told once more', () => {
    site.begin({ a: {}, b: {}, join: { after: [0, 1], when: 'ended' } });
    site.work(failed(), 'a');
    const before = site.find('SELECT * FROM tasks_node');
    expect(follow(1)).toBe(2);
    expect(site.find('SELECT * FROM tasks_node')).toEqual(before);
    expect(site.find('SELECT * FROM tasks_node_work')).toEqual([]);
  });

  it('is not that one has ended, while one of its tasks has not', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 2 }, last: { after: [1], when: 'ended' } });
    site.end(site.claim()[0]!, failed());
    site.round(4);
    expect(site.nodes()).toMatchObject({ b: 'cancelled condition' });
    expect(site.find('SELECT open FROM tasks_node WHERE seq = 2')).toEqual([{ open: 2 }]);
    follow(2);
    expect([site.nodes().last, told()]).toEqual(['blocked', { waits: 1, broken: 0, unmet: 0 }]);
    site.settle();
    expect(site.nodes().last).toBe('running');
  });

  it('is told to none that is gone', () => {
    site.begin({ a: {}, b: { after: [0] } });
    site.run('DELETE FROM tasks_node WHERE seq = 2');
    site.work(completed, 'a');
    expect(site.nodes()).toEqual({ a: 'completed' });
    expect(site.find('SELECT * FROM tasks_node_work')).toEqual([]);
  });
});
