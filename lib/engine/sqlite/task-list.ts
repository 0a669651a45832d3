import { setImmediate as turn } from 'node:timers/promises';
import type { TaskFilter, TaskPage } from '../task-engine.js';
import { TASK_STATES, type TaskState, type TaskSummary } from '../task.js';
import type { Connection, Database } from './connection.js';
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
    for await (const { seqs, scannedTo, done } of this.walk(filter, TASK_STATES, decodeCursor(cursor), limit)) {
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
   * Steps through the tasks that meet `filter`, the newest first, yielding to other work between the steps.
   * @param among states that are wanted at all
   * @param before numbers (`seq`) from this one on are left out
   * @param step how many a caller wants at a time
   */
  async *walk(
    filter: TaskFilter,
    among: readonly TaskState[],
    before: number,
    step: number,
  ): AsyncGenerator<{ seqs: number[]; scannedTo: number | null; done: boolean }> {
    const states = filter.state ? among.filter((state) => state === filter.state) : among;
    const residual = filter.search !== undefined || (filter.queue !== undefined && filter.name !== undefined);
    const size = residual ? SEARCH_STEP : step;
    for (let next = before; ;) {
      const candidates = await this.connection.read((database) => {
        const { sql, parameters } = candidateQuery(filter, states, [...allCounts(database).keys()], next, size);
        const rows = statement<(string | number)[], { seq: number }>(database, sql).all(...parameters);
        return rows.map((row) => row.seq);
      });
      const seqs = residual
        ? await this.connection.read((database) => candidates.filter((seq) => this.matches(database, seq, filter)))
        : candidates;
      const done = candidates.length < size;
      yield { seqs, scannedTo: candidates.at(-1) ?? null, done };
      if (done) return;
      next = candidates.at(-1)!;
      await turn();
    }
  }

  private matches(database: Database, seq: number, { search = '', queue = '' }: TaskFilter): boolean {
    const text = search.toLowerCase();
    const row = statement<[{ text: string; seq: number; queue: string }], MatchRow>(database, MATCH_TASK).get({
      text,
      seq,
      queue,
    });
    if (!row) return false;
    if (row.hit || text === '') return true;
    if (row.sensitive === null && row.name_sensitive === null) return false;
    // What is masked cannot be guessed by searching for it.
    const { params } = readableParams(row, this.mask);
    return JSON.stringify(params).toLowerCase().includes(text);
  }
}
