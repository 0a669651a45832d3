import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import type { Outcome } from '../../port/index.js';
import { nextSettlingAt } from './settle-workflows.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

const cancelled: Outcome = { kind: 'cancelled', maxAttempts: 4, keepFor: 1_000 };

describe('A workflow that is ended', () => {
  it.each([
    ['cancelled', 'cancelled'],
    ['deadline', 'failed'],
  ] as const)('cancels what has not begun, waits for what runs, and says why: %s', (ending, state) => {
    site.begin({ a: {}, b: { after: [0] }, c: { after: [1] }, d: {}, e: { after: [3], when: 'ended' } });
    const runs = site.claim()[0]!;
    expect(runs.id).toBe(site.taskOf('a'));
    site.endAll(ending);
    expect(site.nodes()).toEqual({
      a: `running ${ending}`,
      b: `cancelled ${ending}`,
      c: `cancelled ${ending}`,
      d: `cancelled ${ending}`,
      e: `cancelled ${ending}`,
    });
    expect(site.row(runs.id)).toMatchObject({ state: 'running', cancel_requested: 1 });
    expect(site.workflow()).toMatchObject({ state: 'running', walk: null });
    site.end(runs, cancelled);
    site.settle();
    expect(site.nodes()).toMatchObject({ a: `cancelled ${ending}` });
    expect(site.workflow()).toMatchObject({ state, ended: 5 });
  });

  it('leaves what has ended as it is, and has what completes count', () => {
    site.begin({ a: {}, b: {}, c: { after: [0, 1] } });
    site.work(completed, 'a');
    const runs = site.claim()[0]!;
    site.endAll('cancelled');
    site.end(runs, completed);
    site.settle();
    expect(site.nodes()).toEqual({ a: 'completed', b: 'completed', c: 'cancelled cancelled' });
    expect(site.workflow()).toMatchObject({ state: 'cancelled' });
  });

  it('cancels at its deadline, a few rows at a time', () => {
    site.begin({ a: {}, b: { after: [0], tasks: 2 }, c: { after: [1] } }, { deadlineAt: site.now + 50 });
    site.clock.advance(49);
    site.settle(1);
    expect(site.nodes()).toMatchObject({ a: 'running' });
    site.clock.advance(1);
    site.settle(1);
    expect(site.nodes()).toEqual({ a: 'cancelled deadline', b: 'cancelled deadline', c: 'cancelled deadline' });
    expect(site.workflow()).toMatchObject({ state: 'failed', ending: 'deadline' });
  });

  it('runs again once a task is retried, which nothing ends any more', () => {
    site.begin({ a: {}, b: { after: [0] } });
    site.endAll('cancelled');
    expect(site.workflow()).toMatchObject({ state: 'cancelled' });
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.workflow()).toMatchObject({ state: 'running', ending: null });
    expect(site.nodes()).toEqual({ a: 'running', b: 'cancelled cancelled' });
  });

  it('cancels a task that is retried while it is being ended', () => {
    site.begin({ a: { tasks: 2 }, b: {} });
    site.act('cancel', site.taskOf('a', 0));
    site.act('cancel', site.taskOf('a', 1));
    site.settle();
    expect(site.nodes()).toMatchObject({ a: 'cancelled', b: 'running' });
    const runs = site.claim()[0]!;
    site.endAll('cancelled');
    site.act('retry', site.taskOf('a', 0));
    site.settle();
    expect(site.stateOf('a', 0)).toBe('cancelled');
    expect(site.workflow()).toMatchObject({ state: 'running' });
    site.end(runs, cancelled);
    site.settle();
    expect(site.workflow()).toMatchObject({ state: 'cancelled' });
  });
});

describe('A workflow that is deleted', () => {
  it.each([1, 2, 200])('goes with all that it has, %i rows at a time', (limit) => {
    site.begin({ a: { tasks: 3 }, b: { after: [0] }, c: { after: [0, 1] } });
    const other = site.begin({ other: {} });
    site.run(`UPDATE tasks_workflow SET ending = 'deleted', walk = 0 WHERE id <> ?`, other.id);
    site.settle(limit);
    expect(site.find('SELECT id FROM tasks_workflow')).toEqual([{ id: other.id }]);
    expect(site.find('SELECT name FROM tasks_node')).toEqual([{ name: 'other' }]);
    expect(site.find('SELECT * FROM tasks_edge')).toEqual([]);
    expect(site.find('SELECT DISTINCT workflow FROM tasks_workflow_tag')).toHaveLength(1);
    expect(site.counts()).toEqual({ 'default available': 1 });
  });

  it('is one whose time is over', () => {
    site.begin({ a: {} });
    site.work(completed, 'a');
    site.clock.advance(999);
    site.settle();
    expect(site.find('SELECT * FROM tasks_workflow')).toHaveLength(1);
    site.clock.advance(1);
    site.settle();
    expect(site.find('SELECT * FROM tasks_workflow')).toEqual([]);
    expect(site.counts()).toEqual({});
    expect(nextSettlingAt(site.database)).toBeNull();
  });

  it('tells of each task that goes', () => {
    site.begin({ a: {}, b: { after: [0] } });
    const ids = [site.taskOf('a'), site.taskOf('b')];
    site.run(`UPDATE tasks_workflow SET ending = 'deleted', walk = 0`);
    site.round();
    expect(site.last.touched.get('default')).toEqual(expect.arrayContaining(ids));
  });
});
