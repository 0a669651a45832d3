import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { walkWorkflows } from './end-workflows.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

/** Judges a workflow of which nothing has changed. */
const judge = (seq = 1) => site.step((_transaction, { counts }) => void counts.of(seq, 'default'));
const walk = (limit: number) => site.step((transaction, judging) => walkWorkflows(transaction, judging, limit));
const isWalked = () => site.find('SELECT walk FROM tasks_workflow').map(({ walk: at }) => at);

describe('A workflow', () => {
  it.each([1, 2, 3, 4, 5])('runs until all its nodes and tasks have ended, with %i rows at a time', (limit) => {
    const wide = { after: [0], tasks: 3 };
    site.begin({ a: {}, none: { after: [0], tasks: 0, when: 'failed' }, b: wide, c: { ...wide, when: 'ended' } });
    const states: unknown[] = [];
    for (const outcome of [failed(), completed, completed, completed]) {
      site.end(site.claim()[0]!, outcome);
      while (site.round(limit)) {
        const nodes = Object.values(site.nodes());
        const live = [...nodes, ...site.tasks()].filter((state) => /^(blocked|running|available)/.test(String(state)));
        if (live.length > 0) expect(site.workflow()!.state).toBe('running');
        states.push(site.workflow()!.state);
      }
    }
    expect(states.at(-1)).toBe('completed');
  });

  it('runs while a node without tasks is yet to be told', () => {
    site.begin({ a: {}, none: { after: [0], tasks: 0 } });
    site.end(site.claim()[0]!, completed);
    site.round(1);
    expect(site.nodes()).toEqual({ a: 'completed', none: 'blocked' });
    expect(site.workflow()).toMatchObject({ state: 'running', ended: 1, tasks: 1 });
  });

  it('runs while tasks of a node that is cancelled have not ended', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 3 } });
    site.end(site.claim()[0]!, failed());
    site.round(4);
    expect([site.nodes().b, site.workflow()!.state]).toEqual(['cancelled condition', 'running']);
    site.settle();
    expect(site.workflow()).toMatchObject({ state: 'failed', ended: 4 });
  });

  it('has not ended while its nodes are gone through', () => {
    site.begin({ none: { tasks: 0 } });
    expect(isWalked()).toEqual([0]);
    judge();
    expect(site.workflow()).toMatchObject({ state: 'running' });
    // The last round finds no node, and ends it all the same.
    expect([walk(1), isWalked(), site.workflow()!.state]).toEqual([2, [1], 'running']);
    expect([walk(1), isWalked(), site.workflow()!.state]).toEqual([1, [null], 'completed']);
    expect(walk(1)).toBe(0);
  });

  it('that has ended stays as it ended', () => {
    site.begin({ a: {} });
    site.work(completed, 'a');
    const before = site.workflow();
    site.clock.advance(5);
    judge();
    expect(site.workflow()).toEqual(before);
  });

  it('is not to be settled again where it is kept for ever', () => {
    site.begin({ a: {} });
    site.end(site.claim()[0]!, { kind: 'completed', maxAttempts: 4, keepFor: null });
    site.round();
    expect(site.workflow()).toMatchObject({ state: 'completed', expires_at: null });
    expect(site.last.settleAt).toBe(Infinity);
  });

  it('that is being deleted is not brought back by a task that is retried', () => {
    site.begin({ other: {} });
    site.begin({ a: {} });
    site.work(failed(), 'a');
    site.act('retry', site.taskOf('a'));
    site.run('UPDATE tasks_workflow SET walk = 0');
    site.run(`UPDATE tasks_workflow SET ending = 'deleted' WHERE seq = 2`);
    // Its nodes are gone through after those of the other one, and its task is counted before.
    site.round(3);
    expect(site.find('SELECT state, ending FROM tasks_workflow WHERE seq = 2')).toEqual([
      { state: 'failed', ending: 'deleted' },
    ]);
    site.settle();
    expect(site.find('SELECT seq FROM tasks_workflow')).toEqual([{ seq: 1 }]);
  });

  it('that is gone changes nothing of its nodes', () => {
    site.begin({ a: {} });
    site.run('DELETE FROM tasks_workflow');
    site.end(site.claim()[0]!, completed);
    site.settle();
    expect(site.nodes()).toEqual({ a: 'completed' });
  });

  it('of which the nodes are gone is told to nobody', () => {
    site.begin({ gone: {} });
    site.run('DELETE FROM tasks_node');
    site.run('UPDATE tasks_workflow SET walk = 0');
    expect(site.round()).toBe(true);
    expect(isWalked()).toEqual([null]);
    expect([...site.last.touched.keys()]).toEqual([]);
  });
});

describe('A workflow whose nodes are gone through and that is not being ended', () => {
  it('goes on as their counters say', () => {
    site.begin({
      over: {},
      held: { after: [0] },
      free: { after: [0] },
      never: { after: [0] },
      runs: {},
    });
    site.run(`UPDATE tasks_task SET state = 'completed' WHERE seq = 1`);
    site.run(`UPDATE tasks_count SET count = count - 1 WHERE state = 'available'`);
    site.run(`INSERT INTO tasks_count (queue, state, count) VALUES ('default', 'completed', 1)`);
    site.run(`UPDATE tasks_node SET open = 0 WHERE name = 'over'`);
    site.run(`UPDATE tasks_node SET waits = 0 WHERE name IN ('free', 'never')`);
    site.run(`UPDATE tasks_node SET unmet = 1 WHERE name = 'never'`);
    site.run('UPDATE tasks_workflow SET walk = 0');
    expect(walk(200)).toBe(6);
    expect(site.nodes()).toEqual({
      over: 'completed',
      held: 'blocked',
      free: 'running',
      never: 'cancelled condition',
      runs: 'running',
    });
    expect(site.find('SELECT kind, node FROM tasks_node_work ORDER BY kind, node')).toEqual([
      { kind: 'cancel', node: 4 },
      { kind: 'edges', node: 1 },
      { kind: 'release', node: 3 },
    ]);
  });
});
