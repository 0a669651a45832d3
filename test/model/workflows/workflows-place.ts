import 'reflect-metadata';
import { isDeepStrictEqual } from 'node:util';
import type { TaskContext } from '../../../lib/attempts/index.js';
import type { ManualClock } from '../../../lib/clock/index.js';
import { hasEnded, NODE_STATES, type TaskSummary } from '../../../lib/contract/index.js';
import { TaskHandler } from '../../../lib/nest/index.js';
import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import { MINUTE } from '../../conformance/harness.js';
import { ModelApp, QUEUE, shown } from '../model-app.js';
import { type Graph, nameOf } from './graph.js';
import type { ModelFlow, ModelTask, WorkflowsModel } from './workflows-model.js';

export const WORK = 'work';

/** Of a task that the workflow began with, or of one that another task added. */
type Params = { readonly key: string } | { readonly of: string; readonly added: string };

/** What a task that runs is to do: to end, or to add another one and go on. */
export type Command = 'well' | 'badly' | { readonly adds: string };

/** What handlers wait for that have been called, by the ids of their tasks. */
let waiting: Map<string, (command: Command) => void>;
/** How often the handler of each task was called. */
let runs: Map<string, number>;

class Handlers {
  @TaskHandler(WORK, { maxRetries: 0 })
  async work(_params: Params, task: TaskContext): Promise<void> {
    runs.set(task.id, (runs.get(task.id) ?? 0) + 1);
    for (;;) {
      const command = await next(task);
      if (command === 'well') return;
      if (command === 'badly') throw new Error('on purpose');
      await task.add(QUEUE, WORK, { of: task.id, added: command.adds }, { key: command.adds });
    }
  }
}

function next({ id, signal }: TaskContext): Promise<Command> {
  return new Promise((resolve, reject) => {
    waiting.set(id, resolve);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    if (signal.aborted) reject(signal.reason as Error);
  });
}

/** An app whose tasks do what the test says. */
export class WorkflowsPlace {
  /** By the id of the workflow and the key of the task. */
  private found = new Map<string, TaskSummary>();

  private constructor(
    readonly app: ModelApp,
    private readonly model: WorkflowsModel,
    private readonly clock: ManualClock,
  ) {}

  static async open(model: WorkflowsModel, clock: ManualClock, patience: number): Promise<WorkflowsPlace> {
    waiting = new Map();
    runs = new Map();
    return new WorkflowsPlace(await ModelApp.open(Handlers, clock, patience), model, clock);
  }

  get tasks(): TaskDispatcher {
    return this.app.tasks;
  }

  async start({ nodes, deadlineMinutes }: Graph): Promise<string> {
    const deadline = deadlineMinutes === null ? {} : { deadline: deadlineMinutes * MINUTE };
    const workflow = this.tasks.workflow('random', deadline);
    for (const [place, { kind, tasks, after, when, delayMinutes }] of nodes.entries()) {
      const name = nameOf(place);
      const options = { as: name, after: after.map(nameOf), when, delay: delayMinutes * MINUTE };
      const rows = Array.from({ length: tasks }, (_, index) => ({ key: `${name}.${index}` }));
      if (kind === 'one') workflow.add(QUEUE, WORK, rows[0]!, options);
      else workflow.each(QUEUE, WORK, rows, options);
    }
    return (await workflow.start()).id;
  }

  idOf({ flow, key }: ModelTask): string {
    return this.found.get(`${flow.id} ${key}`)!.id;
  }

  command(task: ModelTask, command: Command): void {
    const id = this.idOf(task);
    const tell = waiting.get(id)!;
    waiting.delete(id);
    tell(command);
  }

  pass(milliseconds: number): void {
    this.clock.set(this.clock.now() + milliseconds);
  }

  /** Settles once the store is as the model says; rejects with how it differs where it does not come to be so. */
  async rest(): Promise<void> {
    this.model.settle();
    await this.app.rest(() => this.difference());
    for (const flow of this.model.flows.filter(({ isUncertain }) => isUncertain)) await this.adopt(flow);
  }

  private async difference(): Promise<string | null> {
    const items = await this.app.all();
    const byId = new Map(items.map((item): [string, TaskSummary] => [item.id, item]));
    const keyOf = (params: Params): string =>
      'of' in params ? `${keyOf(byId.get(params.of)!.params as Params)}+${params.added}` : params.key;
    this.found = new Map(
      items.map((item): [string, TaskSummary] => [`${item.workflow!.id} ${keyOf(item.params as Params)}`, item]),
    );
    const { tasks, flows } = this.model;
    if (items.length !== tasks.length) return `There are ${items.length} tasks, not ${tasks.length}`;
    for (const task of tasks) {
      const seen = this.found.get(`${task.flow.id} ${task.key}`);
      const real = seen && [
        seen.state,
        seen.state === 'running' && !waiting.has(seen.id) ? 'not called' : 'called',
        seen.reason === 'condition',
        runs.get(seen.id) ?? 0,
      ];
      const expected = [task.state, 'called', task.byCondition, task.runs];
      if (task.flow.isUncertain && seen && hasEnded(seen.state) && hasEnded(task.state)) continue;
      if (!isDeepStrictEqual(real, expected)) return `${task.key} is ${shown(real)}, and should be ${shown(expected)}`;
    }
    for (const flow of flows) {
      const differs = await this.differenceIn(flow);
      if (differs !== null) return differs;
    }
    return null;
  }

  private async differenceIn({ id, state, ending, nodes, isUncertain }: ModelFlow): Promise<string | null> {
    const found = await this.tasks.getWorkflow(id);
    if (isUncertain) {
      const end = [found.state, found.reason ?? null, found.listed.every((node) => hasEnded(node.state))];
      return isDeepStrictEqual(end, [state, ending, true]) ? null : `Workflow ${id} is ${shown(found)}`;
    }
    const tasks = nodes.flatMap(({ all }) => all);
    const ended = tasks.filter((task) => hasEnded(task.state)).length;
    const real = {
      state: found.state,
      nodes: found.nodes,
      tasks: found.tasks,
      reason: found.reason ?? null,
      listed: found.listed.map(({ name, state: its, reason = null, tasks: counts }) => [name, its, counts, reason]),
    };
    const expected = {
      state,
      nodes: Object.fromEntries(NODE_STATES.map((each) => [each, nodes.filter((node) => node.state === each).length])),
      tasks: { total: tasks.length, ended },
      reason: ending,
      listed: nodes.map(({ name, state: its, reason, all }) => {
        const failed = all.filter((task) => task.state === 'failed').length;
        const counts = { total: all.length, ended: all.filter((task) => hasEnded(task.state)).length, failed };
        return [name, its, counts, reason];
      }),
    };
    if (!isDeepStrictEqual(real, expected)) return `Workflow ${id} is ${shown(real)}, and should be ${shown(expected)}`;
    for (const [place, { reason, cause }] of found.listed.entries()) {
      const { causes, name } = nodes[place]!;
      if (reason !== 'condition' || causes.includes(cause!)) continue;
      return `${name} was cancelled because of ${cause}, and should be because of ${causes.join(' or ')}`;
    }
    return null;
  }

  /** What was uncertain is known from then on. */
  private async adopt(flow: ModelFlow): Promise<void> {
    const { listed } = await this.tasks.getWorkflow(flow.id);
    for (const [place, node] of flow.nodes.entries()) {
      const { state, reason = null, cause } = listed[place]!;
      Object.assign(node, { state, reason, causes: cause === undefined ? [] : [cause] });
      for (const task of node.all) {
        const seen = this.found.get(`${flow.id} ${task.key}`)!;
        const byCondition = seen.reason === 'condition';
        Object.assign(task, { state: seen.state, byCondition, runs: runs.get(seen.id) ?? 0 });
      }
    }
    flow.isUncertain = false;
  }
}
