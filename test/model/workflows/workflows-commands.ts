import fc from 'fast-check';
import { MINUTE } from '../../conformance/harness.js';
import { answered, pick } from '../model-app.js';
import { graph, nameOf } from './graph.js';
import type { WorkflowsModel } from './workflows-model.js';
import type { Command, WorkflowsPlace } from './workflows-place.js';

export type WorkflowsCommand = fc.AsyncCommand<WorkflowsModel, WorkflowsPlace>;

/** One event, after which the store has to come to rest as the model says. */
class Event implements WorkflowsCommand {
  constructor(
    private readonly text: string,
    private readonly happen: (model: WorkflowsModel, real: WorkflowsPlace) => Promise<void>,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: WorkflowsModel, real: WorkflowsPlace): Promise<void> {
    await this.happen(model, real);
    await real.rest();
  }

  toString(): string {
    return this.text;
  }
}

/** Which of those that there are; taken modulo their number. */
const which = fc.nat({ max: 30 });
/** Name of a node to begin with; null: each that failed. */
const from = fc.option(fc.nat({ max: 6 }).map(nameOf), { freq: 2 });

const start = graph.map(
  (what) =>
    new Event(`start(${JSON.stringify(what)})`, async (model, real) => {
      model.start(await real.start(what), what);
    }),
);

/** Of those that run, several at once. */
const end = fc
  .array(fc.tuple(which, fc.constantFrom('well' as const, 'well' as const, 'badly' as const)), {
    minLength: 1,
    maxLength: 4,
  })
  .map(
    (ends) =>
      new Event(`end(${JSON.stringify(ends)})`, (model, real) => {
        for (const [index, how] of ends) {
          const task = pick(
            model.tasks.filter(({ state }) => state === 'running'),
            index,
          );
          if (!task) break;
          real.command(task, how);
          model.end(task, how === 'well' ? 'completed' : 'failed');
        }
        return Promise.resolve();
      }),
  );

const add = fc.tuple(which, fc.constantFrom('x', 'y')).map(
  ([index, adds]) =>
    new Event(`add(${index}, ${adds})`, (model, real) => {
      const running = model.tasks.filter(({ state }) => state === 'running');
      const task = pick(running, index);
      if (task) {
        real.command(task, { adds } satisfies Command);
        model.add(task, adds);
      }
      return Promise.resolve();
    }),
);

const cancelTask = which.map(
  (index) =>
    new Event(`cancelTask(${index})`, async (model, real) => {
      const task = pick(model.tasks, index);
      if (task) await answered(model.cancelTask(task), real.tasks.cancel(real.idOf(task)));
    }),
);

const retryTask = which.map(
  (index) =>
    new Event(`retryTask(${index})`, async (model, real) => {
      const bad = model.tasks.filter(({ state }) => state === 'failed' || state === 'cancelled');
      const task = pick(bad.length > 0 ? bad : model.tasks, index);
      if (task) await answered(model.retryTask(task), real.tasks.retry(real.idOf(task)));
    }),
);

const cancelFlow = which.map(
  (index) =>
    new Event(`cancelFlow(${index})`, async (model, real) => {
      const flow = pick(model.flows, index);
      if (flow) await answered(model.cancelFlow(flow), real.tasks.cancelWorkflow(flow.id));
    }),
);

const retryFlow = fc.tuple(which, from).map(
  ([index, node]) =>
    new Event(`retryFlow(${index}, ${node})`, async (model, real) => {
      const flow = pick(model.flows, index);
      if (!flow) return;
      const options = node === null ? {} : { from: node };
      await answered(model.retryFlow(flow, node), real.tasks.retryWorkflow(flow.id, options));
    }),
);

/** Somebody cancels a workflow before what another one has begun is through. */
const retryAndCancel = fc.tuple(which, from, fc.option(which, { freq: 1 })).map(
  ([index, node, one]) =>
    new Event(`retryAndCancel(${index}, ${one === null ? `from ${node}` : `task ${one}`})`, async (model, real) => {
      const flow = pick(model.flows, index);
      if (!flow) return;
      flow.isUncertain = true;
      // One that had ended lives again when the task is counted, and cannot be cancelled before.
      const tasks = flow.state === 'running' ? flow.nodes.flatMap(({ all }) => all) : [];
      const task = one === null ? undefined : pick(tasks, one);
      const retried = task
        ? answered(model.retryTask(task), real.tasks.retry(real.idOf(task)))
        : answered(model.retryFlow(flow, node), real.tasks.retryWorkflow(flow.id, node === null ? {} : { from: node }));
      await Promise.all([retried, answered(model.cancelFlow(flow), real.tasks.cancelWorkflow(flow.id))]);
    }),
);

const restart = fc.constant(null).map(
  () =>
    new Event('restart', async (model, real) => {
      model.restart();
      await real.app.restart();
    }),
);

const moveClock = fc.integer({ min: 1, max: 3 }).map(
  (by) =>
    new Event(`moveClock(${by} minutes)`, (model, real) => {
      model.pass(by * MINUTE);
      real.pass(by * MINUTE);
      return Promise.resolve();
    }),
);

/** Every event, the frequent ones more often. */
export function workflowsCommands(): fc.Arbitrary<Iterable<WorkflowsCommand>> {
  const tasks = [start, start, end, end, end, end, end, end, add];
  const people = [cancelTask, cancelTask, retryTask, retryTask, cancelFlow, retryFlow, retryFlow, retryAndCancel];
  const rest = [moveClock, moveClock, restart];
  const events: fc.Arbitrary<WorkflowsCommand>[] = [...tasks, ...people, ...rest];
  return fc.commands(events, { maxCommands: 40, size: 'max' });
}
