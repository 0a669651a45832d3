import type { TaskState } from '../../lib/contract/index.js';
import type { NewWorkflow, Outcome, StartAnswer } from '../../lib/engine/port/index.js';
import { countOnWorkflows } from '../../lib/engine/sqlite/sql/end-workflows.js';
import type { Judging } from '../../lib/engine/sqlite/sql/judge-nodes.js';
import { runScript } from '../../lib/engine/sqlite/sql/run-script.js';
import { settleWorkflows } from '../../lib/engine/sqlite/sql/settle-workflows.js';
import { startWorkflow } from '../../lib/engine/sqlite/sql/start-workflow.js';
import { WorkflowCounts } from '../../lib/engine/sqlite/sql/workflow-counts.js';
import type { Transaction } from '../../lib/engine/sqlite/store/transaction.js';
import { QuietStore } from './quiet-store.js';
import { newWorkflow, type NodeShape } from './new-workflow.js';

const KEEP_MS = 60_000;
/** More than any workflow of the tests takes. */
const MAX_ROUNDS = 500;

const TASKS_OF = `
  SELECT tasks_task.id, tasks_task.state
    FROM tasks_node JOIN tasks_node_task ON node = tasks_node.seq JOIN tasks_task ON tasks_task.seq = tasks_node_task.task
   WHERE tasks_node.name = ? ORDER BY tasks_task.seq`;

const CAUSE_OF = `
  SELECT cause.name FROM tasks_node JOIN tasks_node AS cause ON cause.seq = tasks_node.cause WHERE tasks_node.name = ?`;

/** A store with workflows, which nobody settles but the test. */
export class QuietWorkflows extends QuietStore {
  static override async open(): Promise<QuietWorkflows> {
    return new QuietWorkflows(await QuietStore.inMemory());
  }

  static override async openFile(): Promise<QuietWorkflows> {
    return new QuietWorkflows(...(await QuietStore.inFolder()));
  }

  start(workflow: NewWorkflow): StartAnswer {
    return this.write((transaction) => runScript(transaction, startWorkflow(workflow, this.now, transaction)));
  }

  /** Starts one of these nodes. */
  begin(shapes: Readonly<Record<string, NodeShape>>, overrides?: Partial<NewWorkflow>): NewWorkflow {
    const workflow = newWorkflow(this.clock, shapes, overrides);
    this.start(workflow);
    return workflow;
  }

  /** One round. Returns whether something may be left. */
  round(limit = 200): boolean {
    const rules = { now: this.now, keepFor: () => KEEP_MS };
    return this.write((transaction) => settleWorkflows(transaction, rules, limit));
  }

  /** One step of a round alone, and what its workflows are by it. */
  step<Result>(work: (transaction: Transaction, judging: Judging) => Result): Result {
    return this.write((transaction) => {
      const judging = { database: transaction.database, counts: new WorkflowCounts() };
      const result = work(transaction, judging);
      countOnWorkflows(transaction, judging, this.now);
      return result;
    });
  }

  /** All that is due, so much a round. Returns how many rounds left something. */
  settle(limit?: number): number {
    for (let rounds = 0; rounds <= MAX_ROUNDS; rounds += 1) if (!this.round(limit)) return rounds;
    throw new Error('It comes to no end');
  }

  /** As somebody ends all workflows, or their time is over. */
  endAll(ending: 'cancelled' | 'deadline' | 'deleted'): void {
    this.run('UPDATE tasks_workflow SET ending = ?, walk = 0', ending);
    this.settle();
  }

  /** The id of a task of a node. */
  taskOf(node: string, nth = 0): string {
    return this.find(TASKS_OF, node)[nth]!.id as string;
  }

  stateOf(node: string, nth?: number): TaskState {
    return this.states([this.taskOf(node, nth)])[0]!;
  }

  /** Ends a task of each of these nodes, one after the other, and settles what follows. */
  work(outcome: Outcome, ...nodes: readonly string[]): void {
    for (const node of nodes) {
      const next = this.find(TASKS_OF, node).find(({ state }) => state === 'available')!;
      this.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', next.id as string);
      this.end(this.claim()[0]!, { ...outcome, keepFor: 1_000 } as Outcome);
      this.settle();
    }
  }

  /** Ends what can run, one task after the other, in these ways, and settles what follows. */
  workInOrder(...outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      this.end(this.claim()[0]!, outcome);
      this.settle();
    }
  }

  /** The states of nodes by name, with the reason of each that has one. */
  nodes(): Record<string, string> {
    const rows = this.find('SELECT name, state, reason FROM tasks_node ORDER BY seq');
    return Object.fromEntries(
      rows.map(({ name, state, reason }) => [name as string, [state, reason].filter(Boolean).join(' ')]),
    );
  }

  /** The name of the node because of which one does not run. */
  causeOf(node: string): unknown {
    return this.find(CAUSE_OF, node)[0]?.name;
  }

  /** The states of tasks, in the order in which they were stored. */
  tasks(): unknown[] {
    return this.find('SELECT state FROM tasks_task ORDER BY seq').map(({ state }) => state);
  }

  /** The row of a workflow, or of the one that was started last. */
  workflow(id?: string): Record<string, unknown> | undefined {
    if (id !== undefined) return this.find('SELECT * FROM tasks_workflow WHERE id = ?', id)[0];
    return this.find('SELECT * FROM tasks_workflow ORDER BY seq DESC')[0];
  }
}
