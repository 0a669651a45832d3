import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, returned, START } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { type NodeShape } from '../../../../test/support/new-workflow.js';
import { MAX_EDGES_SHOWN, MAX_NODES_LISTED } from '../../../contract/index.js';
import { readEnd, readProgress, readResults, readWorkflow } from './read-workflows.js';
import { cancelWorkflow } from './steer-workflows.js';

describe('A workflow that is read', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  const names = (shapes: number, shape: NodeShape = {}) =>
    Object.fromEntries(Array.from({ length: shapes }, (_, at) => [`n${at}`, shape]));

  it('tells how it stands, and each of its nodes', () => {
    const flow = site.begin({
      pages: { tasks: 2 },
      none: { tasks: 0 },
      join: { after: [0, 1], queue: 'mail' },
      last: { after: [2] },
    });
    site.settle();
    site.workInOrder(completed, failed());
    const nodes = { blocked: 0, running: 0, completed: 1, failed: 1, cancelled: 2 };
    const progress = {
      id: flow.id,
      name: 'order',
      state: 'failed',
      percent: 100,
      nodes,
      tasks: { total: 4, ended: 4 },
    };
    expect(readProgress(site.database, flow.id)).toEqual(progress);
    const [ids, join, last] = [0, 2, 3].map((number) => flow.nodes[number]!.tasks.map(({ id }) => id));
    const node = { kind: 'one', queue: 'default', task: 'work', when: 'completed', after: [], waitsFor: 0 };
    const unmet = { state: 'cancelled', reason: 'condition', tasks: { total: 1, ended: 1, failed: 0 } };
    expect(readWorkflow(site.database, flow.id)).toEqual({
      ...progress,
      tags: { order: '7' },
      createdAt: START,
      finishedAt: START,
      deadlineAt: null,
      listed: [
        {
          ...node,
          number: 0,
          name: 'pages',
          kind: 'each',
          state: 'failed',
          tasks: { total: 2, ended: 2, failed: 1 },
          taskId: ids![0],
        },
        {
          ...node,
          number: 1,
          name: 'none',
          kind: 'each',
          state: 'completed',
          tasks: { total: 0, ended: 0, failed: 0 },
          taskId: null,
        },
        {
          ...node,
          ...unmet,
          number: 2,
          name: 'join',
          queue: 'mail',
          after: [0, 1],
          waitsFor: 2,
          cause: 'pages',
          taskId: join![0],
        },
        { ...node, ...unmet, number: 3, name: 'last', after: [2], waitsFor: 1, cause: 'join', taskId: last![0] },
      ],
    });
    expect([readProgress, readWorkflow, readEnd].map((read) => read(site.database, 'none'))).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('lists so many edges of a node, the first', () => {
    const many = MAX_EDGES_SHOWN + 3;
    const flow = site.begin({
      ...names(many),
      last: { after: Array.from({ length: many }, (_, at) => at) },
    });
    const last = readWorkflow(site.database, flow.id)!.listed.at(-1)!;
    expect(last).toMatchObject({ waitsFor: many, after: Array.from({ length: MAX_EDGES_SHOWN }, (_, at) => at) });
  });

  it('lists so many nodes, and of a large one those first that are not well', () => {
    const flow = site.begin({ ...names(MAX_NODES_LISTED, { tasks: 0 }) });
    expect(readWorkflow(site.database, flow.id)!.listed).toHaveLength(MAX_NODES_LISTED);
    const large = site.begin({ ...names(MAX_NODES_LISTED + 600, { tasks: 0 }) });
    const set = (state: string, from: number, to: number) => {
      site.run(`UPDATE tasks_node SET state = ? WHERE workflow = 2 AND number >= ? AND number < ?`, state, from, to);
      site.run(
        `UPDATE tasks_workflow SET ${state} = ${state} + ?, completed = completed - ? WHERE seq = 2`,
        to - from,
        to - from,
      );
    };
    const numbers = () => readWorkflow(site.database, large.id)!.listed.map(({ number }) => number);
    const first = Array.from({ length: MAX_NODES_LISTED }, (_, at) => at);
    expect(numbers()).toEqual(first);
    set('failed', 1_500, 1_501);
    set('running', 1_510, 1_512);
    set('cancelled', 1_520, 1_521);
    set('blocked', 1_530, 1_531);
    expect(numbers()).toEqual([...first.slice(0, -4), 1_500, 1_510, 1_511, 1_520]);
    set('failed', 1_200, 1_500);
    const found = numbers();
    expect(found.filter((number) => number >= 1_200 && number <= 1_500)).toHaveLength(250);
    expect(found).toHaveLength(MAX_NODES_LISTED);
    expect(found).toContain(1_520);
    // Those of the states that are counted say how large it is.
    site.run(
      'UPDATE tasks_workflow SET completed = 400, failed = 301, running = 298, cancelled = 1, blocked = 0 WHERE seq = 2',
    );
    expect(numbers()).toEqual(first);
    for (const state of ['completed', 'failed', 'running', 'cancelled', 'blocked']) {
      site.run(`UPDATE tasks_workflow SET ${state} = ${state} + 1 WHERE seq = 2`);
      expect(numbers()).not.toEqual(first);
      site.run(`UPDATE tasks_workflow SET ${state} = ${state} - 1 WHERE seq = 2`);
    }
  });

  it('has what its tasks returned, in the order in which they were stored', () => {
    const flow = site.begin({ other: { queue: 'mail' }, pages: { tasks: 3 } });
    const [one, two, three] = flow.nodes[1]!.tasks.map(({ id }) => id);
    site.workInOrder(returned(1), completed);
    const results = [
      { taskId: one, completed: true, result: '1' },
      { taskId: two, completed: true, result: null },
      { taskId: three, completed: false, result: null },
    ];
    const read = (name: string, after: number | null = null) => readResults(site.database, flow.id, name, after);
    expect(read('pages')).toEqual({ results, next: null });
    expect(read('pages', 2)).toEqual({ results: results.slice(1), next: null });
    expect(read('none')).toEqual({ results: [], next: null });
    expect(readResults(site.database, 'none', 'pages', null)).toEqual({ results: [], next: null });
  });

  it('has what its tasks returned in pages, by their number and by what they returned', () => {
    const flow = site.begin({ pages: { tasks: 201 } });
    const read = (after: number | null = null) => readResults(site.database, flow.id, 'pages', after);
    expect(read()).toMatchObject({ next: 200 });
    expect(read().results).toHaveLength(200);
    expect(read(1)).toMatchObject({ next: 201 });
    expect(read(200)).toMatchObject({ next: null, results: [{ taskId: flow.nodes[0]!.tasks[200]!.id }] });
    const put = (task: number, length: number) =>
      site.run('INSERT OR REPLACE INTO tasks_result (task, value) VALUES (?, ?)', task, 'x'.repeat(length));
    const most = 4 * 1_024 ** 2;
    put(2, most - 2);
    put(3, 1);
    expect(read().next).toBe(200);
    put(5, 1);
    expect(read()).toMatchObject({ next: 5 });
    expect(read().results).toHaveLength(5);
  });

  it('has an end: the names of its last nodes, where it has completed', () => {
    const flow = site.begin({ charge: {}, pages: { after: [0], tasks: 1 }, mail: {} });
    expect(readEnd(site.database, flow.id)).toEqual({ name: 'order', state: 'running', failed: null, last: [] });
    site.workInOrder(completed, completed, completed);
    const last = [
      { name: 'pages', kind: 'each' },
      { name: 'mail', kind: 'one' },
    ];
    expect(readEnd(site.database, flow.id)).toEqual({ name: 'order', state: 'completed', failed: null, last });
  });

  it('has an end: the first task that failed, with its error', () => {
    const flow = site.begin({ charge: {}, pages: { tasks: 3 } });
    site.workInOrder(completed, completed, failed('second'));
    expect(readEnd(site.database, flow.id)).toMatchObject({ state: 'running', failed: null });
    const pages = readWorkflow(site.database, flow.id)!.listed[1]!;
    expect(pages).toMatchObject({ state: 'running', tasks: { total: 3, ended: 2, failed: 1 } });
    site.workInOrder(failed('third'));
    const [, second] = flow.nodes[1]!.tasks;
    const failure = (error: unknown) => ({
      name: 'order',
      state: 'failed',
      failed: { node: 'pages', task: { id: second!.id, name: 'work', error } },
      last: [],
    });
    const end = () => readEnd(site.database, flow.id);
    const error = { name: 'Error', message: 'second', stack: 'Error: second\n    at x' };
    expect(end()).toEqual(failure(error));
    site.run('UPDATE tasks_attempt SET error_stack = NULL');
    expect(end()).toEqual(failure({ name: 'Error', message: 'second' }));
    site.run('UPDATE tasks_attempt SET error_message = NULL');
    expect(end()).toEqual(failure({ name: 'Error', message: '' }));
    site.run('DELETE FROM tasks_attempt');
    expect(end()).toEqual(failure(null));
    site.run('DELETE FROM tasks_task');
    site.run('DELETE FROM tasks_count');
    expect(end()).toMatchObject({ failed: { node: 'pages', task: null } });
    site.run(`UPDATE tasks_node SET state = 'completed'`);
    expect(end()).toMatchObject({ state: 'failed', failed: null });
  });

  it('has an end without a failure where it was ended', () => {
    const flow = site.begin({ charge: {}, mail: {} }, { deadlineAt: START + 5 });
    site.workInOrder(failed());
    site.clock.advance(5);
    site.settle();
    expect(readEnd(site.database, flow.id)).toEqual({ name: 'order', state: 'failed', failed: null, last: [] });
    expect(readWorkflow(site.database, flow.id)).toMatchObject({ reason: 'deadline' });
    const other = site.begin({ charge: {} });
    site.write((transaction) => cancelWorkflow(transaction, other.id));
    site.settle();
    expect(readEnd(site.database, other.id)).toEqual({ name: 'order', state: 'cancelled', failed: null, last: [] });
  });

  it('is not there until it is stored to its end, and when it is being deleted', () => {
    const flow = site.begin({ charge: {} });
    site.run('UPDATE tasks_workflow SET expires_at = ?', START + 5);
    expect(readProgress(site.database, flow.id)).toBeNull();
    site.run(`UPDATE tasks_workflow SET expires_at = NULL, ending = 'deleted'`);
    expect(readProgress(site.database, flow.id)).toBeNull();
  });
});
