import type { Clock } from '../../lib/clock/index.js';
import type { NodeCondition, NodeKind, TaskTraits } from '../../lib/contract/index.js';
import type { NewNode, NewTask, NewWorkflow, Outcome, StartAnswer } from '../../lib/engine/port/index.js';
import { runScript } from '../../lib/engine/sqlite/sql/run-script.js';
import { settleWorkflows } from '../../lib/engine/sqlite/sql/settle-workflows.js';
import { startWorkflow } from '../../lib/engine/sqlite/sql/start-workflow.js';
import { newTask } from '../conformance/harness.js';
import type { StatementSite } from './statement-site.js';

/** A node, by what is not usual of it. */
export interface NodeShape {
  readonly after?: readonly number[];
  readonly when?: NodeCondition;
  readonly kind?: NodeKind;
  /** So many tasks, or these. */
  readonly tasks?: number | ReadonlyArray<Partial<NewTask>>;
  readonly delay?: number;
  readonly queue?: string;
}

/** A workflow of these nodes, which have a task each unless it is said. */
export function newWorkflow(
  clock: Pick<Clock, 'now'>,
  shapes: Readonly<Record<string, NodeShape>>,
  overrides: Partial<NewWorkflow> = {},
): NewWorkflow {
  const id = overrides.id ?? newTask(clock).id;
  const nodes = Object.entries(shapes).map(([name, shape]): NewNode => {
    const { after = [], when = 'completed', tasks = 1, delay = 0, queue = 'default' } = shape;
    const kind = shape.kind ?? (shape.tasks === undefined ? 'one' : 'each');
    const given = typeof tasks === 'number' ? Array.from({ length: tasks }, () => ({})) : tasks;
    const made = given.map((task: Partial<NewTask>) => {
      const traits: TaskTraits = { ...task.traits, workflow: { id, node: name } };
      return newTask(clock, { queue, ...task, traits });
    });
    return { name, kind, queue, task: 'work', when, delay, after, tasks: made };
  });
  const own = { mayExist: false, name: 'order', tags: { order: '7' }, createdAt: clock.now(), deadlineAt: null };
  return { ...own, nodes, ...overrides, id };
}

/** Workflows in a store on which nobody settles them but the test. */
export class WorkflowSite {
  constructor(private readonly site: StatementSite) {}

  start(workflow: NewWorkflow): Promise<StartAnswer> {
    return this.site.run((transaction) => runScript(transaction, startWorkflow(workflow, this.site.now, transaction)));
  }

  /** Starts one of these nodes. */
  async begin(shapes: Readonly<Record<string, NodeShape>>, overrides?: Partial<NewWorkflow>): Promise<NewWorkflow> {
    const workflow = newWorkflow(this.site.clock, shapes, overrides);
    await this.start(workflow);
    return workflow;
  }

  /** One round. @returns whether something may be left */
  round(limit = 200): Promise<boolean> {
    const rules = { now: this.site.now, keepFor: () => 60_000 };
    return this.site.run((transaction) => settleWorkflows(transaction, rules, limit));
  }

  /** All that is due. @returns how many rounds it took that did anything */
  async settle(limit?: number): Promise<number> {
    for (let rounds = 0; ; rounds += 1) if (!(await this.round(limit))) return rounds;
  }

  /** Ends what can run in a queue, one task after the other, in these ways, and settles what follows. */
  async work(...outcomes: readonly Outcome[]): Promise<void> {
    for (const outcome of outcomes) {
      const [claimed] = await this.site.claim(1);
      await this.site.end(claimed!, outcome);
      await this.settle();
    }
  }

  /** The states of the nodes by their names, with the reason of each that has one. */
  nodes(): Readonly<Record<string, string>> {
    const rows = this.site.all('SELECT name, state, reason FROM tasks_node ORDER BY seq');
    return Object.fromEntries(rows.map(({ name, state, reason }) => [name, [state, reason].filter(Boolean).join(' ')]));
  }

  /** The states of tasks, in the order in which they were stored. */
  tasks(): unknown[] {
    return this.site.all('SELECT state FROM tasks_task ORDER BY seq').map(({ state }) => state);
  }

  /** What a workflow's row says. */
  row(id: string): Readonly<Record<string, unknown>> | undefined {
    return this.site.all('SELECT * FROM tasks_workflow WHERE id = ?', id)[0];
  }
}
