import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import type { TaskAction, TaskTraits } from '../../../contract/index.js';
import { actOnTask, findTask } from './act-on-tasks.js';
import { setFlow } from './set-flow.js';
import { FOREVER } from './settle-later.js';
import { nextSettlingAt } from './settle-workflows.js';
import { cancelWorkflow, retryWorkflow } from './steer-workflows.js';

describe('A workflow that goes on', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  const nextAt = () => nextSettlingAt(site.database);
  const traitsOf = (id: string) => JSON.parse(site.row(id)!['traits'] as string) as TaskTraits;
  const act = (id: string, action: TaskAction) =>
    site.write((transaction) => actOnTask(transaction, action, findTask(transaction, { id })!, site.now, () => MINUTE));
  const retry = (id: string, from: string | null = null) =>
    site.write((transaction) => retryWorkflow(transaction, id, from, site.now));
  const cancel = (id: string) => site.write((transaction) => cancelWorkflow(transaction, id));
  const work = () => site.find('SELECT kind, node, after FROM tasks_node_work ORDER BY kind, node');
  const settling = () => site.find('SELECT task, keep_until FROM tasks_settling ORDER BY task');

  it('releases what waited, once all that it waits for has ended', () => {
    const flow = site.begin({ one: {}, two: {}, join: { after: [0, 1], tasks: 2 } });
    expect(nextAt()).toBeNull();
    const [first, second] = site.claim({ wanted: 2 });
    site.clock.advance(5);
    site.end(first!, { ...completed, keepFor: MINUTE } as never);
    expect(settling()).toEqual([{ task: 1, keep_until: START + 5 + MINUTE }]);
    expect(site.row(first!.id)!['expires_at']).toBeNull();
    expect(site.last.settleAt).toBe(0);
    expect(nextAt()).toBe(0);
    site.settle();
    expect(nextAt()).toBeNull();
    expect(site.nodes()).toEqual({ one: 'completed', two: 'running', join: 'blocked' });
    site.end(second!, completed);
    expect(settling()).toEqual([{ task: 2, keep_until: FOREVER }]);
    expect(site.round()).toBe(true);
    expect(site.nodes()).toEqual({ one: 'completed', two: 'completed', join: 'running' });
    expect(site.tasks()).toEqual(['completed', 'completed', 'available', 'available']);
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched.get('default')).toEqual(expect.arrayContaining(flow.nodes[2]!.tasks.map(({ id }) => id)));
    expect(site.row(flow.nodes[2]!.tasks[0]!.id)).toMatchObject({ run_at: START + 5 });
    expect(site.last.dueAt).toBe(Infinity);
    expect(site.round()).toBe(false);
  });

  it('counts each task that has ended, and ends with the last', () => {
    const flow = site.begin({ one: { tasks: 2 }, two: { after: [0] } });
    const counts = () => {
      const { state, blocked, running, completed: done, failed: broken, cancelled, ended } = site.workflow(flow.id)!;
      return { state, nodes: [blocked, running, done, broken, cancelled], ended };
    };
    expect(counts()).toEqual({ state: 'running', nodes: [1, 1, 0, 0, 0], ended: 0 });
    site.workInOrder({ ...completed, keepFor: 7 * MINUTE } as never);
    expect(counts()).toEqual({ state: 'running', nodes: [1, 1, 0, 0, 0], ended: 1 });
    site.workInOrder({ ...completed, keepFor: MINUTE } as never);
    expect(counts()).toEqual({ state: 'running', nodes: [0, 1, 1, 0, 0], ended: 2 });
    expect(site.workflow(flow.id)).toMatchObject({ keep_until: START + 7 * MINUTE, expires_at: null });
    site.workInOrder({ ...failed(), keepFor: 0 } as never);
    expect(counts()).toEqual({ state: 'failed', nodes: [0, 0, 1, 1, 0], ended: 3 });
    expect(site.workflow(flow.id)).toMatchObject({ finished_at: START, expires_at: START + 7 * MINUTE });
    expect(nextAt()).toBe(START + 7 * MINUTE);
  });

  it('is told of to those who watch one of its queues', () => {
    site.begin({ one: { queue: 'mail' } });
    const [claimed] = site.claim({ queue: 'mail' });
    site.end(claimed!, completed);
    site.round();
    expect([...site.last.touched.keys()]).toEqual(['mail']);
  });

  it('releases what is due later, or is held by its key', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const keyed = { traits: { key: 'k' } };
    site.begin({
      one: {},
      later: { after: [0], delay: MINUTE, tasks: [{}, keyed] },
      keyed: { after: [0], tasks: [keyed, keyed] },
    });
    site.clock.advance(3);
    site.workInOrder(completed);
    expect(site.tasks()).toEqual(['completed', 'scheduled', 'scheduled', 'available', 'held']);
    expect(site.find('SELECT run_at FROM tasks_task ORDER BY seq').map(({ run_at: at }) => at)).toEqual([
      START,
      START + 3 + MINUTE,
      START + 3 + MINUTE,
      START + 3,
      START + 3,
    ]);
    site.begin({ one: {}, later: { after: [0], delay: MINUTE } });
    const claimed = site.claim({ wanted: 2 }).find(({ traits }) => !traits?.key);
    site.end(claimed!, completed);
    site.round();
    expect(site.last.dueAt).toBe(START + 3 + MINUTE);
  });

  it('cancels what can never run, and says because of whom', () => {
    const flow = site.begin({ one: {}, two: { after: [0], tasks: 2 }, three: { after: [1] } });
    site.workInOrder(failed());
    expect(site.nodes()).toEqual({ one: 'failed', two: 'cancelled condition', three: 'cancelled condition' });
    expect(site.tasks()).toEqual(['failed', 'cancelled', 'cancelled', 'cancelled']);
    const [, two, three] = flow.nodes.map(({ tasks }) => tasks[0]!.id);
    expect(traitsOf(two!)).toEqual({ reason: 'condition', workflow: { id: flow.id, node: 'two', cause: 'one' } });
    expect(traitsOf(three!)).toEqual({ reason: 'condition', workflow: { id: flow.id, node: 'three', cause: 'two' } });
    expect(site.workflow(flow.id)).toMatchObject({ state: 'failed', keep_until: FOREVER, expires_at: null });
  });

  it('revives what was cancelled because of a node that runs again', () => {
    const far = START + 9 * MINUTE;
    const flow = site.begin({
      one: {},
      two: { after: [0], tasks: [{ traits: { deadlineAt: far, startBy: START + 1, tags: { a: '1' } } }, {}] },
    });
    site.workInOrder(failed());
    const [one, two, other] = flow.nodes.flatMap(({ tasks }) => tasks.map(({ id }) => id));
    site.run(
      `UPDATE tasks_task SET lost = 2, attempt = 3, cancel_requested = 1, progress = '{}', unhandled_since = 1, parked = 'x', turn = 4
        WHERE id = ?`,
      two!,
    );
    site.run('DELETE FROM tasks_lapse');
    site.clock.advance(5);
    expect(retry(flow.id)).toEqual({ done: true, state: 'running' });
    site.settle();
    expect(site.nodes()).toEqual({ one: 'running', two: 'blocked' });
    expect(site.tasks()).toEqual(['available', 'blocked', 'blocked']);
    expect(site.row(two!)).toMatchObject({
      excused: 3,
      lost: 0,
      finished_at: null,
      expires_at: null,
      cancel_requested: 0,
      progress: null,
      unhandled_since: null,
      parked: null,
      turn: null,
    });
    expect(traitsOf(two!)).toEqual({ deadlineAt: far, tags: { a: '1' }, workflow: { id: flow.id, node: 'two' } });
    expect(traitsOf(other!)).toEqual({ workflow: { id: flow.id, node: 'two' } });
    expect(site.find('SELECT at FROM tasks_lapse')).toEqual([{ at: far }]);
    expect(site.workflow(flow.id)).toMatchObject({ state: 'running', ended: 0, running: 1, blocked: 1 });
    site.workInOrder(completed);
    expect(site.nodes()).toEqual({ one: 'completed', two: 'running' });
    expect(site.row(one!)!['state']).toBe('completed');
  });

  it('leaves what somebody has cancelled by hand as it is, when its node is revived', () => {
    const flow = site.begin({ one: {}, two: { after: [0], tasks: 2 } });
    const [byHand] = flow.nodes[1]!.tasks;
    act(byHand!.id, 'cancel');
    site.workInOrder(failed());
    expect(site.tasks()).toEqual(['failed', 'cancelled', 'cancelled']);
    expect(traitsOf(byHand!.id)).toEqual({ workflow: { id: flow.id, node: 'two' } });
    retry(flow.id);
    site.settle();
    expect(site.tasks()).toEqual(['available', 'cancelled', 'blocked']);
    site.workInOrder(completed);
    expect(site.tasks()).toEqual(['completed', 'cancelled', 'available']);
  });

  it('revives all of a node that somebody has run again by its name', () => {
    const flow = site.begin({ one: {}, two: { after: [0], tasks: 2 } });
    for (const { id } of flow.nodes[1]!.tasks) act(id, 'cancel');
    site.settle();
    expect(site.nodes()).toEqual({ one: 'running', two: 'cancelled' });
    expect(retry(flow.id, 'two')).toEqual({ done: true, state: 'running' });
    expect(work()).toEqual([
      { kind: 'edges', node: 2, after: 0 },
      { kind: 'revive-all', node: 2, after: 0 },
    ]);
    site.settle();
    expect(site.nodes()).toEqual({ one: 'running', two: 'blocked' });
    expect(site.tasks()).toEqual(['available', 'blocked', 'blocked']);
  });

  it('runs again what failed of a node, and leaves what has completed', () => {
    const flow = site.begin({ pages: { tasks: 3 } });
    site.workInOrder(completed, failed(), failed());
    expect(site.nodes()).toEqual({ pages: 'failed' });
    retry(flow.id);
    expect(site.nodes()).toEqual({ pages: 'running' });
    site.settle();
    expect(site.tasks()).toEqual(['completed', 'available', 'available']);
    site.workInOrder(completed, completed);
    expect(site.nodes()).toEqual({ pages: 'completed' });
    expect(site.workflow(flow.id)).toMatchObject({ state: 'completed', ended: 3 });
  });

  it('does what is left of a node in rounds of some tasks, in their order', () => {
    const flow = site.begin({ one: {}, wide: { after: [0], tasks: 7 } });
    const [claimed] = site.claim();
    site.end(claimed!, completed);
    const available = () => site.tasks().filter((state) => state === 'available').length;
    // One is the task that ended, two are edges and the node that they tell.
    const seen: number[] = [];
    for (let left = true; left;) {
      left = site.round(4);
      seen.push(available());
      for (const { after } of work().filter(({ kind }) => kind === 'release')) expect(after).toBe(available() + 1);
    }
    expect(seen).toEqual([1, 5, 7, 7]);
    expect(site.workflow(flow.id)).toMatchObject({ running: 1, blocked: 0, completed: 1 });
  });

  it('counts in rounds of some tasks as well', () => {
    const flow = site.begin({ wide: { tasks: 7 } });
    for (const task of site.claim({ wanted: 7 })) site.end(task, completed);
    const seen: unknown[] = [];
    for (let left = true; left;) {
      left = site.round(3);
      seen.push(site.workflow(flow.id)!['ended']);
    }
    expect(seen).toEqual([3, 6, 7, 7]);
  });

  it('goes on at once for what stands to be settled, and else when a time comes', () => {
    const flow = site.begin({ one: {} }, { deadlineAt: START + MINUTE });
    expect(nextAt()).toBe(START + MINUTE);
    const other = site.begin({ one: {} }, { deadlineAt: START + 2 * MINUTE });
    site.run('UPDATE tasks_workflow SET expires_at = ? WHERE id = ?', START + 5, other.id);
    expect(nextAt()).toBe(START + 5);
    site.run('UPDATE tasks_workflow SET expires_at = NULL');
    site.clock.advance(MINUTE);
    site.settle();
    expect(site.workflow(flow.id)).toMatchObject({ ending: 'deadline', state: 'failed' });
    expect(site.nodes()['one']).toBe('running');
    expect(site.tasks()).toEqual(['cancelled', 'available']);
    const [claimed] = site.find('SELECT id, traits FROM tasks_task WHERE seq = 1');
    expect(traitsOf(claimed!['id'] as string)).toEqual({ workflow: { id: flow.id, node: 'one' } });
  });

  it('takes no task up again while it is being ended', () => {
    const flow = site.begin({ pages: { tasks: 2 }, next: { after: [0], tasks: 2 }, other: {} });
    site.workInOrder(failed(), failed());
    expect(site.nodes()).toEqual({ pages: 'failed', next: 'cancelled condition', other: 'running' });
    retry(flow.id, 'pages');
    retry(flow.id, 'next');
    cancel(flow.id);
    site.settle();
    expect(site.nodes()).toMatchObject({
      pages: 'failed',
      next: 'cancelled cancelled',
      other: 'cancelled cancelled',
    });
    expect(site.tasks()).toEqual(['failed', 'failed', 'cancelled', 'cancelled', 'cancelled']);
    expect(site.workflow(flow.id)).toMatchObject({ state: 'cancelled', ended: 5 });
    expect(work()).toEqual([]);
  });

  it('runs a node that was cancelled by hand where what it waits for has ended', () => {
    const flow = site.begin({ one: {}, two: { after: [0] } });
    act(flow.nodes[1]!.tasks[0]!.id, 'cancel');
    site.settle();
    site.workInOrder(completed);
    expect(site.nodes()).toEqual({ one: 'completed', two: 'cancelled' });
    retry(flow.id, 'two');
    site.settle();
    expect(site.nodes()).toEqual({ one: 'completed', two: 'running' });
    expect(site.tasks()).toEqual(['completed', 'available']);
  });

  it('leaves what has completed of a node that is revived, and what was cancelled of one that failed', () => {
    const flow = site.begin({ pages: { tasks: 2 }, parts: { tasks: 2, queue: 'mail' } });
    for (const { tasks } of flow.nodes) act(tasks[1]!.id, 'cancel');
    site.workInOrder(completed);
    const [part] = site.claim({ queue: 'mail' });
    site.end(part!, failed());
    site.settle();
    expect(site.nodes()).toEqual({ pages: 'cancelled', parts: 'failed' });
    retry(flow.id, 'pages');
    retry(flow.id, 'parts');
    site.settle();
    expect(site.tasks()).toEqual(['completed', 'available', 'available', 'cancelled']);
  });

  it('has failed as before where somebody has deleted what was to run again', () => {
    const flow = site.begin({ one: {} });
    site.workInOrder({ ...failed(), keepFor: MINUTE } as never);
    act(flow.nodes[0]!.tasks[0]!.id, 'delete');
    expect(retry(flow.id)).toMatchObject({ done: true });
    expect(site.nodes()).toEqual({ one: 'running' });
    site.settle();
    expect(site.nodes()).toEqual({ one: 'failed' });
    expect(site.workflow(flow.id)).toMatchObject({ state: 'failed' });
  });

  it('revives a task whose traits are no JSON any more with all of its node alone', () => {
    const flow = site.begin({ one: {}, two: { after: [0], tasks: 2 } });
    site.workInOrder(failed());
    site.run(`UPDATE tasks_task SET traits = '{"tags' WHERE seq = 2`);
    retry(flow.id);
    site.settle();
    expect(site.tasks()).toEqual(['available', 'cancelled', 'blocked']);
    site.run(`UPDATE tasks_node SET state = 'cancelled' WHERE seq = 2`);
    site.run('UPDATE tasks_workflow SET blocked = 0, cancelled = 1');
    retry(flow.id, 'two');
    site.settle();
    expect(site.tasks()).toEqual(['available', 'blocked', 'blocked']);
  });

  it('has what is revived lapse as it would have, by whether it had started', () => {
    const traits = { startBy: START + 5 * MINUTE, deadlineAt: START + 9 * MINUTE };
    const flow = site.begin({ one: {}, two: { after: [0], tasks: [{ traits }, { traits }] } });
    site.workInOrder(failed());
    site.run('DELETE FROM tasks_lapse');
    site.run('UPDATE tasks_task SET attempt = 1 WHERE seq = 3');
    retry(flow.id);
    site.settle();
    expect(site.find('SELECT task, at FROM tasks_lapse ORDER BY task')).toEqual([
      { task: 2, at: START + 5 * MINUTE },
      { task: 3, at: START + 9 * MINUTE },
    ]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('is about at most %i rows in a round of so many', (limit) => {
    const wide = { after: [0], tasks: 3 };
    const flow = site.begin({ one: {}, a: wide, b: wide, c: wide, last: { after: [1, 2, 3] } });
    const [claimed] = site.claim();
    site.end(claimed!, failed());
    const other = site.begin({ x: {}, y: {} });
    cancel(other.id);
    const counts = `
      SELECT (SELECT count(counted) FROM tasks_node_task) + (SELECT count(ended_as) FROM tasks_edge)
           + (SELECT count(*) FROM tasks_task WHERE state = 'cancelled') AS rows`;
    const rows = () => site.find(counts)[0]!['rows'] as number;
    for (let left = true, before = rows(); left; before = rows()) {
      left = site.round(limit);
      expect(rows() - before).toBeLessThanOrEqual(limit);
    }
    // All tasks are counted, and all edges followed.
    expect(rows()).toBe(13 + 6 + 12);
    expect([flow, other].map(({ id }) => site.workflow(id)!['state'])).toEqual(['failed', 'cancelled']);
  });

  it('forgets what is left to do about a node that is gone', () => {
    for (const kind of ['release', 'cancel', 'revive', 'revive-all', 'retry', 'edges']) {
      site.run('INSERT INTO tasks_node_work (kind, node, after) VALUES (?, 77, 0)', kind);
    }
    site.add({});
    site.run(`INSERT INTO tasks_node_task (task, node, workflow, name) VALUES (1, 77, 77, 'gone')`);
    site.run(`UPDATE tasks_task SET state = 'blocked'`);
    site.run(`UPDATE tasks_count SET state = 'blocked'`);
    site.settle();
    expect(work()).toEqual([]);
    expect(site.tasks()).toEqual(['blocked']);
  });

  it('begins a node anew that is released, from what was broken off', () => {
    site.begin({ one: {}, wide: { after: [0], tasks: 3 } });
    site.run(`UPDATE tasks_node SET state = 'running' WHERE seq = 2`);
    site.run(`INSERT INTO tasks_node_work (kind, node, after) VALUES ('release', 2, 3)`);
    site.round();
    expect(site.tasks()).toEqual(['available', 'blocked', 'blocked', 'available']);
    site.run(`INSERT INTO tasks_node_work (kind, node, after) VALUES ('release', 2, 0)`);
    // What is not blocked any more is left as it is.
    act(site.find('SELECT id FROM tasks_task WHERE seq = 2')[0]!['id'] as string, 'cancel');
    site.round();
    expect(site.tasks()).toEqual(['available', 'cancelled', 'available', 'available']);
  });

  it('cancels what of a node has not ended', () => {
    const flow = site.begin({ pages: { tasks: 3 } });
    const [first, second] = site.claim({ wanted: 2 });
    site.end(first!, completed);
    cancel(flow.id);
    site.settle();
    expect(site.tasks()).toEqual(['completed', 'running', 'cancelled']);
    expect(site.row(second!.id)!['cancel_requested']).toBe(1);
    expect(site.row(flow.nodes[0]!.tasks[2]!.id)).toMatchObject({ finished_at: START, expires_at: null });
    expect(traitsOf(flow.nodes[0]!.tasks[2]!.id)).not.toHaveProperty('reason');
    site.end(second!, { kind: 'cancelled', maxAttempts: 4, keepFor: 0 });
    site.settle();
    expect(site.nodes()).toEqual({ pages: 'cancelled cancelled' });
    expect(site.workflow(flow.id)).toMatchObject({ state: 'cancelled', keep_until: FOREVER });
  });
});
