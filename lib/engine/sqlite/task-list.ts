import { setImmediate as turn } from 'node:timers/promises';
import type { TaskFilter, TaskPage } from '../task-engine.js';
import type { TaskSummary } from '../task.js';
import type { Connection } from './connection.js';
import { statement } from './statement.js';
import {
  MATCH_TASK,
  SEARCH_STEP,
  candidateQuery,
  decodeCursor,
  encodeCursor,
  type MatchRow,
} from './statements/list-tasks.js';
import { allCounts } from './statements/queue-depths.js';
import { readSummary, readableParams, type Mask } from './statements/read-tasks.js';

/** A search that has taken this long gives back what it has; the cursor says where it goes on. */
const LONGEST_SEARCH_MS = 150;

/** Tasks that meet a filter, the newest first. */
export class TaskList {
  constructor(
    private readonly connection: Connection,
    private readonly mask: Mask,
  ) {}

  async page(filter: TaskFilter, { cursor, limit }: { cursor?: string; limit: number }): Promise<TaskPage> {
    const items: TaskSummary[] = [];
    let last: number | null = null;
    const deadline = performance.now() + LONGEST_SEARCH_MS;
    for await (const { seqs, scannedTo, done } of this.walk(filter, decodeCursor(cursor), limit)) {
      for (const seq of seqs) {
        const item = readSummary(this.connection.database, seq, this.mask);
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
   * Steps through the tasks that meet `filter`, the newest first, yielding to other work between the steps.
   * @param before numbers (`seq`) from this one on are left out
   * @param step how many a caller wants at a time
   */
  async *walk(
    filter: TaskFilter,
    before: number,
    step: number,
  ): AsyncGenerator<{ seqs: number[]; scannedTo: number | null; done: boolean }> {
    const { database } = this.connection;
    const residual = filter.search !== undefined || (filter.queue !== undefined && filter.name !== undefined);
    const size = residual ? SEARCH_STEP : step;
    for (let next = before; ;) {
      const queues = filter.state && !filter.queue && !filter.name ? [...allCounts(database).keys()] : [];
      const { sql, parameters } = candidateQuery(filter, queues, next, size);
      const candidates = statement<(string | number)[], { seq: number }>(database, sql)
        .all(...parameters)
        .map((row) => row.seq);
      const seqs = residual ? candidates.filter((seq) => this.matches(seq, filter)) : candidates;
      const done = candidates.length < size;
      yield { seqs, scannedTo: candidates.at(-1) ?? null, done };
      if (done) return;
      next = candidates.at(-1)!;
      await turn();
    }
  }

  private matches(seq: number, { search = '', queue = '' }: TaskFilter): boolean {
    const text = search.toLowerCase();
    const row = statement<[string, number, string], MatchRow>(this.connection.database, MATCH_TASK).get(
      text,
      seq,
      queue,
    );
    if (!row) return false;
    if (row.hit || text === '') return true;
    if (row.sensitive === null) return false;
    // What is masked cannot be guessed by searching for it.
    const { params } = readableParams(row, this.mask);
    return JSON.stringify(params).toLowerCase().includes(text);
  }
}
