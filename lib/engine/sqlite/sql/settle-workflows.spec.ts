import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, MINUTE, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import { WorkflowSite } from '../../../../test/support/workflow-site.js';
import type { TaskAction, TaskTraits } from '../../../contract/index.js';
import { actOnTask, findTask } from './act-on-tasks.js';
import { setFlow } from './set-flow.js';
import { FOREVER } from './settle-later.js';
import { nextSettlingAt } from './settle-workflows.js';
import { cancelWorkflow, retryWorkflow } from './steer-workflows.js';

describe('A workflow that goes on', () => {
  let site: StatementSite;
  let workflows: WorkflowSite;

  beforeEach(async () => {
    site = await StatementSite.open();
    workflows = new WorkflowSite(site);
  });
  afterEach(() => site.close());

  const nextAt = () => nextSettlingAt(site.database);
  const traitsOf = (id: string) => JSON.parse(site.row(id)['traits'] as string) as TaskTraits;
  const act = (id: string, action: TaskAction) =>
    site.run((transaction) => actOnTask(transaction, action, findTask(transaction, { id })!, site.now, () => MINUTE));
  const retry = (id: string, from: string | null = null) =>
    site.run((transaction) => retryWorkflow(transaction, id, from, site.now));
  const cancel = (id: string) => site.run((transaction) => cancelWorkflow(transaction, id));
  const work = () => site.all('SELECT kind, node, after FROM tasks_node_work ORDER BY kind, node');
  const settling = () => site.all('SELECT task, keep_until FROM tasks_settling ORDER BY task');

  it('releases what waited, once all that it waits for has ended', async () => {
    const flow = await workflows.begin({ one: {}, two: {}, join: { after: [0, 1], tasks: 2 } });
    expect(nextAt()).toBeNull();
    const [first, second] = await site.claim(2);
    site.clock.advance(5);
    await site.end(first!, { ...completed, keepFor: MINUTE } as never);
    expect(settling()).toEqual([{ task: 1, keep_until: START + 5 + MINUTE }]);
    expect(site.row(first!.id)['expires_at']).toBeNull();
    expect(site.told.settleAt).toBe(0);
    expect(nextAt()).toBe(0);
    await workflows.settle();
    expect(nextAt()).toBeNull();
    expect(workflows.nodes()).toEqual({ one: 'completed', two: 'running', join: 'blocked' });
    await site.end(second!, completed);
    expect(settling()).toEqual([{ task: 2, keep_until: FOREVER }]);
    expect(await workflows.round()).toBe(true);
    expect(workflows.nodes()).toEqual({ one: 'completed', two: 'completed', join: 'running' });
    expect(workflows.tasks()).toEqual(['completed', 'completed', 'available', 'available']);
    expect(site.told.available).toEqual(new Set(['default']));
    expect(site.told.touched.get('default')).toEqual(expect.arrayContaining(flow.nodes[2]!.tasks.map(({ id }) => id)));
    expect(site.row(flow.nodes[2]!.tasks[0]!.id)).toMatchObject({ run_at: START + 5 });
    expect(site.told.dueAt).toBe(Infinity);
    expect(await workflows.round()).toBe(false);
  });

  it('counts each task that has ended, and ends with the last', async () => {
    const flow = await workflows.begin({ one: { tasks: 2 }, two: { after: [0] } });
    const counts = () => {
      const { state, blocked, running, completed: done, failed: broken, cancelled, ended } = workflows.row(flow.id)!;
      return { state, nodes: [blocked, running, done, broken, cancelled], ended };
    };
    expect(counts()).toEqual({ state: 'running', nodes: [1, 1, 0, 0, 0], ended: 0 });
    await workflows.work({ ...completed, keepFor: 7 * MINUTE } as never);
    expect(counts()).toEqual({ state: 'running', nodes: [1, 1, 0, 0, 0], ended: 1 });
    await workflows.work({ ...completed, keepFor: MINUTE } as never);
    expect(counts()).toEqual({ state: 'running', nodes: [0, 1, 1, 0, 0], ended: 2 });
    expect(workflows.row(flow.id)).toMatchObject({ keep_until: START + 7 * MINUTE, expires_at: null });
    await workflows.work({ ...failed(), keepFor: 0 } as never);
    expect(counts()).toEqual({ state: 'failed', nodes: [0, 0, 1, 1, 0], ended: 3 });
    expect(workflows.row(flow.id)).toMatchObject({ finished_at: START, expires_at: START + 7 * MINUTE });
    expect(nextAt()).toBe(START + 7 * MINUTE);
  });

  it('is told of to those who watch one of its queues', async () => {
    await workflows.begin({ one: { queue: 'mail' } });
    const [claimed] = await site.claim(1, 'one', 'mail');
    await site.end(claimed!, completed);
    await workflows.round();
    expect([...site.told.touched.keys()]).toEqual(['mail']);
  });

  it('releases what is due later, or is held by its key', async () => {
    await site.run((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const keyed = { traits: { key: 'k' } };
    await workflows.begin({
      one: {},
      later: { after: [0], delay: MINUTE, tasks: [{}, keyed] },
      keyed: { after: [0], tasks: [keyed, keyed] },
    });
    site.clock.advance(3);
    await workflows.work(completed);
    expect(workflows.tasks()).toEqual(['completed', 'scheduled', 'scheduled', 'available', 'held']);
    expect(site.all('SELECT run_at FROM tasks_task ORDER BY seq').map(({ run_at: at }) => at)).toEqual([
      START,
      START + 3 + MINUTE,
      START + 3 + MINUTE,
      START + 3,
      START + 3,
    ]);
    await workflows.begin({ one: {}, later: { after: [0], delay: MINUTE } });
    const claimed = (await site.claim(2)).find(({ traits }) => !traits?.key);
    await site.end(claimed!, completed);
    await workflows.round();
    expect(site.told.dueAt).toBe(START + 3 + MINUTE);
  });

  it('cancels what can never run, and says because of whom', async () => {
    const flow = await workflows.begin({ one: {}, two: { after: [0], tasks: 2 }, three: { after: [1] } });
    await workflows.work(failed());
    expect(workflows.nodes()).toEqual({ one: 'failed', two: 'cancelled condition', three: 'cancelled condition' });
    expect(workflows.tasks()).toEqual(['failed', 'cancelled', 'cancelled', 'cancelled']);
    const [, two, three] = flow.nodes.map(({ tasks }) => tasks[0]!.id);
    expect(traitsOf(two!)).toEqual({ reason: 'condition', workflow: { id: flow.id, node: 'two', cause: 'one' } });
    expect(traitsOf(three!)).toEqual({ reason: 'condition', workflow: { id: flow.id, node: 'three', cause: 'two' } });
    expect(workflows.row(flow.id)).toMatchObject({ state: 'failed', keep_until: FOREVER, expires_at: null });
  });

  it('revives what was cancelled because of a node that runs again', async () => {
    const far = START + 9 * MINUTE;
    const flow = await workflows.begin({
      one: {},
      two: { after: [0], tasks: [{ traits: { deadlineAt: far, startBy: START + 1, tags: { a: '1' } } }, {}] },
    });
    await workflows.work(failed());
    const [one, two, other] = flow.nodes.flatMap(({ tasks }) => tasks.map(({ id }) => id));
    site.set(
      `UPDATE tasks_task SET lost = 2, attempt = 3, cancel_requested = 1, progress = '{}', unhandled_since = 1, parked = 'x', turn = 4
        WHERE id = ?`,
      two!,
    );
    site.set('DELETE FROM tasks_lapse');
    site.clock.advance(5);
    expect(await retry(flow.id)).toEqual({ done: true, state: 'running' });
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ one: 'running', two: 'blocked' });
    expect(workflows.tasks()).toEqual(['available', 'blocked', 'blocked']);
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
    expect(site.all('SELECT at FROM tasks_lapse')).toEqual([{ at: far }]);
    expect(workflows.row(flow.id)).toMatchObject({ state: 'running', ended: 0, running: 1, blocked: 1 });
    await workflows.work(completed);
    expect(workflows.nodes()).toEqual({ one: 'completed', two: 'running' });
    expect(site.row(one!)['state']).toBe('completed');
  });

  it('leaves what somebody has cancelled by hand as it is, when its node is revived', async () => {
    const flow = await workflows.begin({ one: {}, two: { after: [0], tasks: 2 } });
    const [byHand] = flow.nodes[1]!.tasks;
    await act(byHand!.id, 'cancel');
    await workflows.work(failed());
    expect(workflows.tasks()).toEqual(['failed', 'cancelled', 'cancelled']);
    expect(traitsOf(byHand!.id)).toEqual({ workflow: { id: flow.id, node: 'two' } });
    await retry(flow.id);
    await workflows.settle();
    expect(workflows.tasks()).toEqual(['available', 'cancelled', 'blocked']);
    await workflows.work(completed);
    expect(workflows.tasks()).toEqual(['completed', 'cancelled', 'available']);
  });

  it('revives all of a node that somebody has run again by its name', async () => {
    const flow = await workflows.begin({ one: {}, two: { after: [0], tasks: 2 } });
    for (const { id } of flow.nodes[1]!.tasks) await act(id, 'cancel');
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ one: 'running', two: 'cancelled' });
    expect(await retry(flow.id, 'two')).toEqual({ done: true, state: 'running' });
    expect(work()).toEqual([
      { kind: 'edges', node: 2, after: 0 },
      { kind: 'revive-all', node: 2, after: 0 },
    ]);
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ one: 'running', two: 'blocked' });
    expect(workflows.tasks()).toEqual(['available', 'blocked', 'blocked']);
  });

  it('runs again what failed of a node, and leaves what has completed', async () => {
    const flow = await workflows.begin({ pages: { tasks: 3 } });
    await workflows.work(completed, failed(), failed());
    expect(workflows.nodes()).toEqual({ pages: 'failed' });
    await retry(flow.id);
    expect(workflows.nodes()).toEqual({ pages: 'running' });
    await workflows.settle();
    expect(workflows.tasks()).toEqual(['completed', 'available', 'available']);
    await workflows.work(completed, completed);
    expect(workflows.nodes()).toEqual({ pages: 'completed' });
    expect(workflows.row(flow.id)).toMatchObject({ state: 'completed', ended: 3 });
  });

  it('does what is left of a node in rounds of some tasks, in their order', async () => {
    const flow = await workflows.begin({ one: {}, wide: { after: [0], tasks: 7 } });
    const [claimed] = await site.claim(1);
    await site.end(claimed!, completed);
    const available = () => workflows.tasks().filter((state) => state === 'available').length;
    // One is the task that ended, two are edges and the node that they tell.
    const seen: number[] = [];
    for (let left = true; left;) {
      left = await workflows.round(4);
      seen.push(available());
      for (const { after } of work().filter(({ kind }) => kind === 'release')) expect(after).toBe(available() + 1);
    }
    expect(seen).toEqual([1, 5, 7, 7]);
    expect(workflows.row(flow.id)).toMatchObject({ running: 1, blocked: 0, completed: 1 });
  });

  it('counts in rounds of some tasks as well', async () => {
    const flow = await workflows.begin({ wide: { tasks: 7 } });
    for (const task of await site.claim(7)) await site.end(task, completed);
    const seen: unknown[] = [];
    for (let left = true; left;) {
      left = await workflows.round(3);
      seen.push(workflows.row(flow.id)!['ended']);
    }
    expect(seen).toEqual([3, 6, 7, 7]);
  });

  it('goes on at once for what stands to be settled, and else when a time comes', async () => {
    const flow = await workflows.begin({ one: {} }, { deadlineAt: START + MINUTE });
    expect(nextAt()).toBe(START + MINUTE);
    const other = await workflows.begin({ one: {} }, { deadlineAt: START + 2 * MINUTE });
    site.set('UPDATE tasks_workflow SET expires_at = ? WHERE id = ?', START + 5, other.id);
    expect(nextAt()).toBe(START + 5);
    site.set('UPDATE tasks_workflow SET expires_at = NULL');
    site.clock.advance(MINUTE);
    await workflows.settle();
    expect(workflows.row(flow.id)).toMatchObject({ ending: 'deadline', state: 'failed' });
    expect(workflows.nodes()['one']).toBe('running');
    expect(workflows.tasks()).toEqual(['cancelled', 'available']);
    const [claimed] = site.all('SELECT id, traits FROM tasks_task WHERE seq = 1');
    expect(traitsOf(claimed!['id'] as string)).toEqual({ workflow: { id: flow.id, node: 'one' } });
  });

  it('takes no task up again while it is being ended', async () => {
    const flow = await workflows.begin({ pages: { tasks: 2 }, next: { after: [0], tasks: 2 }, other: {} });
    await workflows.work(failed(), failed());
    expect(workflows.nodes()).toEqual({ pages: 'failed', next: 'cancelled condition', other: 'running' });
    await retry(flow.id, 'pages');
    await retry(flow.id, 'next');
    await cancel(flow.id);
    await workflows.settle();
    expect(workflows.nodes()).toMatchObject({
      pages: 'failed',
      next: 'cancelled cancelled',
      other: 'cancelled cancelled',
    });
    expect(workflows.tasks()).toEqual(['failed', 'failed', 'cancelled', 'cancelled', 'cancelled']);
    expect(workflows.row(flow.id)).toMatchObject({ state: 'cancelled', ended: 5 });
    expect(work()).toEqual([]);
  });

  it('runs a node that was cancelled by hand where what it waits for has ended', async () => {
    const flow = await workflows.begin({ one: {}, two: { after: [0] } });
    await act(flow.nodes[1]!.tasks[0]!.id, 'cancel');
    await workflows.settle();
    await workflows.work(completed);
    expect(workflows.nodes()).toEqual({ one: 'completed', two: 'cancelled' });
    await retry(flow.id, 'two');
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ one: 'completed', two: 'running' });
    expect(workflows.tasks()).toEqual(['completed', 'available']);
  });

  it('leaves what has completed of a node that is revived, and what was cancelled of one that failed', async () => {
    const flow = await workflows.begin({ pages: { tasks: 2 }, parts: { tasks: 2, queue: 'mail' } });
    for (const { tasks } of flow.nodes) await act(tasks[1]!.id, 'cancel');
    await workflows.work(completed);
    const [part] = await site.claim(1, 'one', 'mail');
    await site.end(part!, failed());
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ pages: 'cancelled', parts: 'failed' });
    await retry(flow.id, 'pages');
    await retry(flow.id, 'parts');
    await workflows.settle();
    expect(workflows.tasks()).toEqual(['completed', 'available', 'available', 'cancelled']);
  });

  it('has failed as before where somebody has deleted what was to run again', async () => {
    const flow = await workflows.begin({ one: {} });
    await workflows.work({ ...failed(), keepFor: MINUTE } as never);
    await act(flow.nodes[0]!.tasks[0]!.id, 'delete');
    expect(await retry(flow.id)).toMatchObject({ done: true });
    expect(workflows.nodes()).toEqual({ one: 'running' });
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ one: 'failed' });
    expect(workflows.row(flow.id)).toMatchObject({ state: 'failed' });
  });

  it('revives a task whose traits are no JSON any more with all of its node alone', async () => {
    const flow = await workflows.begin({ one: {}, two: { after: [0], tasks: 2 } });
    await workflows.work(failed());
    site.set(`UPDATE tasks_task SET traits = '{"tags' WHERE seq = 2`);
    await retry(flow.id);
    await workflows.settle();
    expect(workflows.tasks()).toEqual(['available', 'cancelled', 'blocked']);
    site.set(`UPDATE tasks_node SET state = 'cancelled' WHERE seq = 2`);
    site.set('UPDATE tasks_workflow SET blocked = 0, cancelled = 1');
    await retry(flow.id, 'two');
    await workflows.settle();
    expect(workflows.tasks()).toEqual(['available', 'blocked', 'blocked']);
  });

  it('has what is revived lapse as it would have, by whether it had started', async () => {
    const traits = { startBy: START + 5 * MINUTE, deadlineAt: START + 9 * MINUTE };
    const flow = await workflows.begin({ one: {}, two: { after: [0], tasks: [{ traits }, { traits }] } });
    await workflows.work(failed());
    site.set('DELETE FROM tasks_lapse');
    site.set('UPDATE tasks_task SET attempt = 1 WHERE seq = 3');
    await retry(flow.id);
    await workflows.settle();
    expect(site.all('SELECT task, at FROM tasks_lapse ORDER BY task')).toEqual([
      { task: 2, at: START + 5 * MINUTE },
      { task: 3, at: START + 9 * MINUTE },
    ]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])(
    'is about at most %i rows in a round of so many',
    async (limit) => {
      const wide = { after: [0], tasks: 3 };
      const flow = await workflows.begin({ one: {}, a: wide, b: wide, c: wide, last: { after: [1, 2, 3] } });
      const [claimed] = await site.claim(1);
      await site.end(claimed!, failed());
      const other = await workflows.begin({ x: {}, y: {} });
      await cancel(other.id);
      const counts = `
      SELECT (SELECT count(counted) FROM tasks_node_task) + (SELECT count(ended_as) FROM tasks_edge)
           + (SELECT count(*) FROM tasks_task WHERE state = 'cancelled') AS rows`;
      const rows = () => site.all(counts)[0]!['rows'] as number;
      for (let left = true, before = rows(); left; before = rows()) {
        left = await workflows.round(limit);
        expect(rows() - before).toBeLessThanOrEqual(limit);
      }
      // All tasks are counted, and all edges followed.
      expect(rows()).toBe(13 + 6 + 12);
      expect([flow, other].map(({ id }) => workflows.row(id)!['state'])).toEqual(['failed', 'cancelled']);
    },
  );

  it('forgets what is left to do about a node that is gone', async () => {
    for (const kind of ['release', 'cancel', 'revive', 'revive-all', 'retry', 'edges']) {
      site.set('INSERT INTO tasks_node_work (kind, node, after) VALUES (?, 77, 0)', kind);
    }
    await site.add({});
    site.set(`INSERT INTO tasks_node_task (task, node, workflow, name) VALUES (1, 77, 77, 'gone')`);
    site.set(`UPDATE tasks_task SET state = 'blocked'`);
    site.set(`UPDATE tasks_count SET state = 'blocked'`);
    await workflows.settle();
    expect(work()).toEqual([]);
    expect(workflows.tasks()).toEqual(['blocked']);
  });

  it('begins a node anew that is released, from what was broken off', async () => {
    await workflows.begin({ one: {}, wide: { after: [0], tasks: 3 } });
    site.set(`UPDATE tasks_node SET state = 'running' WHERE seq = 2`);
    site.set(`INSERT INTO tasks_node_work (kind, node, after) VALUES ('release', 2, 3)`);
    await workflows.round();
    expect(workflows.tasks()).toEqual(['available', 'blocked', 'blocked', 'available']);
    site.set(`INSERT INTO tasks_node_work (kind, node, after) VALUES ('release', 2, 0)`);
    // What is not blocked any more is left as it is.
    await act(site.all('SELECT id FROM tasks_task WHERE seq = 2')[0]!['id'] as string, 'cancel');
    await workflows.round();
    expect(workflows.tasks()).toEqual(['available', 'cancelled', 'available', 'available']);
  });

  it('cancels what of a node has not ended', async () => {
    const flow = await workflows.begin({ pages: { tasks: 3 } });
    const [first, second] = await site.claim(2);
    await site.end(first!, completed);
    await cancel(flow.id);
    await workflows.settle();
    expect(workflows.tasks()).toEqual(['completed', 'running', 'cancelled']);
    expect(site.row(second!.id)['cancel_requested']).toBe(1);
    expect(site.row(flow.nodes[0]!.tasks[2]!.id)).toMatchObject({ finished_at: START, expires_at: null });
    expect(traitsOf(flow.nodes[0]!.tasks[2]!.id)).not.toHaveProperty('reason');
    await site.end(second!, { kind: 'cancelled', maxAttempts: 4, keepFor: 0 });
    await workflows.settle();
    expect(workflows.nodes()).toEqual({ pages: 'cancelled cancelled' });
    expect(workflows.row(flow.id)).toMatchObject({ state: 'cancelled', keep_until: FOREVER });
  });
});
