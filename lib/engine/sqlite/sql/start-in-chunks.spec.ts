import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { type NodeShape, newWorkflow } from '../../../../test/support/new-workflow.js';
import { ManualClock } from '../../../clock/index.js';
import type { Operation, Writer } from '../store/writer.js';
import { isLarge, MAX_START_SILENCE_MS, startInChunks } from './start-in-chunks.js';

describe('A large workflow', () => {
  let site: QuietWorkflows;

  beforeEach(async () => void (site = await QuietWorkflows.open()));
  afterEach(() => site.close());

  /** Two chunks of nodes, two of edges, two of tasks: the first of these is of one task alone. */
  const LARGE: Record<string, NodeShape> = {
    big: { tasks: [{ params: JSON.stringify('x'.repeat(1_000_000)) }] },
    ...Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`first ${at}`, { tasks: 0 }])),
    ...Object.fromEntries(
      Array.from({ length: 251 }, (_, at) => [`then ${at}`, { after: [0, 1, 2], tasks: at < 200 ? 1 : 0 }]),
    ),
  };
  const TRANSACTIONS = 8;

  interface Begun {
    readonly writes: () => number;
    readonly answer: Promise<string>;
  }

  /** Starts it; `before` is told of each transaction, from 1 on, before that begins. */
  function start(
    workflow = newWorkflow(site.clock, LARGE),
    before: (write: number) => void | Promise<unknown> = () => undefined,
  ): Begun {
    let writes = 0;
    const writer = {
      write: async <T>(operation: Operation<T>) => {
        writes += 1;
        await before(writes);
        return site.write(operation);
      },
    };
    return { writes: () => writes, answer: startInChunks(writer as Writer, site.clock, workflow) };
  }

  const rows = () =>
    site.find(
      'SELECT seq, state, walk, expires_at, deadline_at, ending, blocked, running, completed FROM tasks_workflow',
    );

  it('is stored in short transactions, and there with the last of them', async () => {
    const flow = newWorkflow(site.clock, LARGE, { deadlineAt: START + 9 * MINUTE });
    const seen: unknown[] = [];
    const { answer, writes } = start(flow, (write) => {
      if (write > 1) seen.push(rows()[0]!['expires_at']);
      if (write === 3) expect(site.find('SELECT 1 FROM tasks_node')).toHaveLength(250);
      site.clock.advance(1);
    });
    expect(await answer).toBe('stored');
    expect(writes()).toBe(TRANSACTIONS);
    // Each tells by when the next is to come.
    expect(seen).toEqual(Array.from({ length: TRANSACTIONS - 1 }, (_, at) => START + at + MAX_START_SILENCE_MS));
    expect(rows()).toEqual([
      {
        seq: 1,
        state: 'running',
        walk: 0,
        expires_at: null,
        deadline_at: START + 9 * MINUTE,
        ending: null,
        blocked: 262,
        running: 0,
        completed: 0,
      },
    ]);
    expect(site.last.settleAt).toBe(0);
    const count = (table: string) => site.find(`SELECT count(*) AS found FROM ${table}`)[0]!['found'];
    expect([count('tasks_node'), count('tasks_edge'), count('tasks_node_task')]).toEqual([262, 753, 201]);
    expect(new Set(site.tasks())).toEqual(new Set(['blocked']));
    expect(site.find(`SELECT DISTINCT state FROM tasks_node`)).toEqual([{ state: 'blocked' }]);
    const [last] = site.find(`
      SELECT tasks_node.name, tasks_task.name AS task FROM tasks_node_task JOIN tasks_node ON node = tasks_node.seq
        JOIN tasks_task ON tasks_task.seq = tasks_node_task.task ORDER BY tasks_node_task.task DESC LIMIT 1`);
    expect(last).toEqual({ name: 'then 199', task: 'work' });
  });

  it('takes no transaction for what it has none of', async () => {
    const nodes = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`n${at}`, { tasks: 0 }]));
    const { answer, writes } = start(newWorkflow(site.clock, nodes));
    expect(await answer).toBe('stored');
    expect(writes()).toBe(3);
  });

  it('says at once by when it is to go on', async () => {
    let settles: unknown;
    const { answer } = start(undefined, (write) => {
      if (write === 2) settles = site.last.settleAt;
    });
    await answer;
    expect(settles).toBe(START + MAX_START_SILENCE_MS);
  });

  it('is left as it is where one of its id is there', async () => {
    const flow = site.begin({ charge: {} });
    const { answer, writes } = start({ ...newWorkflow(site.clock, LARGE), id: flow.id });
    expect(await answer).toBe('existing');
    expect(writes()).toBe(1);
  });

  it('is waited for where somebody else stores one of its id', async () => {
    const flow = site.begin({ charge: {} });
    site.run('UPDATE tasks_workflow SET expires_at = ?', START);
    const { answer, writes } = start({ ...newWorkflow(site.clock, LARGE), id: flow.id }, (write) => {
      if (write === 2) site.run('UPDATE tasks_workflow SET expires_at = NULL');
    });
    expect(await answer).toBe('existing');
    expect(writes()).toBe(2);
    expect(site.find('SELECT 1 FROM tasks_workflow')).toHaveLength(1);
  });

  it.each([2, 4, 6, 8])(
    'is begun anew where it was given up before its transaction %i, once that is deleted',
    async (given) => {
      const { answer, writes } = start(undefined, (write) => {
        if (write === given)
          site.run(`UPDATE tasks_workflow SET ending = 'deleted', walk = 0, expires_at = NULL, id = ' 1'`);
        if (write === given + 2) site.settle(1_000);
      });
      expect(await answer).toBe('stored');
      // One more found that not all of it was deleted.
      expect(writes()).toBe(given + 1 + TRANSACTIONS);
      expect(rows()).toMatchObject([{ ending: null, blocked: 262 }]);
      expect(site.tasks()).toHaveLength(201);
    },
  );

  it('is no more where a row of it cannot be stored, and is given up', async () => {
    site.add({ id: 'taken' });
    const flow = newWorkflow(site.clock, { ...LARGE, more: { tasks: [{ id: 'taken' }] } });
    await expect(start(flow).answer).rejects.toThrow('UNIQUE');
    expect(site.find('SELECT id, ending, walk, expires_at FROM tasks_workflow')).toEqual([
      { id: ' 1', ending: 'deleted', walk: 0, expires_at: null },
    ]);
    expect(site.last.settleAt).toBe(0);
  });

  it('is no more of its own where another one has taken its place', async () => {
    site.add({ id: 'taken' });
    const flow = newWorkflow(site.clock, { ...LARGE, more: { tasks: [{ id: 'taken' }] } });
    const { answer } = start(flow, (write) => {
      if (write === TRANSACTIONS) site.run('UPDATE tasks_workflow SET expires_at = expires_at + 1');
    });
    await expect(answer).rejects.toThrow('UNIQUE');
    expect(site.find('SELECT id, ending FROM tasks_workflow')).toEqual([{ id: flow.id, ending: null }]);
    expect(site.last.settleAt).toBe(Infinity);
  });

  it('says what kept it from being stored, also where it cannot be given up', async () => {
    site.add({ id: 'taken' });
    const flow = newWorkflow(site.clock, { ...LARGE, more: { tasks: [{ id: 'taken' }] } });
    const { answer } = start(flow, (write) => {
      if (write === TRANSACTIONS) site.run('ALTER TABLE tasks_workflow RENAME COLUMN walk TO walked');
    });
    await expect(answer).rejects.toThrow('UNIQUE');
    site.run('ALTER TABLE tasks_workflow RENAME COLUMN walked TO walk');
  });
});

describe('A workflow is large', () => {
  const clock = new ManualClock(START);
  const nodes = (many: number, shape: NodeShape, more: Record<string, NodeShape> = {}) =>
    newWorkflow(clock, { ...Object.fromEntries(Array.from({ length: many }, (_, at) => [`n${at}`, shape])), ...more });

  it.each<[what: string, fits: ReturnType<typeof nodes>, large: ReturnType<typeof nodes>]>([
    ['nodes', nodes(250, { tasks: 0 }), nodes(251, { tasks: 0 })],
    ['edges', nodes(125, { tasks: 0, after: [0, 1] }), nodes(126, { tasks: 0, after: [0, 1] })],
    ['tasks', nodes(1, { tasks: 248 }), nodes(1, { tasks: 249 })],
    [
      'rows beside tasks',
      nodes(1, { tasks: Array.from({ length: 99 }, () => ({ traits: { tags: { a: '1', b: '2', c: '3' } } })) }),
      nodes(1, { tasks: Array.from({ length: 100 }, () => ({ traits: { tags: { a: '1', b: '2', c: '3' } } })) }),
    ],
    [
      'params',
      nodes(1, { tasks: [{ params: 'x'.repeat(992_000) }] }),
      nodes(1, { tasks: [{ params: 'x'.repeat(993_000) }] }),
    ],
  ])('by the number of its %s', (_what, fits, large) => {
    expect(isLarge(fits)).toBe(false);
    expect(isLarge(large)).toBe(true);
  });
});
