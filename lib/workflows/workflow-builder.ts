import type { EntityManager } from 'typeorm';
import {
  checkOwnId,
  checkTags,
  MAX_DURATION_MS,
  MAX_NAME_LENGTH,
  isText,
  parseDuration,
  shownValue,
} from '../checks/index.js';
import { turn } from '../clock/index.js';
import {
  type Duration,
  InvalidArgumentError,
  InvalidWorkflowError,
  type NodeKind,
  type ParamsOf,
  type TaskTags,
} from '../contract/index.js';
import type { NewNode, NewTask } from '../engine/port/index.js';
import { edgesOf, MAX_WORKFLOW_NODES, MAX_WORKFLOW_TASKS } from './graph.js';
import { type CheckedNodeOptions, checkNodeOptions, type NodeOptions } from './node-options.js';
import { NodeRef } from './node-ref.js';
import { workflowsOf } from './supported.js';
import type { WorkflowParts } from './workflow-parts.js';
import { WorkflowRun } from './workflow-run.js';

/** Nodes that are prepared at a stretch; then whatever else waits has its turn. */
const AT_A_STRETCH = 100;

export interface WorkflowOptions {
  /**
   * When what has not ended of it is cancelled, and it has failed: from its start, or a date.
   * @default it has all the time
   */
  deadline?: Duration | Date;
  /** Names with values of the whole workflow, as those of a task. */
  tags?: TaskTags;
}

export interface StartOptions {
  /**
   * The workflow's id, in the place of one that is made for it: 1 to 255 characters. A workflow that has it is started once as long
   * as it is kept: where it is there already, whatever has become of it, nothing is stored and its run comes back.
   */
  id?: string;
  /** Start it within this transaction. */
  manager?: EntityManager;
}

/** A node on its way. */
interface BuiltNode extends Omit<CheckedNodeOptions, 'name'> {
  readonly ref: NodeRef;
  readonly kind: NodeKind;
  readonly queue: string;
  readonly taskName: string;
  readonly rows: readonly object[];
}

/**
 * A workflow that is being put together. Nothing of it is checked against the store, or stored, before {@link start}.
 *
 * @publicApi
 */
export class WorkflowBuilder<TaskOptions extends object = object> {
  private readonly nodes: BuiltNode[] = [];
  private readonly options: WorkflowOptions;
  private started = false;

  /** @internal Made by `TaskDispatcher.workflow`. */
  constructor(
    private readonly parts: WorkflowParts,
    readonly name: string,
    options: WorkflowOptions = {},
  ) {
    if (!isText(name, MAX_NAME_LENGTH)) {
      throw new InvalidArgumentError(
        'name',
        `The name of a workflow must be a text of 1 to ${MAX_NAME_LENGTH} characters, not ${shownValue(name)}.`,
      );
    }
    const { deadline, tags, ...others } = options;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw this.fail(`has no option "${unknown}". Known: deadline, tags.`);
    this.options = {
      ...(deadline !== undefined && { deadline }),
      ...(tags !== undefined && { tags: checkTags(tags) }),
    };
  }

  /**
   * Adds a node of one task.
   *
   * @param queue one that is configured
   * @param name of the task, and of the node where `as` gives no other
   * @param options `after` and `when` say what it waits for; the rest are settings of the task
   * @returns the node, for the `after` of others
   * @throws InvalidWorkflowError, InvalidArgumentError
   */
  add<Name extends string>(
    queue: string,
    name: Name,
    params: ParamsOf<Name>,
    options?: NodeOptions & TaskOptions,
  ): NodeRef {
    return this.node('one', queue, name, [params], options);
  }

  /**
   * Adds a node of many tasks, one for each row, which run beside each other. Whoever waits for the node waits for all of them.
   *
   * @param rows params of one task each; where there are none, the node has completed when it may run
   * @see {@link add} for the rest
   */
  each<Name extends string>(
    queue: string,
    name: Name,
    rows: ReadonlyArray<ParamsOf<Name>>,
    options?: NodeOptions & TaskOptions,
  ): NodeRef {
    if (!Array.isArray(rows)) throw this.fail(`takes an array with the params of each task of "${name}".`);
    return this.node('each', queue, name, rows as readonly object[], options);
  }

  /**
   * Stores the workflow with all of its tasks, or nothing.
   *
   * @param options `id`: its own id, see {@link StartOptions}; `manager`: within this transaction, so that it is there if and only if
   *   that commits
   * @returns its run, of which `started` is false where a workflow of that id was there
   * @throws InvalidWorkflowError for a circle, a reference to no node of it, and for more nodes than there may be;
   *   WorkflowsNotSupportedError where the engine has none; what `queue` throws of each task; ForeignManagerError, StoreError
   */
  async start(options: StartOptions = {}): Promise<WorkflowRun> {
    const engine = workflowsOf(this.parts.engine, `workflow "${this.name}" cannot be started`);
    const { manager } = options;
    const own = options.id === undefined ? null : checkOwnId(options.id, 'id');
    if (this.started) throw this.fail('was started before: build another one to run it again.');
    this.check();
    const after = edgesOf(this.nodes, (problem) => this.fail(problem));
    const now = this.parts.clock.now();
    const id = own ?? this.parts.newId(now);
    const deadlineAt = this.deadlineAt(now);
    const nodes: NewNode[] = [];
    for (const [place, node] of this.nodes.entries()) {
      nodes.push(await this.prepare(node, id, after[place]!));
      if (place % AT_A_STRETCH === AT_A_STRETCH - 1) await turn();
    }
    const { tags = null } = this.options;
    this.started = true;
    try {
      const workflow = { id, mayExist: own !== null, name: this.name, tags, createdAt: now, deadlineAt, nodes };
      const answer = await engine.start(workflow, manager);
      return new WorkflowRun(this.parts.engine, this.parts.clock, id, answer === 'stored');
    } catch (error) {
      this.started = false;
      throw error;
    }
  }

  private node(
    kind: NodeKind,
    queue: string,
    taskName: string,
    rows: readonly object[],
    options: object = {},
  ): NodeRef {
    const fail = (problem: string): Error => this.fail(`has a node "${taskName}" that ${problem}.`);
    if (typeof taskName !== 'string')
      throw this.fail('has a node without the name of a task: add(queue, name, params).');
    const { name, ...checked } = checkNodeOptions(options, taskName, fail);
    const ref = new NodeRef(name);
    this.nodes.push({ ...checked, ref, kind, queue, taskName, rows });
    return ref;
  }

  private check(): void {
    const { length } = this.nodes;
    if (length === 0) throw this.fail('has no nodes: add(queue, name, params) adds one.');
    if (length > MAX_WORKFLOW_NODES) {
      throw this.fail(
        `has ${length} nodes; at most ${MAX_WORKFLOW_NODES} are taken. Let each() make one node of many tasks.`,
      );
    }
    const tasks = this.nodes.reduce((sum, { rows }) => sum + rows.length, 0);
    if (tasks > MAX_WORKFLOW_TASKS) {
      throw this.fail(
        `has ${tasks} tasks; at most ${MAX_WORKFLOW_TASKS} are taken. Let tasks of it add others, by task.add.`,
      );
    }
  }

  private async prepare(node: BuiltNode, id: string, after: readonly number[]): Promise<NewNode> {
    const { ref, kind, queue, taskName, rows, when, delay, task } = node;
    const made = await this.parts.prepare(queue, taskName, rows, task);
    const own = made.find(({ mayExist }) => mayExist);
    if (own)
      throw this.fail(`has a node "${ref.name}" whose tasks would have an id of their own by "key": leave that out.`);
    const workflow = { id, node: ref.name };
    const tasks = made.map((one): NewTask => ({ ...one, traits: { ...one.traits, workflow } }));
    return { name: ref.name, kind, queue, task: taskName, when, delay, after, tasks };
  }

  private deadlineAt(now: number): number | null {
    const { deadline } = this.options;
    if (deadline === undefined) return null;
    const time = deadline instanceof Date ? deadline.getTime() : now + parseDuration(deadline, 'deadline');
    if (time > now && time <= now + MAX_DURATION_MS) return time;
    throw new InvalidArgumentError('deadline', 'deadline must be in the future, and less than ten years away.');
  }

  private fail(problem: string): InvalidWorkflowError {
    return new InvalidWorkflowError(this.name, problem);
  }
}
