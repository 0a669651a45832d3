import {
  hasEnded,
  type NodeReason,
  type NodeState,
  type TaskState,
  type WorkflowState,
} from '../../../lib/contract/index.js';
import { MINUTE } from '../../conformance/harness.js';
import { type Graph, type GraphNode, nameOf } from './graph.js';

export interface ModelTask {
  /** Of the task in its workflow. */
  readonly key: string;
  readonly flow: ModelFlow;
  readonly node: ModelNode;
  state: TaskState;
  /** Another node is why it was cancelled. */
  byCondition: boolean;
  runAt: number;
  /** How often its handler was called. */
  runs: number;
}

export interface ModelNode extends GraphNode {
  readonly name: string;
  state: NodeState;
  reason: NodeReason | null;
  /** Where another one is why: those that may be named. */
  causes: readonly string[];
  readonly all: ModelTask[];
}

export interface ModelFlow {
  readonly id: string;
  readonly nodes: readonly ModelNode[];
  state: WorkflowState;
  /** It is being ended, or was. */
  ending: 'cancelled' | 'deadline' | null;
  deadlineAt: number | null;
  /** It was cancelled while something of it began anew: all of it ends, and what had failed may have been cancelled since. */
  isUncertain: boolean;
}

/** What the guide says of workflows: of each node whether it waits, runs or has ended, and why. */
export class WorkflowsModel {
  readonly flows: ModelFlow[] = [];

  constructor(public now: number) {}

  start(id: string, { nodes, deadlineMinutes }: Graph): void {
    const flow: ModelFlow = {
      id,
      nodes: nodes.map((node, place): ModelNode => ({
        ...node,
        name: nameOf(place),
        state: 'blocked',
        reason: null,
        causes: [],
        all: [],
      })),
      state: 'running',
      ending: null,
      deadlineAt: deadlineMinutes === null ? null : this.now + deadlineMinutes * MINUTE,
      isUncertain: false,
    };
    for (const node of flow.nodes) {
      for (let index = 0; index < node.tasks; index += 1) this.addTask(flow, node, `${node.name}.${index}`, 'blocked');
    }
    this.flows.push(flow);
  }

  get tasks(): ModelTask[] {
    return this.flows.flatMap(({ nodes }) => nodes.flatMap(({ all }) => all));
  }

  /** A task that runs adds one to its node; nothing where it has added one under that key. */
  add(adder: ModelTask, key: string): void {
    const added = `${adder.key}+${key}`;
    if (!adder.node.all.some((task) => task.key === added)) this.addTask(adder.flow, adder.node, added, 'available');
  }

  end(task: ModelTask, state: 'completed' | 'failed'): void {
    task.state = state;
  }

  /** Returns whether it is done. */
  cancelTask(task: ModelTask): boolean {
    if (hasEnded(task.state)) return false;
    Object.assign(task, { state: 'cancelled', byCondition: false });
    return true;
  }

  retryTask(task: ModelTask): boolean {
    if (task.state !== 'failed' && task.state !== 'cancelled') return false;
    Object.assign(task, { state: 'available', byCondition: false });
    if (hasEnded(task.node.state)) Object.assign(task.node, { state: 'running', reason: null });
    if (task.flow.state !== 'running') this.liveAgain(task.flow);
    return true;
  }

  cancelFlow(flow: ModelFlow, ending: 'cancelled' | 'deadline' = 'cancelled'): boolean {
    if (flow.state !== 'running') return false;
    flow.ending = ending;
    for (const node of flow.nodes.filter(({ state }) => !hasEnded(state))) {
      node.reason = ending;
      if (node.state === 'blocked') node.state = 'cancelled';
      for (const task of node.all) this.cancelTask(task);
    }
    return true;
  }

  /** @param from name of a node; null: each that failed, or that the deadline cancelled */
  retryFlow(flow: ModelFlow, from: string | null): boolean {
    const nodes = flow.nodes.filter(({ name, state, reason }) =>
      from === null ? state === 'failed' || reason === 'deadline' : name === from && isBad(state),
    );
    if (nodes.length === 0) return false;
    this.liveAgain(flow);
    for (const node of nodes) {
      const [was, will] =
        node.state === 'failed' ? (['failed', 'available'] as const) : (['cancelled', 'blocked'] as const);
      for (const task of node.all) if (task.state === was) Object.assign(task, { state: will, byCondition: false });
      Object.assign(node, { state: was === 'failed' ? 'running' : 'blocked', reason: null });
    }
    return true;
  }

  /** The process ends: what runs is given back. */
  restart(): void {
    for (const task of this.tasks) if (task.state === 'running') task.state = 'available';
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const flow of this.flows) {
      if (flow.ending === null && flow.deadlineAt !== null && flow.deadlineAt <= this.now)
        this.cancelFlow(flow, 'deadline');
    }
  }

  /** Until nothing follows from anything any more. */
  settle(): void {
    for (const flow of this.flows) {
      while (flow.nodes.some((node) => this.judge(flow, node)));
      const isOver = flow.nodes.every(({ state, all }) => hasEnded(state) && !isOpen(all));
      if (isOver && flow.state === 'running') flow.state = endOf(flow);
    }
    for (const task of this.tasks) {
      if (task.state === 'scheduled' && task.runAt <= this.now) task.state = 'available';
      if (task.state !== 'available') continue;
      task.state = 'running';
      task.runs += 1;
    }
  }

  /** Returns whether anything has changed. */
  private judge(flow: ModelFlow, node: ModelNode): boolean {
    const before = node.state;
    const parents = node.after.map((place) => flow.nodes[place]!);
    const ended = parents.filter(({ state, all }) => hasEnded(state) && !isOpen(all));
    const failed = ended.filter(({ state }) => state === 'failed');
    const bad = ended.filter(({ state }) => isBad(state));
    const areAll = ended.length === parents.length;
    const mayRun =
      node.when === 'ended' || (node.when === 'completed' ? bad.length === 0 : !areAll || failed.length > 0);
    if (node.state === 'cancelled' && node.reason === 'condition' && mayRun) {
      Object.assign(node, { state: 'blocked', reason: null });
      for (const task of node.all) if (task.byCondition) Object.assign(task, { state: 'blocked', byCondition: false });
    } else if (!hasEnded(node.state) && node.all.length > 0 && !isOpen(node.all)) {
      node.state = stateOf(node.all);
      if (node.state !== 'cancelled') node.reason = null;
    } else if (node.state === 'blocked' && !mayRun) {
      node.causes = (node.when === 'completed' ? bad : ended).map(({ name }) => name);
      Object.assign(node, { state: 'cancelled', reason: 'condition' });
      for (const task of node.all) if (this.cancelTask(task)) task.byCondition = true;
    } else if (node.state === 'blocked' && areAll) {
      node.state = node.all.length === 0 ? 'completed' : 'running';
      for (const task of node.all.filter(({ state }) => state === 'blocked')) {
        task.runAt = this.now + node.delayMinutes * MINUTE;
        task.state = node.delayMinutes > 0 ? 'scheduled' : 'available';
      }
    }
    return node.state !== before;
  }

  private liveAgain(flow: ModelFlow): void {
    flow.state = 'running';
    flow.ending = null;
    if (flow.deadlineAt !== null && flow.deadlineAt <= this.now) flow.deadlineAt = null;
  }

  private addTask(flow: ModelFlow, node: ModelNode, key: string, state: TaskState): void {
    node.all.push({ key, flow, node, state, byCondition: false, runAt: this.now, runs: 0 });
  }
}

function isBad(state: NodeState): boolean {
  return state === 'failed' || state === 'cancelled';
}

function isOpen(tasks: readonly ModelTask[]): boolean {
  return tasks.some(({ state }) => !hasEnded(state));
}

function stateOf(tasks: readonly ModelTask[]): 'failed' | 'cancelled' | 'completed' {
  if (tasks.some(({ state }) => state === 'failed')) return 'failed';
  return tasks.some(({ state }) => state === 'cancelled') ? 'cancelled' : 'completed';
}

function endOf({ ending, nodes }: ModelFlow): WorkflowState {
  if (ending !== null) return ending === 'deadline' ? 'failed' : 'cancelled';
  const unanswered = nodes.filter(
    ({ state, reason }, place) =>
      isBad(state) &&
      reason !== 'condition' &&
      !nodes.some((other) => other.after.includes(place) && other.when !== 'completed' && other.state === 'completed'),
  );
  if (unanswered.some(({ state }) => state === 'failed')) return 'failed';
  return unanswered.length > 0 ? 'cancelled' : 'completed';
}
