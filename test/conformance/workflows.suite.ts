import { describe, expect } from 'vitest';
import type { Workflow } from '../../lib/contract/index.js';
import type { NewWorkflow, Workflows } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { completed, CONSUME, Deliveries, failed, returned } from './harness.js';
import { type NodeShape, newWorkflow } from '../support/new-workflow.js';

/** Tasks that wait for others, where the engine has any. */
export function describeWorkflows(it: CaseTest): void {
  const onWorkflows = (name: string, test: (opened: EngineCase, workflows: Workflows) => Promise<void>): void =>
    it(name, async (opened) => {
      if (opened.engine.workflows) await test(opened, opened.engine.workflows);
    });

  describe('workflows', () => {
    onWorkflows('hold back what waits, let it go, and hand on what was returned', async (opened, workflows) => {
      const { engine, until } = opened;
      const flow = workflow(opened, { charge: {}, pages: { tasks: 2 }, join: { after: [0, 1], queue: 'other' } });
      expect(await workflows.start(flow)).toBe('stored');
      const [, , join] = flow.nodes;
      expect(await opened.stateOf(join!.tasks[0]!.id)).toBe('blocked');
      const depth = (await engine.inspecting.queues()).find(({ queue }) => queue === 'other');
      expect(depth!.counts).toMatchObject({ blocked: 1, available: 0 });
      expect(await workflows.progress(flow.id)).toEqual({
        id: flow.id,
        name: 'order',
        state: 'running',
        percent: 0,
        nodes: { blocked: 1, running: 2, completed: 0, failed: 0, cancelled: 0 },
        tasks: { total: 4, ended: 0 },
      });
      expect(await workflows.end(flow.id)).toMatchObject({ state: 'running' });
      const [first, others] = [new Deliveries(), new Deliveries()];
      await engine.delivering.consume('default', CONSUME, first.run);
      await engine.delivering.consume('other', CONSUME, others.run);
      for (const n of [1, 2, 3]) {
        expect(await opened.stateOf(join!.tasks[0]!.id)).toBe('blocked');
        expect(others.pending).toBe(0);
        const held = await first.next();
        held.end(returned({ n, of: held.delivery.task.traits?.workflow?.node }));
      }
      const last = await others.next();
      expect(await resultsOf(workflows, flow.id, 'charge')).toEqual([{ n: 1, of: 'charge' }]);
      expect(await resultsOf(workflows, flow.id, 'pages')).toEqual([2, 3].map((n) => ({ n, of: 'pages' })));
      expect(await resultsOf(workflows, flow.id, 'none')).toEqual([]);
      last.end(returned('joined'));
      await ends(opened, workflows, flow.id);
      expect(await workflows.end(flow.id)).toEqual({
        name: 'order',
        state: 'completed',
        failed: null,
        last: [{ name: 'join', kind: 'one' }],
      });
      expect(await resultsOf(workflows, flow.id, 'join')).toEqual(['joined']);
      await until('its end to be noted', async () => (await workflows.get(flow.id))!.finishedAt !== null);
      expect(await workflows.get(flow.id)).toMatchObject({
        percent: 100,
        tags: { order: '7' },
        createdAt: flow.createdAt,
        listed: [
          { number: 0, name: 'charge', kind: 'one', state: 'completed', after: [], tasks: { total: 1, ended: 1 } },
          { number: 1, name: 'pages', kind: 'each', state: 'completed', tasks: { total: 2, ended: 2, failed: 0 } },
          { number: 2, name: 'join', state: 'completed', after: [0, 1], waitsFor: 2, queue: 'other' },
        ],
      });
    });

    onWorkflows(
      'cancel what can never run, because of a node, and have failed at the first',
      async (opened, workflows) => {
        const { engine } = opened;
        const flow = workflow(opened, { pages: { tasks: 3 }, join: { after: [0] }, report: { after: [1] } });
        await workflows.start(flow);
        const outcomes = [completed, failed('torn'), completed].values();
        await engine.delivering.consume('default', CONSUME, async () => outcomes.next().value ?? completed);
        await ends(opened, workflows, flow.id);
        const [, torn] = flow.nodes[0]!.tasks;
        expect(await workflows.end(flow.id)).toMatchObject({
          state: 'failed',
          failed: { node: 'pages', task: { id: torn!.id, name: 'work', error: { message: 'torn' } } },
        });
        expect((await workflows.get(flow.id))!.listed).toMatchObject([
          { name: 'pages', state: 'failed', tasks: { total: 3, ended: 3, failed: 1 } },
          { name: 'join', state: 'cancelled', reason: 'condition', cause: 'pages' },
          { name: 'report', state: 'cancelled', reason: 'condition', cause: 'join' },
        ]);
        const [join] = flow.nodes[1]!.tasks;
        expect(await engine.inspecting.get(join!.id)).toMatchObject({
          state: 'cancelled',
          reason: 'condition',
          attempt: 0,
          workflow: { id: flow.id, node: 'join', cause: 'pages' },
        });
      },
    );

    onWorkflows('run what waits for a failure, or for an end, as its condition says', async (opened, workflows) => {
      const { engine } = opened;
      const shape = {
        charge: {},
        refund: { after: [0], when: 'failed' },
        report: { after: [1], when: 'ended' },
      } as const;
      let isBroken = false;
      await engine.delivering.consume('default', CONSUME, async ({ task }) =>
        isBroken && task.traits?.workflow?.node === 'charge' ? failed() : returned(task.traits?.workflow?.node),
      );
      const well = workflow(opened, shape);
      await workflows.start(well);
      await ends(opened, workflows, well.id);
      expect(statesIn((await workflows.get(well.id))!)).toEqual(['completed', 'cancelled', 'completed']);
      isBroken = true;
      const badly = workflow(opened, shape);
      await workflows.start(badly);
      await ends(opened, workflows, badly.id);
      expect(statesIn((await workflows.get(badly.id))!)).toEqual(['failed', 'completed', 'completed']);
      for (const { id } of [well, badly]) expect((await workflows.progress(id))!.state).toBe('completed');
    });

    onWorkflows('count a delay from when the node may run', async (opened, workflows) => {
      const { engine, clock, unit } = opened;
      const flow = workflow(opened, { charge: {}, remind: { after: [0], delay: 2 * unit } });
      await workflows.start(flow);
      const runs = new Deliveries();
      await engine.delivering.consume('default', CONSUME, runs.run);
      const charge = await runs.next();
      await opened.advance(unit);
      const endedAt = clock.now();
      charge.end(completed);
      const [remind] = flow.nodes[1]!.tasks;
      await opened.becomes(remind!.id, 'scheduled');
      await opened.advance(2 * unit);
      const held = await runs.next();
      expect(held.id).toBe(remind!.id);
      expect(clock.now()).toBeGreaterThanOrEqual(endedAt + 2 * unit);
      held.end(completed);
      await ends(opened, workflows, flow.id);
    });

    onWorkflows('have nodes of no task, which completes when it may run', async (opened, workflows) => {
      const { engine } = opened;
      const flow = workflow(opened, {
        pages: { tasks: 0 },
        join: { after: [0] },
        never: { after: [1], when: 'failed' },
      });
      await workflows.start(flow);
      await engine.delivering.consume('default', CONSUME, async () => completed);
      await ends(opened, workflows, flow.id);
      expect(statesIn((await workflows.get(flow.id))!)).toEqual(['completed', 'completed', 'cancelled']);
      expect((await workflows.progress(flow.id))!.state).toBe('completed');
    });

    onWorkflows('are there once by an id, whichever processes start them at once', async (opened, workflows) => {
      const other = (await opened.open()).workflows!;
      const starts = [1, 2, 3, 4].map((tasks) => ({
        ...workflow(opened, { pages: { tasks }, join: { after: [0] } }),
        id: 'order:7',
        mayExist: true,
      }));
      const answers = await Promise.all(starts.map((flow, at) => [workflows, other][at % 2]!.start(flow)));
      expect(answers.toSorted()).toEqual(['existing', 'existing', 'existing', 'stored']);
      const stored = starts[answers.indexOf('stored')]!;
      expect((await workflows.get('order:7'))!.listed[0]!.tasks.total).toBe(stored.nodes[0]!.tasks.length);
      const { items } = await opened.engine.inspecting.list({}, { limit: 100, order: 'oldest' });
      expect(items.map(({ id }) => id).toSorted()).toEqual(
        stored.nodes.flatMap(({ tasks }) => tasks.map(({ id }) => id)).toSorted(),
      );
    });

    onWorkflows('are cancelled: what waits at once, what runs when it has stopped', async (opened, workflows) => {
      const { engine } = opened;
      const flow = workflow(opened, {
        charge: {},
        mail: { queue: 'idle' },
        join: { after: [0, 1] },
        report: { after: [2], when: 'ended' },
      });
      await workflows.start(flow);
      const runs = new Deliveries();
      await engine.delivering.consume('default', CONSUME, runs.run);
      const held = await runs.next();
      const stopped = new Promise<void>((resolve) => (held.delivery.onAbort = () => resolve()));
      expect(await workflows.cancel(flow.id)).toMatchObject({ done: true });
      await opened.becomes(flow.nodes[1]!.tasks[0]!.id, 'cancelled');
      await stopped;
      held.end({ kind: 'cancelled', maxAttempts: 4, keepFor: null });
      await ends(opened, workflows, flow.id);
      expect(await workflows.get(flow.id)).toMatchObject({ state: 'cancelled', reason: 'cancelled' });
      expect(statesIn((await workflows.get(flow.id))!)).toEqual(Array(4).fill('cancelled'));
      expect(runs.all).toHaveLength(1);
      expect(await workflows.cancel(flow.id)).toEqual({ done: false, state: 'cancelled' });
      expect(await workflows.cancel('none')).toEqual({ done: false, state: null });
    });

    onWorkflows('are ended at their deadline, and have failed', async (opened, workflows) => {
      const { clock, unit } = opened;
      const flow = { ...workflow(opened, { charge: {}, mail: { after: [0] } }), deadlineAt: clock.now() + 2 * unit };
      await workflows.start(flow);
      await opened.advance(2 * unit);
      await ends(opened, workflows, flow.id);
      expect(await workflows.end(flow.id)).toMatchObject({ state: 'failed', failed: null });
      expect(await workflows.get(flow.id)).toMatchObject({ reason: 'deadline', deadlineAt: flow.deadlineAt });
      expect(statesIn((await workflows.get(flow.id))!)).toEqual(['cancelled', 'cancelled']);
    });

    onWorkflows('are listed by name, state and tags, a page at a time', async (opened, workflows) => {
      const flows = ['a', 'b', 'a'].map((name, at) => ({
        ...workflow(opened, { charge: {} }),
        name,
        tags: { order: String(at) },
        createdAt: opened.clock.now() + at,
      }));
      for (const flow of flows) await workflows.start(flow);
      const idsOf = async (query: Omit<Parameters<Workflows['list']>[0], 'limit'>): Promise<string[]> =>
        (await workflows.list({ ...query, limit: 10 })).items.map(({ id }) => id);
      const [first, second, third] = flows.map(({ id }) => id);
      expect(await idsOf({})).toEqual([third, second, first]);
      expect(await idsOf({ name: 'a' })).toEqual([third, first]);
      expect(await idsOf({ state: 'running', tags: { order: '1' } })).toEqual([second]);
      expect(await idsOf({ state: 'completed' })).toEqual([]);
      const page = await workflows.list({ limit: 2 });
      expect(page.items.map(({ id }) => id)).toEqual([third, second]);
      const rest = await workflows.list({ limit: 2, cursor: page.next! });
      expect(rest.items.map(({ id }) => id)).toEqual([first]);
      await expect(workflows.list({ limit: 2, cursor: 'none' })).rejects.toMatchObject({
        name: 'InvalidArgumentError',
      });
    });

    onWorkflows('that are no trees run, or are refused by the name of the node', async (opened, workflows) => {
      const { engine } = opened;
      const lattice = workflow(opened, {
        top: {},
        left: { after: [0] },
        right: { after: [0] },
        end: { after: [1, 2] },
      });
      const fan = workflow(opened, { top: {}, pages: { after: [0], tasks: 2 } });
      if (!engine.capabilities.wholeWorkflows) {
        await expect(workflows.start(lattice)).rejects.toMatchObject({
          code: 'workflows_not_supported',
          message: expect.stringContaining('"left" and "right" both wait for "top"') as string,
        });
        await expect(workflows.start(fan)).rejects.toThrow(/"pages" is a node of many tasks/);
        expect(await workflows.list({ limit: 10 })).toEqual({ items: [], next: null });
        return;
      }
      await engine.delivering.consume('default', CONSUME, async () => completed);
      for (const flow of [lattice, fan]) {
        await workflows.start(flow);
        await ends(opened, workflows, flow.id);
        expect((await workflows.progress(flow.id))!.state).toBe('completed');
      }
    });

    onWorkflows('that have failed run again, or are refused', async (opened, workflows) => {
      const { engine } = opened;
      const flow = workflow(opened, { charge: {}, mail: { after: [0] } });
      await workflows.start(flow);
      const runs = new Deliveries();
      await engine.delivering.consume('default', CONSUME, runs.run);
      (await runs.next()).end(failed());
      await ends(opened, workflows, flow.id);
      expect(await workflows.retry('none', null)).toMatchObject({ done: false, state: null });
      if (!engine.capabilities.wholeWorkflows) {
        const refused = { code: 'workflows_not_supported' };
        await expect(workflows.retry(flow.id, null)).rejects.toMatchObject(refused);
        for (const { tasks } of flow.nodes) {
          await expect(engine.acting.act('retry', { ids: [tasks[0]!.id] })).rejects.toMatchObject(refused);
        }
        expect(await engine.acting.act('retry', { filter: {} })).toMatchObject({ changed: 0 });
        return;
      }
      expect(await workflows.retry(flow.id, null)).toMatchObject({ done: true });
      (await runs.next()).end(completed);
      (await runs.next()).end(completed);
      await ends(opened, workflows, flow.id);
      expect((await workflows.progress(flow.id))!.state).toBe('completed');
    });

    onWorkflows(
      'keep a task of theirs while they run, and know how it ended when what waited is gone',
      async (opened, workflows) => {
        const { engine } = opened;
        const flow = workflow(opened, { charge: {}, mail: { after: [0], when: 'ended', queue: 'idle' } });
        await workflows.start(flow);
        const [charge, mail] = flow.nodes.map(({ tasks }) => tasks[0]!.id);
        const runs = new Deliveries();
        await engine.delivering.consume('default', CONSUME, runs.run);
        (await runs.next()).end(failed('no money'));
        await opened.becomes(mail!, 'available');
        expect(await engine.acting.act('delete', { filter: { state: ['failed'] } })).toMatchObject({ changed: 0 });
        expect(await opened.stateOf(charge!)).toBe('failed');
        await engine.acting.act('cancel', { ids: [mail!] });
        await ends(opened, workflows, flow.id);
        expect(await workflows.end(flow.id)).toMatchObject({
          state: 'failed',
          failed: { node: 'charge', task: { id: charge, error: { message: 'no money' } } },
        });
        expect(statesIn((await workflows.get(flow.id))!)).toEqual(['failed', 'cancelled']);
      },
    );
  });
}

function workflow({ clock }: Pick<EngineCase, 'clock'>, shapes: Record<string, NodeShape>): NewWorkflow {
  return newWorkflow(clock, shapes);
}

async function ends({ until }: EngineCase, workflows: Workflows, id: string): Promise<void> {
  await until(`the end of workflow ${id}`, async () => (await workflows.end(id))!.state !== 'running');
}

async function resultsOf(workflows: Workflows, id: string, name: string): Promise<unknown[]> {
  const { results } = await workflows.results(id, name, null);
  return results.filter((one) => one.completed).map(({ result }) => JSON.parse(result!) as unknown);
}

function statesIn({ listed }: Workflow): string[] {
  return listed.map(({ state }) => state);
}
