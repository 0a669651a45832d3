import 'reflect-metadata';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { beforeEach, describe, expect, it } from 'vitest';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { InvalidWorkflowError, type NodeState } from '../../lib/contract/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { CostMeter } from '../cost/cost-meter.js';
import { until } from '../support/until.js';
import { bootApp, dispatcherOf, ended, signal, tempDirectory, when } from './support.js';

type Script = (params: { n?: number }, task: TaskContext) => unknown;

/** What the handlers do, by the names of their tasks; the others return their name. */
let scripts: Record<string, Script> = {};
/** Names of the tasks that ran, in order. */
let ran: string[] = [];

function call(params: object, task: TaskContext): unknown {
  ran.push(task.name);
  const script = scripts[task.name];
  return script ? script(params, task) : { by: task.name };
}

const NAMES = ['charge', 'mail', 'refund', 'split', 'page', 'line', 'join', 'work'] as const;

class Handlers {}
for (const name of NAMES) {
  Object.defineProperty(Handlers.prototype, name, {
    value: (params: object, task: TaskContext) => call(params, task),
    writable: true,
  });
  const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, name)!;
  TaskHandler(name, { maxRetries: 0 })(Handlers.prototype, name, descriptor);
}

async function boot(tasks = {}): Promise<TaskDispatcher> {
  return dispatcherOf(await bootApp({ providers: [Handlers], tasks }));
}

const fails = (): never => {
  throw new Error('on purpose');
};

/** States of the nodes, by their names. */
async function statesOf(tasks: TaskDispatcher, id: string): Promise<Record<string, NodeState>> {
  const { listed } = await tasks.getWorkflow(id);
  return Object.fromEntries(listed.map(({ name, state }) => [name, state]));
}

/** Resolves when the workflow has ended. */
async function over(tasks: TaskDispatcher, id: string): Promise<Record<string, NodeState>> {
  const run = tasks.workflowRun(id);
  await until(`the end of workflow ${id}`, async () => (await run.progress()).state !== 'running', { changes: tasks });
  return statesOf(tasks, id);
}

beforeEach(() => {
  scripts = {};
  ran = [];
});

describe('A workflow', () => {
  it('runs in the order in which its nodes wait, and hands on what they returned', async () => {
    const tasks = await boot();
    scripts = {
      charge: () => ({ paid: 7 }),
      page: ({ n }) => n! * 10,
      join: async (_params, task) => {
        const pages: number[] = [];
        for await (const page of task.resultsOf<number>('page')) pages.push(page);
        return { ...(await task.resultOf<object>('charge')), pages };
      },
    };
    const w = tasks.workflow('order', { deadline: '2h', tags: { order: '7' } });
    const charge = w.add('default', 'charge', {});
    const pages = w.each('default', 'page', [{ n: 1 }, { n: 2 }, { n: 3 }], { after: charge });
    w.add('default', 'join', {}, { after: pages });
    const run = await w.start();
    expect(await run.result()).toEqual({ join: { paid: 7, pages: [10, 20, 30] } });
    expect(ran).toEqual(['charge', 'page', 'page', 'page', 'join']);
    expect(await run.progress()).toEqual({
      id: run.id,
      name: 'order',
      state: 'completed',
      percent: 100,
      nodes: { blocked: 0, running: 0, completed: 3, failed: 0, cancelled: 0 },
      tasks: { total: 5, ended: 5 },
    });
    expect(await tasks.listWorkflows({ name: 'order', state: 'completed' })).toMatchObject({
      items: [{ id: run.id, tags: { order: '7' } }],
      next: null,
    });
  });

  it('shows tasks that wait for others as blocked, in lists and counters', async () => {
    const { promise, resolve } = signal();
    scripts = { charge: () => promise };
    const tasks = await boot();
    const w = tasks.workflow('order');
    w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}) });
    const run = await w.start();
    const { items } = await tasks.list({ states: ['blocked'] });
    expect(items).toMatchObject([{ name: 'mail', state: 'blocked', workflow: { id: run.id, node: 'mail' } }]);
    expect((await tasks.stats())[0]!.counts.blocked).toBe(1);
    await expect(tasks.delete(items[0]!.id)).rejects.toThrow(items[0]!.id);
    resolve();
    await run.result();
    expect((await tasks.stats())[0]!.counts.blocked).toBe(0);
  });

  it('cancels what can never run, says because of which node, and has failed where nothing answers', async () => {
    scripts = { charge: fails };
    const tasks = await boot();
    const w = tasks.workflow('order');
    const charge = w.add('default', 'charge', {});
    const mail = w.add('default', 'mail', {}, { after: charge });
    w.add('default', 'join', {}, { after: mail });
    const run = await w.start();
    await expect(run.result()).rejects.toMatchObject({
      name: 'WorkflowFailedError',
      node: 'charge',
      cause: { name: 'TaskFailedError', cause: { message: 'on purpose' } },
    });
    const { listed } = await tasks.getWorkflow(run.id);
    expect(listed).toMatchObject([
      { name: 'charge', state: 'failed' },
      { name: 'mail', state: 'cancelled', reason: 'condition', cause: 'charge', after: [0] },
      { name: 'join', state: 'cancelled', reason: 'condition', cause: 'mail', after: [1] },
    ]);
    const task = await tasks.get(listed[1]!.taskId!);
    expect(task).toMatchObject({
      state: 'cancelled',
      reason: 'condition',
      workflow: { node: 'mail', cause: 'charge' },
    });
    expect(ran).toEqual(['charge']);
  });

  it('runs what waits for a failure where one failed, and has completed then; cancels it where none did', async () => {
    const tasks = await boot();
    const build = async () => {
      const w = tasks.workflow('order');
      const charge = w.add('default', 'charge', {});
      const mail = w.add('default', 'mail', {}, { after: charge });
      w.add('default', 'refund', {}, { after: [charge, mail], when: 'failed' });
      w.add('default', 'join', {}, { after: 'refund', when: 'ended' });
      return w.start();
    };
    const well = await build();
    expect(await over(tasks, well.id)).toEqual({
      charge: 'completed',
      mail: 'completed',
      refund: 'cancelled',
      join: 'completed',
    });
    scripts = { mail: fails };
    const badly = await build();
    expect(await badly.result()).toEqual({ join: { by: 'join' } });
    expect(await statesOf(tasks, badly.id)).toEqual({
      charge: 'completed',
      mail: 'failed',
      refund: 'completed',
      join: 'completed',
    });
    expect((await badly.progress()).state).toBe('completed');
  });

  it.each<
    [string, (w: ReturnType<TaskDispatcher['workflow']>, other: ReturnType<TaskDispatcher['workflow']>) => void, RegExp]
  >([
    [
      'a circle',
      (w) => {
        w.add('default', 'charge', {}, { as: 'a', after: 'c' });
        w.add('default', 'mail', {}, { as: 'b', after: 'a' });
        w.add('default', 'join', {}, { as: 'c', after: 'b' });
      },
      /circle.*"a" waits for "c" waits for "b" waits for "a"/,
    ],
    ['a name of no node', (w) => void w.add('default', 'charge', {}, { after: 'chrage' }), /no node "chrage"/],
    [
      'a node of another workflow',
      (w, other) => void w.add('default', 'mail', {}, { after: other.add('default', 'charge', {}) }),
      /of another workflow/,
    ],
    ['itself', (w) => void w.add('default', 'charge', {}, { after: 'charge' }), /"charge" that waits for itself/],
    [
      'a name that several have',
      (w) => {
        for (let n = 0; n < 2; n += 1) w.add('default', 'charge', {});
        w.add('default', 'mail', {}, { after: 'charge' });
      },
      /2 nodes "charge".*"as"/,
    ],
    ['no node', () => undefined, /has no nodes/],
    [
      'too many',
      (w) => {
        for (let n = 0; n < 10_001; n += 1) w.add('default', 'work', {});
      },
      /10001 nodes; at most 10000/,
    ],
  ])('is refused at its start with %s, and nothing is stored', async (_what, build, message) => {
    const tasks = await boot();
    const w = tasks.workflow('order');
    build(w, tasks.workflow('other'));
    const refused = w.start();
    await expect(refused).rejects.toThrow(InvalidWorkflowError);
    await expect(refused).rejects.toThrow(message);
    expect((await tasks.list()).items).toEqual([]);
    expect((await tasks.listWorkflows()).items).toEqual([]);
  });

  it('is stored whole or not at all: params that are wrong, and a transaction that is rolled back, leave nothing', async () => {
    const database = join(tempDirectory(), 'app.db');
    const app = await bootApp({
      providers: [Handlers],
      tasks: null,
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database, entities: [] }),
        TasksModule.forRoot({ dataSource: 'default', configFile: false, admin: false }),
      ],
    });
    const tasks = dispatcherOf(app);
    const build = () => {
      const w = tasks.workflow('order');
      w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}), tags: { of: 'order' } });
      w.each('default', 'page', [], { as: 'none' });
      return w;
    };
    const wrong = build();
    wrong.add('default', 'work', { big: 1n });
    await expect(wrong.start()).rejects.toThrow(/work/);
    const source = app.get(DataSource);
    await expect(
      source.transaction(async (manager) => {
        await build().start({ manager });
        throw new Error('roll back');
      }),
    ).rejects.toThrow('roll back');
    expect((await tasks.list()).items).toEqual([]);
    expect((await tasks.listWorkflows()).items).toEqual([]);
    const run = await source.transaction((manager) => build().start({ manager }));
    expect(await run.result()).toEqual({ mail: { by: 'mail' }, none: [] });
    expect((await tasks.list({ tags: { of: 'order' } })).items).toHaveLength(1);
  });

  it('waits for all that a task adds, at any depth, and what is added twice is there once', async () => {
    const tasks = await boot();
    scripts = {
      split: async (_params, task) => {
        for (const n of [1, 2]) await task.add('default', 'page', { n }, { key: `page ${n}` });
        if (task.attempt === 1) throw new Error('after it added them');
        return 'split';
      },
      page: async ({ n }, task) => {
        for (const line of [1, 2]) await task.add('default', 'line', { n: n! * 10 + line });
        return n;
      },
      line: ({ n }) => n,
      join: async (_params, task) => {
        const lines = await task.resultsOf<number>('line');
        return lines.sort((one, other) => one - other);
      },
    };
    const w = tasks.workflow('document');
    w.add('default', 'join', {}, { after: w.add('default', 'split', {}, { maxRetries: 1, retryDelay: 0 }) });
    const run = await w.start();
    expect(await run.result()).toEqual({ join: [11, 12, 21, 22] });
    expect(ran.filter((name) => name === 'page')).toHaveLength(2);
    expect((await run.progress()).tasks).toEqual({ total: 8, ended: 8 });
    const alone = await tasks.queue('default', 'split', {}, { maxRetries: 0 });
    expect((await ended(tasks, alone.id)).error?.message).toMatch(/is of no workflow/);
  });

  it('ends where there is nothing to do, and is there to be asked', async () => {
    const tasks = await boot();
    const batch = await tasks.batch('default', 'mail', []);
    expect(await batch.result()).toEqual({ mail: [] });
    expect(await batch.progress()).toMatchObject({ state: 'completed', tasks: { total: 0, ended: 0 } });
    const w = tasks.workflow('order');
    w.each('default', 'page', [], { after: w.each('default', 'mail', []) });
    expect(await (await w.start()).result()).toEqual({ page: [] });
  });

  it('fails a node of many where one of its tasks did, once all have ended', async () => {
    scripts = { page: ({ n }) => (n === 2 ? fails() : n) };
    const tasks = await boot();
    const batch = await tasks.batch('default', 'page', [{ n: 1 }, { n: 2 }, { n: 3 }], {
      // oxlint-disable-next-line unicorn/no-thenable -- it is no function, and nobody awaits the options
      then: ['default', 'join', {}],
    });
    expect(await over(tasks, batch.id)).toEqual({ page: 'failed', join: 'cancelled' });
    expect(ran).toHaveLength(3);
    scripts = {
      join: async (_params, task) => {
        const pages: unknown[] = [];
        for await (const page of task.resultsOf('page')) pages.push(page);
        return pages;
      },
      page: ({ n }) => n,
    };
    await tasks.retryWorkflow(batch.id);
    expect(await batch.result()).toEqual({ join: [1, 2, 3] });
    expect(ran).toHaveLength(5);
  });
});

describe('tasks.retryWorkflow', () => {
  it('cancels once more what cannot run yet, and says because of which node', async () => {
    scripts = { charge: fails };
    const tasks = await boot();
    const w = tasks.workflow('order');
    w.each('default', 'mail', [{ n: 1 }, { n: 2 }], { after: w.add('default', 'charge', {}) });
    const run = await w.start();
    await over(tasks, run.id);
    await tasks.retryWorkflow(run.id, { from: 'mail' });
    expect(await over(tasks, run.id)).toEqual({ charge: 'failed', mail: 'cancelled' });
    const { state, listed } = await tasks.getWorkflow(run.id);
    expect(state).toBe('failed');
    expect(listed[1]).toMatchObject({ reason: 'condition', cause: 'charge', tasks: { total: 2, ended: 2 } });
    scripts = {};
    await tasks.retryWorkflow(run.id, { from: 'charge' });
    expect(await over(tasks, run.id)).toEqual({ charge: 'completed', mail: 'completed' });
  });

  it.each<[string, (tasks: TaskDispatcher, id: string) => Promise<unknown>]>([
    ['a node that failed', (tasks, id) => tasks.retryWorkflow(id)],
    ['a node that was cancelled', (tasks, id) => tasks.retryWorkflow(id, { from: 'mail' })],
    [
      'a single task',
      async (tasks, id) =>
        tasks.retry((await tasks.getWorkflow(id)).listed.find(({ name }) => name === 'charge')!.taskId!),
    ],
  ])('of %s is given up where somebody cancels the workflow at once', async (_what, retry) => {
    const untilAborted: Script = (_params, { signal: aborted }) =>
      new Promise((_resolve, reject) => aborted.addEventListener('abort', () => reject(aborted.reason as Error)));
    scripts = { charge: fails, mail: untilAborted, work: untilAborted };
    const tasks = await boot();
    const w = tasks.workflow('order');
    const charge = w.add('default', 'charge', {});
    const mail = w.add('default', 'mail', {});
    w.add('default', 'join', {}, { after: [charge, mail] });
    w.add('default', 'work', {});
    const run = await w.start();
    await tasks.cancel((await tasks.getWorkflow(run.id)).listed[1]!.taskId!);
    const before = { charge: 'failed', mail: 'cancelled', join: 'cancelled', work: 'running' };
    await until('two ends', async () => isDeepStrictEqual(await statesOf(tasks, run.id), before), { changes: tasks });
    scripts = { charge: untilAborted, mail: untilAborted };
    await Promise.all([retry(tasks, run.id), tasks.cancelWorkflow(run.id)]);
    const states = await over(tasks, run.id);
    for (const state of Object.values(states)) expect(['failed', 'cancelled']).toContain(state);
    expect((await run.progress()).state).toBe('cancelled');
    expect((await tasks.stats())[0]!.counts).toMatchObject({ blocked: 0, running: 0, available: 0 });
  });

  it('revives what was cancelled because of the node, and not what a person cancelled', async () => {
    const gate = signal();
    scripts = {
      charge: async () => {
        await gate.promise;
        fails();
      },
    };
    const tasks = await boot();
    const w = tasks.workflow('order');
    const charge = w.add('default', 'charge', {});
    const mail = w.add('default', 'mail', {}, { after: charge });
    w.add('default', 'join', {}, { after: mail });
    w.add('default', 'line', {}, { after: charge });
    const run = await w.start();
    const line = (await tasks.getWorkflow(run.id)).listed.find(({ name }) => name === 'line')!;
    await tasks.cancel(line.taskId!);
    gate.resolve();
    await over(tasks, run.id);
    await expect(tasks.retryWorkflow(run.id, { from: 'nothing' })).rejects.toThrow(/no node "nothing".*"charge"/);
    scripts = {};
    await tasks.retryWorkflow(run.id, { from: 'charge' });
    expect((await run.progress()).state).toBe('running');
    expect(await over(tasks, run.id)).toEqual({
      charge: 'completed',
      mail: 'completed',
      join: 'completed',
      line: 'cancelled',
    });
    expect(ran).toEqual(['charge', 'charge', 'mail', 'join']);
    await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowCancelledError' });
    await tasks.retryWorkflow(run.id, { from: 'line' });
    expect(await run.result()).toEqual({ join: { by: 'join' }, line: { by: 'line' } });
    await expect(tasks.retryWorkflow(run.id)).rejects.toMatchObject({ name: 'WorkflowStateError' });
  });

  it('ends again where the tasks that failed were deleted since', async () => {
    scripts = { charge: fails };
    const tasks = await boot();
    const w = tasks.workflow('order');
    const charge = w.add('default', 'charge', {});
    w.add('default', 'mail', {}, { after: charge });
    w.add('default', 'join', {}, { after: charge, when: 'ended' });
    const run = await w.start();
    await over(tasks, run.id);
    await tasks.delete((await tasks.getWorkflow(run.id)).listed[0]!.taskId!);
    await tasks.retryWorkflow(run.id, { from: 'charge' });
    expect(await over(tasks, run.id)).toEqual({ charge: 'failed', mail: 'cancelled', join: 'completed' });
  });

  it('goes on by itself where one task is retried by hand', async () => {
    scripts = { charge: fails };
    const tasks = await boot();
    const w = tasks.workflow('order');
    w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}) });
    const run = await w.start();
    await over(tasks, run.id);
    scripts = {};
    await tasks.retry((await tasks.getWorkflow(run.id)).listed[0]!.taskId!);
    await until('the end of all', async () => (await run.progress()).nodes.completed === 2, { changes: tasks });
    expect(await run.result()).toEqual({ mail: { by: 'mail' } });
  });
});

describe('The end of a workflow before its nodes', () => {
  it('by tasks.cancelWorkflow: aborts what runs, and nothing begins any more, not even what waits for an end', async () => {
    const started = signal();
    scripts = {
      charge: (_params, task) =>
        new Promise((_resolve, reject) => {
          task.signal.addEventListener('abort', () => reject(task.signal.reason as Error));
          started.resolve();
        }),
    };
    const tasks = await boot();
    const w = tasks.workflow('order');
    const charge = w.add('default', 'charge', {});
    w.each('default', 'page', [{ n: 1 }, { n: 2 }], { after: charge });
    w.add('default', 'refund', {}, { after: charge, when: 'ended' });
    const run = await w.start();
    await started.promise;
    await tasks.cancelWorkflow(run.id);
    await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowCancelledError' });
    expect(await statesOf(tasks, run.id)).toEqual({ charge: 'cancelled', page: 'cancelled', refund: 'cancelled' });
    expect(ran).toEqual(['charge']);
    await expect(tasks.cancelWorkflow(run.id)).rejects.toMatchObject({ name: 'WorkflowStateError' });
    await expect(tasks.cancelWorkflow('nobody')).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
  });

  it('by its deadline: cancels what has not ended, and it has failed; it may be retried without one', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const tasks = await boot({ clock });
    const w = tasks.workflow('order', { deadline: '1h' });
    w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}, { delay: '2h' }) });
    const run = await w.start();
    clock.advance(60 * 60 * 1_000);
    await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowFailedError', node: null });
    expect(await tasks.getWorkflow(run.id)).toMatchObject({ reason: 'deadline', nodes: { cancelled: 2 } });
    await tasks.retryWorkflow(run.id);
    const { listed } = await tasks.getWorkflow(run.id);
    await when(tasks, listed[0]!.taskId!, ({ state }) => state === 'scheduled');
    clock.advance(2 * 60 * 60 * 1_000);
    expect(await run.result()).toEqual({ mail: { by: 'mail' } });
  });

  it('is deleted as one when its tasks have been kept for their time, and not before', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const tasks = await boot({ clock, retention: { completed: '1h' } });
    const w = tasks.workflow('order');
    w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}), delay: '3h' });
    const run = await w.start();
    const { listed } = await tasks.getWorkflow(run.id);
    await ended(tasks, listed[0]!.taskId!);
    await when(tasks, listed[1]!.taskId!, ({ state }) => state === 'scheduled');
    clock.advance(3 * 60 * 60 * 1_000);
    await run.result();
    expect((await tasks.get(listed[0]!.taskId!)).state).toBe('completed');
    clock.advance(60 * 60 * 1_000);
    await until('the end of all rows', async () => (await tasks.list()).items.length === 0, { changes: tasks });
    await expect(run.progress()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
  });
});

/** Ten thousand where a run is to be thorough. */
const NODES = Number(process.env['WORKFLOW_NODES'] ?? 2_000);

type Build = (w: ReturnType<TaskDispatcher['workflow']>, nodes: number) => void;

/** Each waits for the first, and that fails. */
const SHAPES: ReadonlyArray<readonly [shape: string, build: Build]> = [
  [
    'a chain',
    (w, nodes) => {
      let last = w.add('default', 'charge', {});
      for (let n = 1; n < nodes; n += 1) last = w.add('default', 'work', {}, { after: last });
    },
  ],
  [
    'a star: one, many, one',
    (w, nodes) => {
      const first = w.add('default', 'charge', {});
      const many = Array.from({ length: nodes - 2 }, () => w.add('default', 'work', {}, { after: first }));
      w.add('default', 'join', {}, { after: many });
    },
  ],
  [
    'a lattice',
    (w, nodes) => {
      const width = 100;
      const refs = [w.add('default', 'charge', {})];
      for (let n = 1; n < nodes; n += 1) {
        const left = n % width === 0 ? [] : [refs[n - 1]!];
        const above = n < width ? [] : [refs[n - width]!];
        refs.push(w.add('default', 'work', {}, { after: [...left, ...above] }));
      }
    },
  ],
];

describe('What a workflow costs the store', () => {
  it.each(SHAPES)(
    'of %s, to be cancelled from its first node on: as much for each node of ten times as many',
    async (_shape, build) => {
      const statements: number[] = [];
      const most: number[] = [];
      for (const nodes of [NODES / 10, NODES]) {
        const meter = new CostMeter();
        try {
          scripts = { charge: fails };
          const tasks = await boot();
          const w = tasks.workflow('large');
          build(w, nodes);
          await tasks.stats();
          const cost = await meter.measure(async () => {
            const run = await w.start();
            await expect(run.result()).rejects.toMatchObject({ node: 'charge' });
            expect((await run.progress()).nodes.cancelled).toBe(nodes - 1);
          });
          statements.push(cost.statements / nodes);
          most.push(meter.mostInCommit);
        } finally {
          meter.stop();
        }
      }
      const [few, many] = statements;
      expect(many, `statements a node: ${statements.join(', ')}`).toBeLessThan(few! * 1.1);
      // No transaction is longer for it, of the start and of what follows: the store's lock is held for as long.
      expect(most[1], `statements from one commit to the next: ${most.join(', ')}`).toBeLessThan(most[0]! * 1.5);
    },
  );
});
