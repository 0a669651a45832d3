import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { NodeState } from '../../lib/contract/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, signal } from '../module/support.js';
import { until } from '../support/until.js';
import type { BullmqSite } from './bullmq.suite.js';

type Script = (params: { n?: number }, task: TaskContext) => unknown;
type Builder = ReturnType<TaskDispatcher['workflow']>;

/** What the handlers do, by the names of their tasks; the others return their name. */
let scripts: Record<string, Script> = {};
/** Names of the tasks that ran, in order. */
let ran: string[] = [];

const NAMES = ['charge', 'mail', 'refund', 'page', 'join', 'report'] as const;

class Handlers {}
for (const name of NAMES) {
  Object.defineProperty(Handlers.prototype, name, {
    value: (params: object, task: TaskContext) => {
      ran.push(task.name);
      const script = scripts[task.name];
      return script ? script(params, task) : { by: task.name };
    },
    writable: true,
  });
  const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, name)!;
  TaskHandler(name, { maxRetries: 0 })(Handlers.prototype, name, descriptor);
}

const fails = (): never => {
  throw new Error('on purpose');
};

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

/** What an app gets of workflows on BullMQ, through the module, on a real server. */
export function describeBullmqFlows(name: string, start: () => Promise<BullmqSite>): void {
  describe(`workflows with their tasks in ${name}`, () => {
    let site: BullmqSite;

    beforeAll(async () => {
      site = await start();
    });
    afterAll(() => site.remove(), 120_000);
    beforeEach(() => {
      scripts = {};
      ran = [];
    });

    async function boot(workers: number | false = 5, more = {}): Promise<TaskDispatcher> {
      const engine = bullmq(await site.engine());
      const queues = { other: {} };
      const tasks = { database: undefined, engine, workers, retryDelay: 20, lease: 1_000, queues, ...more };
      return dispatcherOf(await bootApp({ tasks, providers: [Handlers] }));
    }

    it('run in the order in which their nodes wait, over queues, and hand on what they returned', async () => {
      scripts = {
        charge: () => ({ paid: 7 }),
        page: ({ n }) => n! * 10,
        join: async (_params, task) => {
          const pages: number[] = [];
          for await (const page of task.resultsOf<number>('page')) pages.push(page);
          return { ...(await task.resultOf<object>('charge')), pages };
        },
        report: async (_params, task) => ({ of: await task.resultOf('join'), mail: await task.resultOf('mail') }),
      };
      const tasks = await boot();
      const w = tasks.workflow('order', { tags: { order: '7' } });
      const charge = w.add('default', 'charge', {});
      const pages = w.each('other', 'page', [{ n: 1 }, { n: 2 }, { n: 3 }]);
      const join = w.add('default', 'join', {}, { after: [charge, pages] });
      const mail = w.add('default', 'mail', {});
      w.add('other', 'report', {}, { after: [join, mail] });
      w.add('default', 'refund', {});
      const run = await w.start();
      expect(run.started).toBe(true);
      expect(await run.result()).toEqual({
        report: { of: { paid: 7, pages: [10, 20, 30] }, mail: { by: 'mail' } },
        refund: { by: 'refund' },
      });
      expect(ran.indexOf('join')).toBeGreaterThan(ran.lastIndexOf('page'));
      expect(ran.indexOf('join')).toBeGreaterThan(ran.indexOf('charge'));
      expect(ran.indexOf('report')).toBeGreaterThan(Math.max(ran.indexOf('join'), ran.indexOf('mail')));
      expect(ran).toHaveLength(8);
      expect(await run.progress()).toEqual({
        id: run.id,
        name: 'order',
        state: 'completed',
        percent: 100,
        nodes: { blocked: 0, running: 0, completed: 6, failed: 0, cancelled: 0 },
        tasks: { total: 8, ended: 8 },
      });
      expect(await tasks.listWorkflows({ name: 'order', state: 'completed', tags: { order: '7' } })).toMatchObject({
        items: [{ id: run.id, tags: { order: '7' } }],
        next: null,
      });
    });

    it('show tasks that wait for others as blocked, which are not acted on by themselves', async () => {
      const { promise, resolve } = signal();
      scripts = { charge: () => promise };
      const tasks = await boot();
      const w = tasks.workflow('order');
      w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}) });
      const run = await w.start();
      const { items } = await tasks.list({ states: ['blocked'] });
      expect(items).toMatchObject([{ name: 'mail', state: 'blocked', workflow: { id: run.id, node: 'mail' } }]);
      const [mail] = items;
      expect(await tasks.get(mail!.id)).toMatchObject({ state: 'blocked', attempt: 0 });
      expect((await tasks.stats()).find(({ queue }) => queue === 'default')!.counts.blocked).toBe(1);
      await expect(tasks.cancel(mail!.id)).rejects.toMatchObject({ code: 'workflows_not_supported' });
      await expect(tasks.delete(mail!.id)).rejects.toThrow(mail!.id);
      expect(await run.progress()).toMatchObject({ state: 'running', nodes: { blocked: 1, running: 1 }, percent: 0 });
      expect(await tasks.listWorkflows({ state: 'running' })).toMatchObject({ items: [{ id: run.id }] });
      resolve();
      await run.result();
      expect((await tasks.stats()).find(({ queue }) => queue === 'default')!.counts.blocked).toBe(0);
    });

    it('cancel what can never run, say because of which node, and have failed where nothing answers', async () => {
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
      expect(await tasks.get(listed[1]!.taskId!)).toMatchObject({
        state: 'cancelled',
        reason: 'condition',
        attempt: 0,
        workflow: { node: 'mail', cause: 'charge' },
      });
      expect(ran).toEqual(['charge']);
      for (const id of [listed[0]!.taskId!, listed[1]!.taskId!]) {
        await expect(tasks.retry(id)).rejects.toMatchObject({ code: 'workflows_not_supported' });
      }
      await expect(tasks.retryWorkflow(run.id)).rejects.toMatchObject({ code: 'workflows_not_supported' });
    });

    it('run what waits for a failure where one failed, and have completed then; cancel it where none did', async () => {
      const tasks = await boot();
      const build = async () => {
        const w = tasks.workflow('order');
        const mail = w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}) });
        w.add('default', 'refund', {}, { after: mail, when: 'failed' });
        w.add('default', 'join', {}, { after: 'refund', when: 'ended' });
        return w.start();
      };
      const well = await build();
      const states = { charge: 'completed', mail: 'completed', refund: 'cancelled', join: 'completed' };
      expect(await over(tasks, well.id)).toEqual(states);
      expect((await well.progress()).state).toBe('completed');
      scripts = { mail: fails };
      const badly = await build();
      expect(await badly.result()).toEqual({ join: { by: 'join' } });
      expect(await statesOf(tasks, badly.id)).toEqual({ ...states, mail: 'failed', refund: 'completed' });
    });

    it.each<[string, (w: Builder) => void, RegExp]>([
      [
        'two that wait for one',
        (w) => {
          const charge = w.add('default', 'charge', {});
          w.add('default', 'mail', {}, { after: charge });
          w.add('default', 'join', {}, { after: charge });
        },
        /"mail" and "join" both wait for "charge".*task\.queue.*embedded/,
      ],
      [
        'many that wait for one',
        (w) => void w.each('default', 'page', [{}], { after: w.add('default', 'charge', {}) }),
        /"page" is a node of many tasks.*wait for "charge"/,
      ],
      [
        'more than are stored in one step',
        (w) =>
          void w.each(
            'default',
            'page',
            Array.from({ length: 10_001 }, () => ({})),
          ),
        /10001 tasks.*at most 10000/,
      ],
    ])('are refused, naming the node, where BullMQ has no such tree: %s', async (_what, build, message) => {
      const tasks = await boot(false);
      const w = tasks.workflow('order');
      build(w);
      await expect(w.start()).rejects.toMatchObject({
        code: 'workflows_not_supported',
        message: expect.stringMatching(message) as string,
      });
      expect(await tasks.listWorkflows()).toEqual({ items: [], next: null });
      expect((await tasks.list({})).items).toEqual([]);
    });

    it('are started once by an id of their own, whoever starts them', async () => {
      const tasks = await boot();
      const starts = await Promise.all(
        [1, 2, 3, 4].map((n) => {
          const w = tasks.workflow('order');
          w.add(
            'default',
            'join',
            {},
            {
              after: w.each(
                'default',
                'page',
                Array.from({ length: n }, () => ({ n })),
              ),
            },
          );
          return w.start({ id: 'order:7' });
        }),
      );
      expect(starts.filter(({ started }) => started)).toHaveLength(1);
      expect(await starts[0]!.result()).toEqual({ join: { by: 'join' } });
      const { tasks: counted } = await starts[1]!.progress();
      expect(ran).toHaveLength(counted.total);
      expect((await tasks.list({})).items).toHaveLength(counted.total);
      const again = tasks.workflow('order');
      again.add('default', 'charge', {});
      expect((await again.start({ id: 'order:7' })).started).toBe(false);
      expect(ran).toHaveLength(counted.total);
    });

    it('end all of what runs and waits where they are cancelled, and nothing begins any more', async () => {
      const { promise, resolve } = signal();
      const aborted = signal();
      scripts = {
        charge: async (_params, task) => {
          task.signal.addEventListener('abort', () => aborted.resolve());
          await promise;
          task.signal.throwIfAborted();
        },
      };
      const tasks = await boot(1);
      const w = tasks.workflow('order');
      const charge = w.add('default', 'charge', {});
      const pages = w.each('default', 'page', [{}, {}]);
      const join = w.add('default', 'join', {}, { after: [charge, pages] });
      w.add('default', 'report', {}, { after: join, when: 'ended' });
      w.add('default', 'refund', {}, { delay: '1h' });
      const run = await w.start();
      await until('the charge to run', async () => ran.includes('charge'), { changes: tasks });
      await tasks.cancelWorkflow(run.id);
      await aborted.promise;
      resolve();
      await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowCancelledError' });
      const { listed, state, reason } = await tasks.getWorkflow(run.id);
      expect({ state, reason }).toEqual({ state: 'cancelled', reason: 'cancelled' });
      expect(new Set(listed.map((node) => node.state))).toEqual(new Set(['cancelled']));
      expect(ran).toEqual(['charge']);
      await expect(tasks.cancelWorkflow(run.id)).rejects.toMatchObject({ code: 'workflow_state' });
      expect((await tasks.list({ states: ['cancelled'] })).items).toHaveLength(6);
    });

    it('fail at their deadline', async () => {
      const tasks = await boot(false);
      const w = tasks.workflow('order', { deadline: '500ms' });
      w.add('default', 'mail', {}, { after: w.add('default', 'charge', {}) });
      const run = await w.start();
      await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowFailedError', node: null });
      expect(await tasks.getWorkflow(run.id)).toMatchObject({
        state: 'failed',
        reason: 'deadline',
        listed: [{ state: 'cancelled', reason: 'deadline' }, { state: 'cancelled' }],
      });
      expect(ran).toEqual([]);
    });

    it('go on where a task of them is cancelled while it waits, and have been cancelled', async () => {
      const tasks = await boot(false);
      const w = tasks.workflow('order');
      w.add('default', 'join', {}, { after: w.each('default', 'page', [{}, {}]) });
      const run = await w.start();
      for (const { id } of (await tasks.list({ name: 'page' })).items) await tasks.cancel(id);
      const [join] = (await tasks.list({ name: 'join' })).items;
      expect(join!.state).toBe('available');
      await tasks.cancel(join!.id);
      await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowCancelledError' });
      expect(await statesOf(tasks, run.id)).toEqual({ page: 'cancelled', join: 'cancelled' });
      expect(await ended(tasks, join!.id)).toMatchObject({ state: 'cancelled' });
    });

    it('are batches, whose end something waits for', async () => {
      const tasks = await boot();
      scripts = { page: ({ n }) => (n === 2 ? fails() : n) };
      const rows = [{ n: 1 }, { n: 2 }, { n: 3 }];
      // oxlint-disable-next-line unicorn/no-thenable -- it is no function, and nobody awaits the options
      const batch = await tasks.batch('default', 'page', rows, { then: ['default', 'report', {}], when: 'ended' });
      scripts['report'] = async (_params, task) => task.resultsOf('page');
      expect(await batch.result()).toEqual({ report: [1, 3] });
    });

    it('refuse task.add by name', async () => {
      let refused: Error | null = null;
      scripts = {
        charge: (_params, task) => task.add('default', 'page', {}).catch((error: Error) => (refused = error)),
      };
      const tasks = await boot();
      const w = tasks.workflow('order');
      w.add('default', 'charge', {});
      await (await w.start()).result();
      expect(refused).toMatchObject({ code: 'workflows_not_supported' });
    });
  });
}
