import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { newWorkflow } from '../../../../test/support/new-workflow.js';
import type { NewWorkflow } from '../../port/index.js';
import { setFlow } from './set-flow.js';
import { startWorkflowWithin } from './start-workflow.js';

const TASKS = `
  SELECT tasks_node_task.task, node, workflow, tasks_node_task.name, state, run_at FROM tasks_node_task
    JOIN tasks_task ON seq = task ORDER BY task`;
const NODES = `
  SELECT seq, workflow, number, name, kind, queue, task, condition, delay, state, waits, tasks, open FROM tasks_node ORDER BY seq`;

describe('A workflow that starts', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  const edges = () =>
    site
      .find('SELECT parent, child FROM tasks_edge ORDER BY parent, child')
      .map(({ parent, child }) => `${String(parent)} ${String(child)}`);
  const work = () => site.find('SELECT kind, node FROM tasks_node_work');
  const started = (id: string) => site.workflow(id)!;

  it('is stored with its nodes, what they wait for, and their tasks', () => {
    site.begin({ before: {} });
    site.clock.advance(5);
    const flow = site.begin(
      {
        charge: {},
        pages: { tasks: 2, queue: 'mail' },
        late: { delay: MINUTE },
        join: { after: [0, 1], when: 'ended', delay: 7 },
        last: { after: [3] },
      },
      { deadlineAt: START + 9 * MINUTE, tags: { order: '7', customer: '42' } },
    );
    expect(started(flow.id)).toMatchObject({
      seq: 2,
      name: 'order',
      state: 'running',
      tags: '{"order":"7","customer":"42"}',
      created_at: START + 5,
      deadline_at: START + 9 * MINUTE,
      expires_at: null,
      blocked: 2,
      running: 3,
      completed: 0,
      tasks: 6,
      ended: 0,
      walk: null,
    });
    const node = {
      workflow: 2,
      kind: 'one',
      queue: 'default',
      task: 'work',
      condition: 'completed',
      delay: 0,
      waits: 0,
      tasks: 1,
      open: 1,
    };
    expect(site.find(`${NODES} LIMIT 9 OFFSET 1`)).toEqual([
      { ...node, seq: 2, number: 0, name: 'charge', state: 'running' },
      { ...node, seq: 3, number: 1, name: 'pages', kind: 'each', queue: 'mail', state: 'running', tasks: 2, open: 2 },
      { ...node, seq: 4, number: 2, name: 'late', state: 'running', delay: MINUTE },
      { ...node, seq: 5, number: 3, name: 'join', state: 'blocked', condition: 'ended', delay: 7, waits: 2 },
      { ...node, seq: 6, number: 4, name: 'last', state: 'blocked', waits: 1 },
    ]);
    expect(edges()).toEqual(['2 5', '3 5', '5 6']);
    const row = { workflow: 2, run_at: START + 5 };
    expect(site.find(`${TASKS} LIMIT 9 OFFSET 1`)).toEqual([
      { ...row, task: 2, node: 2, name: 'charge', state: 'available' },
      { ...row, task: 3, node: 3, name: 'pages', state: 'available' },
      { ...row, task: 4, node: 3, name: 'pages', state: 'available' },
      { ...row, task: 5, node: 4, name: 'late', state: 'scheduled', run_at: START + 5 + MINUTE },
      { ...row, task: 6, node: 5, name: 'join', state: 'blocked' },
      { ...row, task: 7, node: 6, name: 'last', state: 'blocked' },
    ]);
    expect(site.last).toMatchObject({ dueAt: START + 5 + MINUTE, settleAt: START + 9 * MINUTE, lapseAt: Infinity });
    expect(site.last.available).toEqual(new Set(['default', 'mail']));
    const ids = (...nodes: number[]) => nodes.flatMap((number) => flow.nodes[number]!.tasks.map(({ id }) => id));
    expect(site.last.touched).toEqual(
      new Map([
        ['default', ids(0, 2, 3, 4)],
        ['mail', ids(1)],
      ]),
    );
    expect(work()).toEqual([]);
    expect(site.find('SELECT 1 FROM tasks_queue')).toEqual([]);
    expect(site.find('SELECT tag, value FROM tasks_workflow_tag WHERE workflow = 2 ORDER BY tag')).toEqual([
      { tag: 'customer', value: '42' },
      { tag: 'order', value: '7' },
    ]);
  });

  it('is left as it is where one of its id is there', () => {
    const flow = site.begin({ charge: {} });
    expect(site.start({ ...flow, mayExist: true })).toBe('existing');
    expect(site.tasks()).toEqual(['available']);
    expect(site.start(newWorkflow(site.clock, { charge: {} }))).toBe('stored');
  });

  it('overtakes one of its id that is being stored in several transactions', () => {
    const flow = newWorkflow(site.clock, { charge: {} });
    site.start(flow);
    site.run('UPDATE tasks_workflow SET expires_at = ?', START);
    const again = { ...newWorkflow(site.clock, { charge: {} }), id: flow.id };
    expect(site.start(again)).toBe('existing');
    expect(site.start({ ...again, mayExist: true })).toBe('stored');
    expect(site.find('SELECT id, ending, walk FROM tasks_workflow ORDER BY seq')).toEqual([
      { id: ' 1', ending: 'deleted', walk: 0 },
      { id: flow.id, ending: null, walk: null },
    ]);
  });

  it('has ended nodes that have no tasks, and tells those that wait for them', () => {
    const flow = site.begin(
      { none: { tasks: 0 }, one: {}, next: { after: [0] } },
      { tags: null, deadlineAt: START + 1 },
    );
    expect(started(flow.id)).toMatchObject({ blocked: 1, running: 1, completed: 1, tasks: 2, walk: null, tags: null });
    expect(work()).toEqual([{ kind: 'edges', node: 1 }]);
    expect(site.last.settleAt).toBe(0);
    const empty = site.begin({ none: { tasks: 0 } });
    expect(started(empty.id)).toMatchObject({ completed: 1, walk: 0 });
    const nothing = site.begin({});
    expect(started(nothing.id)).toMatchObject({ walk: 0 });
    expect(site.last.settleAt).toBe(Infinity);
    const plain = site.begin({ one: {} });
    expect(started(plain.id)).toMatchObject({ walk: null });
    expect(site.last.settleAt).toBe(Infinity);
  });

  it('has what its tasks have beside them, and holds those whose keys have no slot', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const [lapsing, keyed] = [{ traits: { startBy: START + MINUTE, tags: { a: '1' } } }, { traits: { key: 'k' } }];
    site.begin({
      charge: { tasks: [lapsing, keyed, keyed] },
      late: { delay: MINUTE, tasks: [keyed] },
      join: { after: [0], tasks: [keyed] },
    });
    expect(site.tasks()).toEqual(['available', 'available', 'held', 'scheduled', 'blocked']);
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([{ task: 1, at: START + MINUTE }]);
    expect(site.find('SELECT task, name, value FROM tasks_tag')).toEqual([{ task: 1, name: 'a', value: '1' }]);
    expect(site.last.lapseAt).toBe(START + MINUTE);
    expect(site.find('SELECT key, beside FROM tasks_task ORDER BY seq')).toEqual(
      [null, 'k', 'k', 'k', 'k'].map((key) => ({ key, beside: 1 })),
    );
  });

  it('is stored in few statements, however many its parts', () => {
    const shapes = Object.fromEntries(
      Array.from({ length: 73 }, (_, at) => [`n${at}`, at === 0 ? {} : { after: [at - 1] }]),
    );
    site.add({}, {});
    site.begin({ ...shapes, wide: { tasks: 62 } });
    expect(site.find('SELECT count(DISTINCT number) AS nodes, max(seq) AS last FROM tasks_node')).toEqual([
      { nodes: 74, last: 74 },
    ]);
    expect(edges()).toHaveLength(72);
    expect(edges()).toContain('72 73');
    const found = site.find(`
      SELECT node, count(*) AS tasks FROM tasks_node_task
        JOIN tasks_task ON seq = task AND traits ->> '$.workflow.node' = tasks_node_task.name GROUP BY node ORDER BY node`);
    expect(found).toEqual(Array.from({ length: 74 }, (_, at) => ({ node: at + 1, tasks: at === 73 ? 62 : 1 })));
  });

  it('is there if and only if the transaction of an app commits', async () => {
    await site.close();
    site = await QuietWorkflows.openFile();
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const keyed = { traits: { key: 'k' } };
    const flow = newWorkflow(site.clock, { charge: { tasks: [keyed, keyed, {}] }, join: { after: [0] } });
    const start = (workflow: NewWorkflow, then = () => undefined as void) =>
      site.runWithin(async (manager) => {
        const answer = await startWorkflowWithin(manager, workflow, site.now);
        then();
        return answer;
      });
    const no = () => {
      throw new Error('no');
    };
    await expect(start(flow, no)).rejects.toThrow('no');
    expect(site.tasks()).toEqual([]);
    expect(await start(flow)).toBe('stored');
    expect(site.tasks()).toEqual(['available', 'held', 'available', 'blocked']);
    expect(await start(flow)).toBe('existing');
    const { nodes } = flow;
    const refused = await start({ ...newWorkflow(site.clock, {}), nodes }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      message: expect.stringContaining('The workflow was not stored in the given transaction'),
    });
    // What TypeORM says of it has the params.
    expect((refused as Error).cause).not.toHaveProperty('parameters');
    expect(site.tasks()).toHaveLength(4);
  });
});
