import { type Clock, sleep } from '../../../clock/index.js';
import type { NewTask, NewWorkflow, StartAnswer } from '../../port/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { runScript, type Script } from './run-script.js';
import { BEGIN_TO_DELETE, IS_STARTING } from './starting-workflows.js';
import { besideTask } from './task-traits.js';
import {
  placedEdges,
  insertEdges,
  insertNodes,
  insertTasksOfNodes,
  insertWorkflow,
  type PlacedNode,
  type PlacedTask,
} from './workflow-rows.js';

/** Rows that one transaction of a start is about. */
const MAX_CHUNK = 500;
/** A node is in three indexes. */
const WEIGHT_OF_NODE = 2;
/** Characters of params that take as long as a row. */
const CHARACTERS_A_ROW = 2_000;
/** A start of which nothing was heard for so long is given up: its process is gone. In milliseconds. */
export const MAX_START_SILENCE_MS = 60_000;
/** Between two looks whether somebody else is done with a start of the same id. */
const LOOK_AGAIN_MS = 20;

/** Of a start: the row, and the time by which its next chunk is to come, which tells it from one that took its place. */
interface Fence {
  readonly seq: number;
  readonly id: string;
  readonly expiresAt: number;
}

const OF_FENCE = `WHERE seq = ? AND id = ? AND expires_at = ? AND ${IS_STARTING}`;

export const GO_ON_WITH_START = `UPDATE tasks_workflow SET expires_at = ? ${OF_FENCE}`;

/** From its commit on the workflow is there. Its nodes are gone through, and those that wait for nothing may run. */
export const FINISH_START = `UPDATE tasks_workflow SET expires_at = NULL, walk = 0, deadline_at = ? ${OF_FENCE}`;

export const GIVE_START_UP = `UPDATE tasks_workflow SET ${BEGIN_TO_DELETE} ${OF_FENCE}`;

export const IS_BEING_STARTED = `SELECT 1 FROM tasks_workflow WHERE id = ? AND ${IS_STARTING}`;

/** Of a start that was given up, its tasks may be there, whose ids those of the next one have. */
export const IS_BEING_DELETED = `SELECT 1 FROM tasks_workflow WHERE seq = ? AND ending = 'deleted'`;

/** Whether a workflow is stored in several transactions, so that none of them is long. */
export function isLarge({ nodes }: NewWorkflow): boolean {
  let rows = 0;
  for (const node of nodes) {
    rows += WEIGHT_OF_NODE + node.after.length;
    for (const task of node.tasks) {
      rows += weightOfTask(task);
      if (rows > MAX_CHUNK) return true;
    }
  }
  return rows > MAX_CHUNK;
}

/**
 * Stores a large workflow in short transactions:
 *
 *     (none) ──first──> starting ──nodes, edges, tasks──> starting ──last──> running
 *                          └──nothing was heard of it for a minute──> deleted, as one whose time is over
 *
 * Until the last all of it is blocked, tasks come after all that could wait for them, and nothing is judged. Where a process dies
 * in between, any other one deletes what is there. Where it was only slow, it begins anew once that is deleted. Resolves when it
 * is stored for good.
 */
export async function startInChunks(writer: Writer, clock: Clock, workflow: NewWorkflow): Promise<StartAnswer> {
  let givenUp: Fence | null = null;
  for (;;) {
    const now = clock.now();
    const before: Fence | null = givenUp;
    const begun: Begun = await writer.write((transaction) => begin(transaction, workflow, before, now));
    if (begun === 'existing') return begun;
    if (begun === 'starting') await sleep(LOOK_AGAIN_MS);
    else if (await new ChunkedStart(writer, clock, workflow, begun).store()) return 'stored';
    else givenUp = begun;
  }
}

type Begun = Fence | 'existing' | 'starting';

/** @param givenUp the start before */
function begin(transaction: Transaction, workflow: NewWorkflow, givenUp: Fence | null, now: number): Begun {
  if (givenUp && statement<[number]>(transaction.database, IS_BEING_DELETED).get(givenUp.seq)) return 'starting';
  const expiresAt = now + MAX_START_SILENCE_MS;
  const counts = { blocked: workflow.nodes.length, running: 0, completed: 0 };
  const { id } = workflow;
  const seq = runScript(transaction, insertWorkflow(workflow, { counts, deadlineAt: null, expiresAt }));
  if (seq !== null) {
    transaction.settles(expiresAt);
    return { seq, id, expiresAt };
  }
  return statement<[string]>(transaction.database, IS_BEING_STARTED).get(id) ? 'starting' : 'existing';
}

class ChunkedStart {
  constructor(
    private readonly writer: Writer,
    private readonly clock: Clock,
    private readonly workflow: NewWorkflow,
    private fence: Fence,
  ) {}

  /** Resolves to false where it was given up meanwhile, or overtaken. */
  async store(): Promise<boolean> {
    try {
      return await this.storeAll();
    } catch (error) {
      // Where that fails too, its time will be over.
      await this.writer.write((transaction) => this.giveUp(transaction)).catch(() => undefined);
      throw error;
    }
  }

  private async storeAll(): Promise<boolean> {
    const { workflow } = this;
    const { seq } = this.fence;
    const seqs: number[] = [];
    for (const some of chunksOf(placedNodes(workflow), () => WEIGHT_OF_NODE)) {
      const found = await this.chunk(() => insertNodes(seq, some));
      if (!found) return false;
      seqs.push(...found.result);
    }
    for (const some of chunksOf(placedEdges(workflow), () => 1)) {
      if (!(await this.chunk(() => insertEdges(seqs, some)))) return false;
    }
    for (const some of chunksOf(placedTasks(workflow), ({ task }) => weightOfTask(task))) {
      if (!(await this.chunk((transaction) => insertTasksOfNodes(seq, seqs, some, transaction)))) return false;
    }
    return this.writer.write((transaction) => this.finish(transaction));
  }

  /** Resolves to what the script returns; to null where the start was given up meanwhile. */
  private async chunk<Result>(
    script: (transaction: Transaction) => Script<Result>,
  ): Promise<{ readonly result: Result } | null> {
    const { seq, id, expiresAt } = this.fence;
    const next = this.clock.now() + MAX_START_SILENCE_MS;
    const done = await this.writer.write((transaction) => {
      const goOn = statement<[number, number, string, number]>(transaction.database, GO_ON_WITH_START);
      if (goOn.run(next, seq, id, expiresAt).changes === 0) return null;
      return { result: runScript(transaction, script(transaction)) };
    });
    this.fence = { seq, id, expiresAt: next };
    return done;
  }

  private finish(transaction: Transaction): boolean {
    const { seq, id, expiresAt } = this.fence;
    const finish = statement<[number | null, number, string, number]>(transaction.database, FINISH_START);
    if (finish.run(this.workflow.deadlineAt, seq, id, expiresAt).changes === 0) return false;
    transaction.settles(0);
    return true;
  }

  private giveUp(transaction: Transaction): void {
    const { seq, id, expiresAt } = this.fence;
    const { changes } = statement<[number, string, number]>(transaction.database, GIVE_START_UP).run(
      seq,
      id,
      expiresAt,
    );
    if (changes > 0) transaction.settles(0);
  }
}

function placedNodes({ nodes }: NewWorkflow): PlacedNode[] {
  return nodes.map((node, number) => ({ node, number, state: 'blocked' }));
}

function placedTasks({ nodes }: NewWorkflow): PlacedTask[] {
  return nodes.flatMap((node, number) => node.tasks.map((task) => ({ task, node, number, state: 'blocked' as const })));
}

/** Its row, and those beside it. */
function weightOfTask(task: NewTask): number {
  return 2 + [...besideTask(task)].length + task.params.length / CHARACTERS_A_ROW;
}

function* chunksOf<Row>(rows: readonly Row[], weigh: (row: Row) => number): Generator<readonly Row[]> {
  let first = 0;
  let weight = 0;
  for (const [place, row] of rows.entries()) {
    weight += weigh(row);
    if (weight < MAX_CHUNK) continue;
    yield rows.slice(first, place + 1);
    first = place + 1;
    weight = 0;
  }
  if (first < rows.length) yield rows.slice(first);
}
