import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, newTask } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { newWorkflow, type NodeShape } from '../../../../test/support/workflow-site.js';
import { InvalidArgumentError } from '../../../contract/index.js';
import type { NewWorkflow, Outcome } from '../../port/index.js';
import { addToNode } from './add-to-node.js';
import type { ClaimedTask } from './claim-tasks.js';
import { canRun, endedFor, mayRun } from './judge-nodes.js';
import { listWorkflows } from './list-workflows.js';
import type { NodeRow } from './node-rows.js';
import { runScript } from './run-script.js';
import { nextSettlingAt, settleWorkflows } from './settle-workflows.js';
import { startWorkflow } from './start-workflow.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => {
  site.counts();
  return site.close();
});

const cancelled: Outcome = { kind: 'cancelled', maxAttempts: 4, keepFor: 1_000 };
const KEEP_MS = 60_000;

function begin(shapes: Readonly<Record<string, NodeShape>>, overrides?: Partial<NewWorkflow>): NewWorkflow {
  const workflow = newWorkflow({ now: () => site.now }, shapes, overrides);
  site.write((transaction) => runScript(transaction, startWorkflow(workflow, site.now, transaction)));
  return workflow;
}

const round = (limit = 200): boolean =>
  site.write((transaction) => settleWorkflows(transaction, { now: site.now, keepFor: () => KEEP_MS }, limit));

/** All that is due, so much a round. */
function settle(limit?: number): void {
  for (let rounds = 0; round(limit); rounds += 1) if (rounds > 500) throw new Error('It comes to no end');
}

const TASKS_OF = `
  SELECT tasks_task.id, tasks_task.state
    FROM tasks_node JOIN tasks_node_task ON node = tasks_node.seq JOIN tasks_task ON tasks_task.seq = tasks_node_task.task
   WHERE tasks_node.name = ? ORDER BY tasks_task.seq`;

/** The id of a task of a node. */
function taskOf(node: string, nth = 0): string {
  return site.find(TASKS_OF, node)[nth]!.id as string;
}

/** Ends tasks of these nodes, and settles what follows. */
function end(outcome: Outcome, ...nodes: readonly string[]): void {
  for (const node of nodes) {
    const next = site.find(TASKS_OF, node).find(({ state }) => state === 'available')!;
    site.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', next.id as string);
    site.end(site.claim()[0]!, { ...outcome, keepFor: 1_000 } as Outcome);
    settle();
  }
}

const nodes = (): Record<string, string> =>
  Object.fromEntries(
    site
      .find('SELECT name, state, reason FROM tasks_node ORDER BY seq')
      .map(({ name, state, reason }) => [name as string, [state, reason].filter(Boolean).join(' ')]),
  );
const flow = (): Record<string, unknown> => site.find('SELECT * FROM tasks_workflow ORDER BY seq DESC')[0]!;
const cause = (node: string): unknown =>
  site.find(
    'SELECT cause.name FROM tasks_node JOIN tasks_node AS cause ON cause.seq = tasks_node.cause WHERE tasks_node.name = ?',
    node,
  )[0]?.name;
const stateOf = (node: string, nth?: number) => site.states([taskOf(node, nth)])[0];

/** As somebody cancels it, or its time is over. */
function endAll(ending: 'cancelled' | 'deadline' | 'deleted'): void {
  site.run('UPDATE tasks_workflow SET ending = ?, walk = 0', ending);
  settle();
}

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
    begin({ a: {}, b: { after: [0] }, c: { after: [1], delay: 50 } });
    expect(nodes()).toEqual({ a: 'running', b: 'blocked', c: 'blocked' });
    end(completed, 'a');
    expect(nodes()).toEqual({ a: 'completed', b: 'running', c: 'blocked' });
    expect(flow()).toMatchObject({ state: 'running', blocked: 1, running: 1, completed: 1, tasks: 3, ended: 1 });
    end(completed, 'b');
    expect(stateOf('c')).toBe('scheduled');
    site.now += 50;
    site.act('run-now', taskOf('c'));
    end(completed, 'c');
    expect(nodes()).toEqual({ a: 'completed', b: 'completed', c: 'completed' });
    expect(flow()).toMatchObject({
      state: 'completed',
      finished_at: site.now,
      blocked: 0,
      running: 0,
      completed: 3,
      ended: 3,
      expires_at: site.now + 1_000,
    });
    expect(nextSettlingAt(site.database)).toBe(site.now + 1_000);
    expect(site.row(taskOf('c'))!.expires_at).toBeNull();
  });

  it('cancels what can run no more, says because of which node, and has failed', () => {
    begin({ a: {}, b: { after: [0] }, c: { after: [1] }, d: { after: [2, 4] }, e: {} });
    end(failed(), 'a');
    expect(nodes()).toEqual({
      a: 'failed',
      b: 'cancelled condition',
      c: 'cancelled condition',
      d: 'cancelled condition',
      e: 'running',
    });
    expect([cause('b'), cause('c'), cause('d')]).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(site.row(taskOf('b'))!.traits as string)).toMatchObject({
      reason: 'condition',
      workflow: { cause: 'a' },
    });
    expect(flow()).toMatchObject({ state: 'running', failed: 1, cancelled: 3 });
    end(completed, 'e');
    expect(flow()).toMatchObject({ state: 'failed', ended: 5 });
  });

  it('goes on where a failure is answered', () => {
    begin({ a: {}, mend: { after: [0], when: 'failed' }, last: { after: [1] } });
    end(failed(), 'a');
    expect(nodes()).toEqual({ a: 'failed', mend: 'running', last: 'blocked' });
    end(completed, 'mend', 'last');
    expect(flow()).toMatchObject({ state: 'completed' });
  });

  it('has failed where the answer failed too', () => {
    begin({ a: {}, mend: { after: [0], when: 'failed' } });
    end(failed(), 'a', 'mend');
    expect(flow()).toMatchObject({ state: 'failed' });
  });

  it('needs no answer where nothing failed', () => {
    begin({ a: {}, b: {}, mend: { after: [0, 1], when: 'failed' }, always: { after: [0], when: 'ended' } });
    end(completed, 'a');
    expect(nodes()).toMatchObject({ mend: 'blocked', always: 'running' });
    end(completed, 'b');
    expect(nodes()).toMatchObject({ mend: 'cancelled condition' });
    expect(['a', 'b']).toContain(cause('mend'));
    end(completed, 'always');
    expect(flow()).toMatchObject({ state: 'completed' });
  });

  it('was cancelled where one of its tasks was', () => {
    begin({ a: {}, b: { after: [0], when: 'failed' } });
    end(cancelled, 'a');
    expect(nodes()).toEqual({ a: 'cancelled', b: 'cancelled condition' });
    expect(flow()).toMatchObject({ state: 'cancelled' });
  });

  it('waits for all tasks of a node, of which one that failed has it fail', () => {
    begin({ each: { tasks: 3 }, one: { tasks: 2 }, b: { after: [0, 1], when: 'ended' } });
    end(completed, 'each');
    expect(nodes()).toMatchObject({ each: 'running' });
    end(cancelled, 'each');
    end(failed(), 'each');
    expect(nodes()).toMatchObject({ each: 'failed', b: 'blocked' });
    end(cancelled, 'one');
    end(completed, 'one');
    expect(nodes()).toMatchObject({ one: 'cancelled', b: 'running' });
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
    begin({ a: {}, none: { after: [0], tasks: 0 }, b: { after: [1] } });
    end(completed, 'a');
    expect(nodes()).toEqual({ a: 'completed', none: 'completed', b: 'running' });
  });

  it('without any task has completed at once, and is kept for a day', () => {
    begin({ none: { tasks: 0 }, other: { tasks: 0, after: [0] } });
    settle();
    expect(nodes()).toEqual({ none: 'completed', other: 'completed' });
    expect(flow()).toMatchObject({ state: 'completed', expires_at: site.now + 24 * 3_600_000 });
  });

  it('is kept as long as the task that is kept longest, and for ever with one that is', () => {
    begin({ a: {}, b: {} });
    for (const [node, keepFor] of [
      ['a', 9_000],
      ['b', 5],
    ] as const) {
      site.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', taskOf(node));
      site.end(site.claim()[0]!, { kind: 'completed', maxAttempts: 4, keepFor });
    }
    round();
    expect(flow()).toMatchObject({ state: 'completed', expires_at: site.now + 9_000 });
    expect(site.last.settleAt).toBe(site.now + 9_000);
    expect(site.last.touched.has('default')).toBe(true);
    begin({ a: {} });
    site.end(site.claim()[0]!, { kind: 'completed', maxAttempts: 4, keepFor: null });
    settle();
    expect(flow()).toMatchObject({ state: 'completed', expires_at: null });
  });

  it.each([1, 2, 3])('comes to the same end with %i rows at a time', (limit) => {
    begin({
      a: { tasks: 3 },
      b: { after: [0] },
      c: { after: [0] },
      d: { after: [0], when: 'failed' },
      e: { after: [1, 2, 3], tasks: 2 },
      f: { after: [3], when: 'ended' },
    });
    for (const outcome of [completed, failed(), completed]) {
      site.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', taskOf('a', 0));
      site.end(site.claim()[0]!, { ...outcome, keepFor: 5 } as Outcome);
    }
    settle(limit);
    expect(nodes()).toEqual({
      a: 'failed',
      b: 'cancelled condition',
      c: 'cancelled condition',
      d: 'running',
      e: 'cancelled condition',
      f: 'blocked',
    });
    site.end(site.claim()[0]!, completed);
    settle(limit);
    site.end(site.claim()[0]!, completed);
    settle(limit);
    expect(flow()).toMatchObject({ state: 'completed', ended: 9, completed: 2, cancelled: 3, failed: 1 });
    expect(nextSettlingAt(site.database)).toBeNull();
  });
});

describe('A workflow of which tasks are retried', () => {
  it('runs again, and what was cancelled because of them waits again', () => {
    begin({ a: {}, b: { after: [0] }, c: { after: [1] } });
    end(failed(), 'a');
    expect(flow()).toMatchObject({ state: 'failed' });
    site.act('retry', taskOf('a'));
    settle();
    expect(nodes()).toEqual({ a: 'running', b: 'blocked', c: 'blocked' });
    expect([stateOf('b'), stateOf('c')]).toEqual(['blocked', 'blocked']);
    expect(cause('b')).toBeUndefined();
    expect(flow()).toMatchObject({
      state: 'running',
      finished_at: null,
      expires_at: null,
      ended: 0,
      blocked: 2,
      running: 1,
    });
    end(completed, 'a', 'b', 'c');
    expect(flow()).toMatchObject({ state: 'completed', ended: 3 });
  });

  it('leaves what has run already as it is', () => {
    begin({ a: {}, mend: { after: [0], when: 'failed' }, always: { after: [0], when: 'ended' } });
    end(failed(), 'a');
    end(completed, 'mend', 'always');
    expect(flow()).toMatchObject({ state: 'completed' });
    site.act('retry', taskOf('a'));
    settle();
    expect(nodes()).toEqual({ a: 'running', mend: 'completed', always: 'completed' });
    end(completed, 'a');
    expect(flow()).toMatchObject({ state: 'completed', ended: 3 });
  });

  it('keeps cancelled what somebody has cancelled', () => {
    begin({ a: {}, b: { after: [0] }, c: { after: [1] } });
    site.act('cancel', taskOf('b'));
    settle();
    expect(nodes()).toEqual({ a: 'running', b: 'cancelled', c: 'cancelled condition' });
    end(failed(), 'a');
    site.act('retry', taskOf('a'));
    settle();
    expect(nodes()).toEqual({ a: 'running', b: 'cancelled', c: 'cancelled condition' });
    end(completed, 'a');
    expect(flow()).toMatchObject({ state: 'cancelled' });
  });

  it('is bound by its deadline no more where that is over', () => {
    begin({ a: {}, b: { after: [0] } }, { deadlineAt: site.now + 50 });
    expect(nextSettlingAt(site.database)).toBe(site.now + 50);
    end(failed(), 'a');
    site.now += 50;
    site.act('retry', taskOf('a'));
    settle();
    expect(flow()).toMatchObject({ state: 'running', deadline_at: null });
    expect(nodes()).toEqual({ a: 'running', b: 'blocked' });
  });
});

describe('A workflow that is ended', () => {
  it.each([
    ['cancelled', 'cancelled'],
    ['deadline', 'failed'],
  ] as const)('cancels what has not begun, waits for what runs, and says why: %s', (ending, state) => {
    begin({ a: {}, b: { after: [0] }, c: { after: [1] }, d: {}, e: { after: [3], when: 'ended' } });
    const runs = site.claim()[0]!;
    expect(runs.id).toBe(taskOf('a'));
    endAll(ending);
    expect(nodes()).toEqual({
      a: `running ${ending}`,
      b: `cancelled ${ending}`,
      c: `cancelled ${ending}`,
      d: `cancelled ${ending}`,
      e: `cancelled ${ending}`,
    });
    expect(site.row(runs.id)).toMatchObject({ state: 'running', cancel_requested: 1 });
    expect(flow()).toMatchObject({ state: 'running', walk: null });
    site.end(runs, cancelled);
    settle();
    expect(nodes()).toMatchObject({ a: `cancelled ${ending}` });
    expect(flow()).toMatchObject({ state, ended: 5 });
  });

  it('leaves what has ended as it is, and has what completes count', () => {
    begin({ a: {}, b: {}, c: { after: [0, 1] } });
    end(completed, 'a');
    const runs = site.claim()[0]!;
    endAll('cancelled');
    site.end(runs, completed);
    settle();
    expect(nodes()).toEqual({ a: 'completed', b: 'completed', c: 'cancelled cancelled' });
    expect(flow()).toMatchObject({ state: 'cancelled' });
  });

  it('cancels at its deadline, a few rows at a time', () => {
    begin({ a: {}, b: { after: [0], tasks: 2 }, c: { after: [1] } }, { deadlineAt: site.now + 50 });
    site.now += 49;
    settle(1);
    expect(nodes()).toMatchObject({ a: 'running' });
    site.now += 1;
    settle(1);
    expect(nodes()).toEqual({ a: 'cancelled deadline', b: 'cancelled deadline', c: 'cancelled deadline' });
    expect(flow()).toMatchObject({ state: 'failed', ending: 'deadline' });
  });

  it('runs again once a task is retried, which nothing ends any more', () => {
    begin({ a: {}, b: { after: [0] } });
    endAll('cancelled');
    expect(flow()).toMatchObject({ state: 'cancelled' });
    site.act('retry', taskOf('a'));
    settle();
    expect(flow()).toMatchObject({ state: 'running', ending: null });
    expect(nodes()).toEqual({ a: 'running', b: 'cancelled cancelled' });
  });

  it('cancels a task that is retried while it is being ended', () => {
    begin({ a: { tasks: 2 }, b: {} });
    site.act('cancel', taskOf('a', 0));
    site.act('cancel', taskOf('a', 1));
    settle();
    expect(nodes()).toMatchObject({ a: 'cancelled', b: 'running' });
    const runs = site.claim()[0]!;
    endAll('cancelled');
    site.act('retry', taskOf('a', 0));
    settle();
    expect(stateOf('a', 0)).toBe('cancelled');
    expect(flow()).toMatchObject({ state: 'running' });
    site.end(runs, cancelled);
    settle();
    expect(flow()).toMatchObject({ state: 'cancelled' });
  });
});

describe('A workflow that is deleted', () => {
  it.each([1, 2, 200])('goes with all that it has, %i rows at a time', (limit) => {
    begin({ a: { tasks: 3 }, b: { after: [0] }, c: { after: [0, 1] } });
    const other = begin({ other: {} });
    site.run(`UPDATE tasks_workflow SET ending = 'deleted', walk = 0 WHERE id <> ?`, other.id);
    settle(limit);
    expect(site.find('SELECT id FROM tasks_workflow')).toEqual([{ id: other.id }]);
    expect(site.find('SELECT name FROM tasks_node')).toEqual([{ name: 'other' }]);
    expect(site.find('SELECT * FROM tasks_edge')).toEqual([]);
    expect(site.find('SELECT DISTINCT workflow FROM tasks_workflow_tag')).toHaveLength(1);
    expect(site.counts()).toEqual({ 'default available': 1 });
  });

  it('is one whose time is over', () => {
    begin({ a: {} });
    end(completed, 'a');
    site.now += 999;
    settle();
    expect(site.find('SELECT * FROM tasks_workflow')).toHaveLength(1);
    site.now += 1;
    settle();
    expect(site.find('SELECT * FROM tasks_workflow')).toEqual([]);
    expect(site.counts()).toEqual({});
    expect(nextSettlingAt(site.database)).toBeNull();
  });

  it('tells of each task that goes', () => {
    begin({ a: {}, b: { after: [0] } });
    const ids = [taskOf('a'), taskOf('b')];
    site.run(`UPDATE tasks_workflow SET ending = 'deleted', walk = 0`);
    round();
    expect(site.last.touched.get('default')).toEqual(expect.arrayContaining(ids));
  });
});

describe('A task that is added to a node', () => {
  const leaseOf = ({ id, attempt, worker, queue }: ClaimedTask) =>
    ({ id, attempt, worker, queue }) as Parameters<typeof addToNode>[1];
  const add = (adder: ClaimedTask, task = newTask({ now: () => site.now }, { name: 'more' })) =>
    site.write((transaction) => addToNode(transaction, leaseOf(adder), task, site.now));

  it('is waited for like the others', () => {
    begin({ a: {}, b: { after: [0] } });
    const runs = site.claim()[0]!;
    const task = newTask({ now: () => site.now }, { name: 'more' });
    expect(add(runs, task)).toBe('stored');
    expect(add(runs, task)).toBe('existing');
    expect(site.find('SELECT tasks, open FROM tasks_node WHERE name = ?', 'a')).toEqual([{ tasks: 2, open: 2 }]);
    expect(flow()).toMatchObject({ tasks: 3 });
    expect(site.find('SELECT name, workflow FROM tasks_node_task ORDER BY task DESC LIMIT 1')).toEqual([
      { name: 'more', workflow: flow().seq },
    ]);
    site.end(runs, completed);
    settle();
    expect(nodes()).toMatchObject({ a: 'running' });
  });

  it('is none where the lease is lost, the task is of none, or its workflow is being ended', () => {
    begin({ a: {} });
    const [plain] = site.add({ priority: 9 });
    const [alone, runs] = [site.claim()[0]!, site.claim()[0]!];
    expect(alone.id).toBe(plain);
    expect(add(alone)).toBe('lost');
    expect(add({ ...runs, attempt: 2 })).toBe('lost');
    endAll('cancelled');
    expect(add(runs)).toBe('ending');
    expect(site.find('SELECT * FROM tasks_task')).toHaveLength(2);
  });
});

describe('The list of workflows', () => {
  const list = (query: Partial<Parameters<typeof listWorkflows>[1]> = {}) =>
    listWorkflows(site.database, { limit: 9, ...query });
  const names = (query?: Partial<Parameters<typeof listWorkflows>[1]>) => list(query).items.map(({ id }) => id);

  beforeEach(() => {
    begin({ a: {} }, { id: 'one', name: 'order', tags: { customer: '1', kind: 'x' } });
    end(completed, 'a');
    begin({ a: {}, b: {}, c: {} }, { id: 'two', name: 'order', tags: { customer: '1' }, deadlineAt: site.now + 5 });
    begin({ d: {} }, { id: 'three', name: 'other', tags: { customer: '2', kind: 'x' } });
  });

  it('has the newest first, in pages', () => {
    expect(names()).toEqual(['three', 'two', 'one']);
    const first = list({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(['three', 'two']);
    expect(list({ limit: 2, cursor: first.next! })).toMatchObject({ items: [{ id: 'one' }], next: null });
    expect(list({ limit: 3 }).next).toBeNull();
    expect(() => list({ cursor: 'x' })).toThrow(InvalidArgumentError);
  });

  it('has those of a name, a state, tags', () => {
    expect(names({ name: 'order' })).toEqual(['two', 'one']);
    expect(names({ state: 'running' })).toEqual(['three', 'two']);
    expect(names({ name: 'order', state: 'completed' })).toEqual(['one']);
    expect(names({ tags: { customer: '1' } })).toEqual(['two', 'one']);
    expect(names({ tags: { customer: '1', kind: 'x' } })).toEqual(['one']);
    expect(names({ tags: { kind: 'x' }, name: 'other' })).toEqual(['three']);
    expect(names({ tags: { kind: 'x' }, state: 'completed' })).toEqual(['one']);
    expect(names({ tags: { customer: '3' } })).toEqual([]);
    expect(names({ tags: {} })).toHaveLength(3);
  });

  it('says how far each is', () => {
    site.run(`UPDATE tasks_workflow SET ended = 2, completed = 2, running = 1 WHERE id = 'two'`);
    site.run(`UPDATE tasks_workflow SET ending = 'cancelled', tasks = 0, tags = NULL WHERE id = 'three'`);
    const [third, second, first] = list().items;
    expect(first).toEqual({
      id: 'one',
      name: 'order',
      state: 'completed',
      percent: 100,
      nodes: { blocked: 0, running: 0, completed: 1, failed: 0, cancelled: 0 },
      tasks: { total: 1, ended: 1 },
      tags: { customer: '1', kind: 'x' },
      createdAt: site.now,
      finishedAt: site.now,
      deadlineAt: null,
    });
    expect(second).toMatchObject({ percent: 66, deadlineAt: site.now + 5, finishedAt: null });
    expect(third).toMatchObject({ percent: 100, reason: 'cancelled' });
    expect(third).not.toHaveProperty('tags');
    site.run(`UPDATE tasks_workflow SET state = 'failed' WHERE id = 'two'`);
    expect(list().items[1]!.percent).toBe(100);
  });
});
