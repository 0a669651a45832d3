import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import type { Outcome } from '../../port/index.js';
import { canRun, endedFor, mayRun } from './judge-nodes.js';
import type { NodeRow } from './node-rows.js';
import { nextSettlingAt } from './settle-workflows.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

const cancelled: Outcome = { kind: 'cancelled', maxAttempts: 4, keepFor: 1_000 };

describe('A condition', () => {
  const row = (others: Partial<NodeRow>) =>
    ({ condition: 'completed', waits: 0, broken: 0, unmet: 0, ...others }) as NodeRow;

  it.each<[Partial<NodeRow>, may: boolean, can: boolean]>([
    [{}, true, true],
    [{ waits: 1 }, true, false],
    [{ unmet: 1 }, false, false],
    [{ unmet: 1, waits: 1 }, false, false],
    [{ condition: 'ended', unmet: 1, broken: 1 }, true, true],
    [{ condition: 'ended' }, true, true],
    [{ condition: 'ended', waits: 1 }, true, false],
    [{ condition: 'failed' }, false, false],
    [{ condition: 'failed', waits: 1 }, true, false],
    [{ condition: 'failed', broken: 1, unmet: 1 }, true, true],
    [{ condition: 'failed', broken: 1, waits: 1 }, true, false],
  ])('%o: may hold %s, holds %s', (others, may, can) => {
    expect([mayRun(row(others)), canRun(row(others))]).toEqual([may, can]);
  });

  it('matters no more where the workflow is being ended', () => {
    const endings = ['cancelled', 'deadline', 'deleted', 'starting', null] as const;
    expect(endings.map((ending) => endedFor({ ending } as NodeRow))).toEqual([
      'cancelled',
      'deadline',
      null,
      null,
      null,
    ]);
  });
});

describe('A workflow', () => {
  it('runs its nodes one after the other, and has completed with the last', () => {
    site.begin({ a: {}, b: { after: [0] }, c: { after: [1], delay: 50 } });
    expect(site.nodes()).toEqual({ a: 'running', b: 'blocked', c: 'blocked' });
    site.work(completed, 'a');
    expect(site.nodes()).toEqual({ a: 'completed', b: 'running', c: 'blocked' });
    expect(site.workflow()).toMatchObject({
      state: 'running',
      blocked: 1,
      running: 1,
      completed: 1,
      tasks: 3,
      ended: 1,
    });
    site.work(completed, 'b');
    expect(site.stateOf('c')).toBe('scheduled');
    site.clock.advance(50);
    site.act('run-now', site.taskOf('c'));
    site.work(completed, 'c');
    expect(site.nodes()).toEqual({ a: 'completed', b: 'completed', c: 'completed' });
    expect(site.workflow()).toMatchObject({
      state: 'completed',
      finished_at: site.now,
      blocked: 0,
      running: 0,
      completed: 3,
      ended: 3,
      expires_at: site.now + 1_000,
    });
    expect(nextSettlingAt(site.database)).toBe(site.now + 1_000);
    expect(site.row(site.taskOf('c'))!.expires_at).toBeNull();
  });

  it('cancels what can run no more, says because of which node, and has failed', () => {
    site.begin({ a: {}, b: { after: [0] }, c: { after: [1] }, d: { after: [2, 4] }, e: {} });
    site.work(failed(), 'a');
    expect(site.nodes()).toEqual({
      a: 'failed',
      b: 'cancelled condition',
      c: 'cancelled condition',
      d: 'cancelled condition',
      e: 'running',
    });
    expect([site.causeOf('b'), site.causeOf('c'), site.causeOf('d')]).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(site.row(site.taskOf('b'))!.traits as string)).toMatchObject({
      reason: 'condition',
      workflow: { cause: 'a' },
    });
    expect(site.workflow()).toMatchObject({ state: 'running', failed: 1, cancelled: 3 });
    site.work(completed, 'e');
    expect(site.workflow()).toMatchObject({ state: 'failed', ended: 5 });
  });

  it('goes on where a failure is answered', () => {
    site.begin({ a: {}, mend: { after: [0], when: 'failed' }, last: { after: [1] } });
    site.work(failed(), 'a');
    expect(site.nodes()).toEqual({ a: 'failed', mend: 'running', last: 'blocked' });
    site.work(completed, 'mend', 'last');
    expect(site.workflow()).toMatchObject({ state: 'completed' });
  });

  it('has failed where the answer failed too', () => {
    site.begin({ a: {}, mend: { after: [0], when: 'failed' } });
    site.work(failed(), 'a', 'mend');
    expect(site.workflow()).toMatchObject({ state: 'failed' });
  });

  it('needs no answer where nothing failed', () => {
    site.begin({ a: {}, b: {}, mend: { after: [0, 1], when: 'failed' }, always: { after: [0], when: 'ended' } });
    site.work(completed, 'a');
    expect(site.nodes()).toMatchObject({ mend: 'blocked', always: 'running' });
    site.work(completed, 'b');
    expect(site.nodes()).toMatchObject({ mend: 'cancelled condition' });
    expect(['a', 'b']).toContain(site.causeOf('mend'));
    site.work(completed, 'always');
    expect(site.workflow()).toMatchObject({ state: 'completed' });
  });

  it('was cancelled where one of its tasks was', () => {
    site.begin({ a: {}, b: { after: [0], when: 'failed' } });
    site.work(cancelled, 'a');
    expect(site.nodes()).toEqual({ a: 'cancelled', b: 'cancelled condition' });
    expect(site.workflow()).toMatchObject({ state: 'cancelled' });
  });

  it('waits for all tasks of a node, of which one that failed has it fail', () => {
    site.begin({ each: { tasks: 3 }, one: { tasks: 2 }, b: { after: [0, 1], when: 'ended' } });
    site.work(completed, 'each');
    expect(site.nodes()).toMatchObject({ each: 'running' });
    site.work(cancelled, 'each');
    site.work(failed(), 'each');
    expect(site.nodes()).toMatchObject({ each: 'failed', b: 'blocked' });
    site.work(cancelled, 'one');
    site.work(completed, 'one');
    expect(site.nodes()).toMatchObject({ one: 'cancelled', b: 'running' });
    expect(site.find(`SELECT open, failed, cancelled FROM tasks_node ORDER BY seq`)).toEqual([
      { open: 0, failed: 1, cancelled: 1 },
      { open: 0, failed: 0, cancelled: 1 },
      { open: 1, failed: 0, cancelled: 0 },
    ]);
    expect(site.find('SELECT counted FROM tasks_node_task ORDER BY task').map(({ counted }) => counted)).toEqual([
      'completed',
      'cancelled',
      'failed',
      'cancelled',
      'completed',
      null,
    ]);
  });

  it('passes a node over that has no task', () => {
    site.begin({ a: {}, none: { after: [0], tasks: 0 }, b: { after: [1] } });
    site.work(completed, 'a');
    expect(site.nodes()).toEqual({ a: 'completed', none: 'completed', b: 'running' });
  });

  it('without any task has completed at once, and is kept for a day', () => {
    site.begin({ none: { tasks: 0 }, other: { tasks: 0, after: [0] } });
    site.settle();
    expect(site.nodes()).toEqual({ none: 'completed', other: 'completed' });
    expect(site.workflow()).toMatchObject({ state: 'completed', expires_at: site.now + 24 * 3_600_000 });
  });

  it('is kept as long as the task that is kept longest, and for ever with one that is', () => {
    site.begin({ a: {}, b: {} });
    for (const [node, keepFor] of [
      ['a', 9_000],
      ['b', 5],
    ] as const) {
      site.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', site.taskOf(node));
      site.end(site.claim()[0]!, { kind: 'completed', maxAttempts: 4, keepFor });
    }
    site.round();
    expect(site.workflow()).toMatchObject({ state: 'completed', expires_at: site.now + 9_000 });
    expect(site.last.settleAt).toBe(site.now + 9_000);
    expect(site.last.touched.has('default')).toBe(true);
    site.begin({ a: {} });
    site.end(site.claim()[0]!, { kind: 'completed', maxAttempts: 4, keepFor: null });
    site.settle();
    expect(site.workflow()).toMatchObject({ state: 'completed', expires_at: null });
  });

  it.each([1, 2, 3])('comes to the same end with %i rows at a time', (limit) => {
    site.begin({
      a: { tasks: 3 },
      b: { after: [0] },
      c: { after: [0] },
      d: { after: [0], when: 'failed' },
      e: { after: [1, 2, 3], tasks: 2 },
      f: { after: [3], when: 'ended' },
    });
    for (const outcome of [completed, failed(), completed]) {
      site.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', site.taskOf('a', 0));
      site.end(site.claim()[0]!, { ...outcome, keepFor: 5 } as Outcome);
    }
    site.settle(limit);
    expect(site.nodes()).toEqual({
      a: 'failed',
      b: 'cancelled condition',
      c: 'cancelled condition',
      d: 'running',
      e: 'cancelled condition',
      f: 'blocked',
    });
    site.end(site.claim()[0]!, completed);
    site.settle(limit);
    site.end(site.claim()[0]!, completed);
    site.settle(limit);
    expect(site.workflow()).toMatchObject({ state: 'completed', ended: 9, completed: 2, cancelled: 3, failed: 1 });
    expect(nextSettlingAt(site.database)).toBeNull();
  });
});

describe('A workflow of which tasks are retried', () => {
  it('runs again, and what was cancelled because of them waits again', () => {
    site.begin({ a: {}, b: { after: [0] }, c: { after: [1] } });
    site.work(failed(), 'a');
    expect(site.workflow()).toMatchObject({ state: 'failed' });
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'running', b: 'blocked', c: 'blocked' });
    expect([site.stateOf('b'), site.stateOf('c')]).toEqual(['blocked', 'blocked']);
    expect(site.causeOf('b')).toBeUndefined();
    expect(site.workflow()).toMatchObject({
      state: 'running',
      finished_at: null,
      expires_at: null,
      ended: 0,
      blocked: 2,
      running: 1,
    });
    site.work(completed, 'a', 'b', 'c');
    expect(site.workflow()).toMatchObject({ state: 'completed', ended: 3 });
  });

  it('leaves what has run already as it is', () => {
    site.begin({ a: {}, mend: { after: [0], when: 'failed' }, always: { after: [0], when: 'ended' } });
    site.work(failed(), 'a');
    site.work(completed, 'mend', 'always');
    expect(site.workflow()).toMatchObject({ state: 'completed' });
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'running', mend: 'completed', always: 'completed' });
    site.work(completed, 'a');
    expect(site.workflow()).toMatchObject({ state: 'completed', ended: 3 });
  });

  it('keeps cancelled what somebody has cancelled', () => {
    site.begin({ a: {}, b: { after: [0] }, c: { after: [1] } });
    site.act('cancel', site.taskOf('b'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'running', b: 'cancelled', c: 'cancelled condition' });
    site.work(failed(), 'a');
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.nodes()).toEqual({ a: 'running', b: 'cancelled', c: 'cancelled condition' });
    site.work(completed, 'a');
    expect(site.workflow()).toMatchObject({ state: 'cancelled' });
  });

  it('is bound by its deadline no more where that is over', () => {
    site.begin({ a: {}, b: { after: [0] } }, { deadlineAt: site.now + 50 });
    expect(nextSettlingAt(site.database)).toBe(site.now + 50);
    site.work(failed(), 'a');
    site.clock.advance(50);
    site.act('retry', site.taskOf('a'));
    site.settle();
    expect(site.workflow()).toMatchObject({ state: 'running', deadline_at: null });
    expect(site.nodes()).toEqual({ a: 'running', b: 'blocked' });
  });
});
