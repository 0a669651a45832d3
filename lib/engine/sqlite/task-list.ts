import { setImmediate as turn } from 'node:timers/promises';
import { failureKey } from '../failure-groups.js';
import type { PageRequest, TaskFilter, TaskOrder, TaskPage } from '../task-engine.js';
import { TASK_STATES, type TaskState, type TaskSummary } from '../task.js';
import type { Connection, Database } from './connection.js';
import { statement } from './statement.js';
import {
  CREATED_AT,
  MATCH_TASK,
  SEARCH_STEP,
  candidateQuery,
  decodeCursor,
  encodeCursor,
  type MatchRow,
} from './statements/list-tasks.js';
import { readFailure } from './statements/read-failures.js';
import { readSummary, readableParams, type Mask } from './statements/read-tasks.js';
import { taskKinds } from './statements/task-kinds.js';

/** A search that has taken this long gives back what it has; the cursor says where it goes on. */
const LONGEST_SEARCH_MS = 150;
/** Time that a step may take before other work of the process has its turn. */
const LONGEST_STEP_MS = 10;

/** Tasks that meet a filter, in the order in which they were stored or the other way round. */
export class TaskList {
  constructor(
    private readonly connection: Connection,
    private readonly mask: Mask,
  ) {}

  async page(filter: TaskFilter, { cursor, limit, order = 'newest' }: PageRequest): Promise<TaskPage> {
    const items: TaskSummary[] = [];
    let last: number | null = null;
    const deadline = performance.now() + LONGEST_SEARCH_MS;
    const steps = this.walk(filter, TASK_STATES, decodeCursor(cursor, order), limit, order);
    for await (const { seqs, scannedTo, done } of steps) {
      for (const seq of seqs) {
        const item = await this.connection.read((database) => readSummary(database, seq, this.mask));
        if (item) items.push(item);
        last = seq;
        if (items.length === limit) return { items, nextCursor: encodeCursor(last) };
      }
      last = scannedTo;
      if (done) return { items, nextCursor: null };
      if (performance.now() > deadline) break;
    }
    return { items, nextCursor: last === null ? null : encodeCursor(last) };
  }

  /**
   * Steps through the tasks that meet `filter`, yielding to other work between the steps.
   * @param among states that are wanted at all
   * @param after the number (`seq`) beyond which it begins
   * @param step how many a caller wants at a time
   */
  async *walk(
    filter: TaskFilter,
    among: readonly TaskState[],
    after: number,
    step: number,
    order: TaskOrder,
  ): AsyncGenerator<{ seqs: number[]; scannedTo: number | null; done: boolean }> {
    const states = among.filter((state) => isWanted(state, filter));
    const residual = isResidual(filter);
    const size = residual ? SEARCH_STEP : step;
    for (let next = after; ;) {
      const candidates = await this.connection.read((database) => {
        const { sql, parameters } = candidateQuery(filter, states, taskKinds(database, filter), next, size, order);
        const rows = statement<(string | number)[], { seq: number }>(database, sql).all(...parameters);
        return rows.map((row) => row.seq);
      });
      const { seqs, looked } = residual ? await this.look(candidates, filter) : { seqs: candidates, looked: size };
      const scanned = candidates.slice(0, looked);
      const done = candidates.length < size && scanned.length === candidates.length;
      yield { seqs, scannedTo: scanned.at(-1) ?? null, done };
      if (done) return;
      next = scanned.at(-1)!;
      await turn();
    }
  }

  /** Those of `candidates` that meet `filter`. Great params take long to search: it stops after a while. */
  private look(candidates: readonly number[], filter: TaskFilter): Promise<{ seqs: number[]; looked: number }> {
    return this.connection.read((database) => {
      const deadline = performance.now() + LONGEST_STEP_MS;
      const seqs: number[] = [];
      let looked = 0;
      for (const seq of candidates) {
        if (this.matches(database, seq, filter)) seqs.push(seq);
        looked += 1;
        if (performance.now() > deadline) break;
      }
      return { seqs, looked };
    });
  }

  private matches(database: Database, seq: number, filter: TaskFilter): boolean {
    return (
      isWithinTime(database, seq, filter) && hasError(database, seq, filter) && this.hasText(database, seq, filter)
    );
  }

  private hasText(database: Database, seq: number, { search = '' }: TaskFilter): boolean {
    if (search === '') return true;
    const text = search.toLowerCase();
    const row = statement<[{ text: string; seq: number }], MatchRow>(database, MATCH_TASK).get({ text, seq });
    if (!row) return false;
    if (row.hit) return true;
    if (row.sensitive === null && row.name_sensitive === null) return false;
    // What is masked cannot be guessed by searching for it.
    const { params } = readableParams(row, this.mask);
    return JSON.stringify(params).toLowerCase().includes(text);
  }
}

/** Whether no index serves the whole filter. */
function isResidual({ search, from, to, error }: TaskFilter): boolean {
  return [search, from, to, error].some((part) => part !== undefined);
}

/** What has an error's group has failed. */
function isWanted(state: TaskState, filter: TaskFilter): boolean {
  if (filter.error !== undefined && state !== 'failed') return false;
  return filter.state === undefined || filter.state === state;
}

function isWithinTime(database: Database, seq: number, { from, to }: TaskFilter): boolean {
  if (from === undefined && to === undefined) return true;
  const row = statement<[number], { created_at: number }>(database, CREATED_AT).get(seq);
  return row !== undefined && row.created_at >= (from ?? 0) && row.created_at < (to ?? Infinity);
}

function hasError(database: Database, seq: number, { error }: TaskFilter): boolean {
  if (error === undefined) return true;
  const failure = readFailure(database, seq);
  return failure !== null && failureKey(failure.name, failure.error) === error;
}
