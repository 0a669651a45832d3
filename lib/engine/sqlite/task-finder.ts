import { monotonicTime, turn } from '../../clock/index.js';
import {
  type PageRequest,
  TASK_STATES,
  type TaskFilter,
  type TaskOrder,
  type TaskPage,
  type TaskState,
  type TaskSummary,
} from '../../contract/index.js';
import { isAnyOf, statesOf } from '../common/index.js';
import type { Database } from './store/database.js';
import type { Connection } from './store/connection.js';
import { statement } from './store/statement.js';
import {
  BEYOND_FIRST,
  CREATED_AT,
  SLOT_KEY_OF_TASK,
  MATCH_TASK,
  SEARCH_STEP,
  candidateQuery,
  type MatchRow,
} from './sql/list-tasks.js';
import { decodeCursor, encodeCursor, type Candidate, type ListPosition } from './sql/list-position.js';
import { nameOfGroup, queuesOfGroup } from './sql/read-error-groups.js';
import { readSummary, shownParams, type Mask } from './sql/read-tasks.js';
import { taskKinds, type TaskKind } from './sql/task-kinds.js';
import { tasksByTag } from './sql/tasks-by-tag.js';
import { tasksByTime } from './sql/tasks-by-time.js';

/** A search that has taken this long gives back what it has; the cursor says where it goes on. */
const MAX_SEARCH_MS = 150;
/** Characters that the params of a page may take, about; one that has come to so many goes on at its cursor. */
const MAX_PAGE_SIZE = 4 * 1024 * 1024;
/** Time that a step may take before other work of the process has its turn. */
const MAX_STEP_MS = 10;
/** Tasks of a span of time that are read in one go: their rows tell most of what is asked. */
const TIME_STEP = 2_000;

/** The order and the index by which a walk comes to tasks that may meet its filter. */
interface Way {
  /** Tasks that a step reads. */
  readonly most: number;
  /** What of the filter is left to be looked at in each candidate; null where nothing is. */
  readonly remains: TaskFilter | null;
  /** The next tasks beyond a place. */
  next(database: Database, place: ListPosition): readonly Candidate[];
}

/** A stretch of a walk. */
interface Step {
  readonly found: readonly Candidate[];
  /** How many tasks were looked at to find them. */
  readonly looked: number;
  /** How far it came; null where it has not begun. */
  readonly last: ListPosition;
  readonly done: boolean;
}

/** Tasks that meet a filter, in the order in which they were stored or the other way round. */
export class TaskFinder {
  constructor(
    private readonly connection: Connection,
    private readonly mask: Mask,
  ) {}

  async page(filter: TaskFilter, { cursor, limit, order = 'newest' }: PageRequest): Promise<TaskPage> {
    const items: TaskSummary[] = [];
    let [looked, size] = [0, 0];
    let last = decodeCursor(cursor);
    const deadline = monotonicTime() + MAX_SEARCH_MS;
    for await (const step of this.walk(filter, TASK_STATES, limit, order, last)) {
      for (const found of step.found) {
        const item = await this.connection.read((database) => readSummary(database, found.seq, this.mask));
        if (item) {
          items.push(item.task);
          size += item.size;
        }
        last = found.place;
        if (items.length === limit || size >= MAX_PAGE_SIZE)
          return { items, looked: looked + step.looked, nextCursor: encodeCursor(last) };
      }
      looked += step.looked;
      last = step.last;
      if (step.done) return { items, looked, nextCursor: null };
      if (monotonicTime() > deadline) break;
    }
    return { items, looked, nextCursor: last === null ? null : encodeCursor(last) };
  }

  /**
   * Steps through the tasks that meet `filter`, yielding to other work between the steps.
   * @param among states that are wanted at all
   * @param size how many a caller wants at a time
   * @param from where it begins; null: at the first
   */
  async *walk(
    filter: TaskFilter,
    among: readonly TaskState[],
    size: number,
    order: TaskOrder,
    from: ListPosition = null,
  ): AsyncGenerator<Step> {
    const wanted = statesOf(filter);
    const states = among.filter((state) => wanted.includes(state));
    const { most, remains, next } = wayOf(filter, states, size, order);
    for (let place = from; ;) {
      const candidates = await this.connection.read((database) => next(database, place));
      const { found, looked } = await this.look(candidates, remains);
      place = candidates[looked - 1]?.place ?? place;
      const done = candidates.length < most && looked === candidates.length;
      yield { found, looked, last: place, done };
      if (done) return;
      await turn();
    }
  }

  /** Finds the `candidates` that meet what remains of a filter. Great params take long to search: it stops after a while. */
  private look(
    candidates: readonly Candidate[],
    remains: TaskFilter | null,
  ): Promise<{ found: Candidate[]; looked: number }> {
    return this.connection.read((database) => {
      const deadline = monotonicTime() + MAX_STEP_MS;
      const found: Candidate[] = [];
      let looked = 0;
      for (const candidate of candidates) {
        if (candidate.fits && (remains === null || this.matches(database, candidate.seq, remains)))
          found.push(candidate);
        looked += 1;
        if (remains !== null && monotonicTime() > deadline) break;
      }
      return { found, looked };
    });
  }

  private matches(database: Database, seq: number, filter: TaskFilter): boolean {
    return hasKey(database, seq, filter) && isWithinTime(database, seq, filter) && this.hasText(database, seq, filter);
  }

  private hasText(database: Database, seq: number, { search = '' }: TaskFilter): boolean {
    if (search === '') return true;
    const text = search.toLowerCase();
    const row = statement<[{ text: string; seq: number }], MatchRow>(database, MATCH_TASK).get({ text, seq });
    if (!row) return false;
    if (row.hit) return true;
    if (row.sensitive === null && row.name_sensitive === null) return false;
    // A masked value must not be guessed by searching for it.
    const { params } = shownParams(row, this.mask);
    return JSON.stringify(params).toLowerCase().includes(text);
  }
}

function wayOf(filter: TaskFilter, states: readonly TaskState[], size: number, order: TaskOrder): Way {
  const { tags, key, search, from, to, error, queue, name } = filter;
  const unread = { ...(key !== undefined && { key }), ...(search !== undefined && { search }) };
  const rest = Object.keys(unread).length === 0 ? null : unread;
  if (tags !== undefined) {
    const wanted = { ...filter, tags };
    const isAllOf = rest === null && states.length === TASK_STATES.length && Object.keys(tags).length === 1;
    const isBare = [from, to, error, queue, name].every((fact) => fact === undefined);
    const most = isAllOf && isBare ? size : SEARCH_STEP;
    return { most, remains: rest, next: (database, place) => tasksByTag(database, wanted, states, place, most, order) };
  }
  // A group of errors has an index of its own, and few tasks.
  if ((from !== undefined || to !== undefined) && error === undefined) {
    const next: Way['next'] = (database, place) => tasksByTime(database, filter, states, place, TIME_STEP, order);
    return { most: TIME_STEP, remains: rest, next };
  }
  const time = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  const remains = { ...unread, ...time };
  const isMet = Object.keys(remains).length === 0;
  const most = isMet ? size : SEARCH_STEP;
  const next: Way['next'] = (database, place) => inTheirOrder(database, filter, states, place, most, order);
  return { most, remains: isMet ? null : remains, next };
}

/** By the order in which they were stored. */
function inTheirOrder(
  database: Database,
  filter: TaskFilter,
  states: readonly TaskState[],
  place: ListPosition,
  limit: number,
  order: TaskOrder,
): Candidate[] {
  const after = place !== null && 'seq' in place ? place.seq : BEYOND_FIRST[order];
  const { sql, parameters } = candidateQuery(filter, states, kindsOf(database, filter), after, limit, order);
  const rows = statement<(string | number | null)[], { seq: number }>(database, sql).all(...parameters);
  return rows.map(({ seq }) => ({ seq, fits: true, place: { seq } }));
}

function kindsOf(database: Database, filter: TaskFilter): TaskKind[] {
  const { error, queue, name } = filter;
  if (error === undefined) return taskKinds(database, filter);
  const ofGroup = nameOfGroup(database, error);
  if (ofGroup === null || !isAnyOf(name, ofGroup)) return [];
  const queues = queuesOfGroup(database, error).filter((found) => isAnyOf(queue, found));
  return queues.map((found) => ({ queue: found, name: ofGroup }));
}

function hasKey(database: Database, seq: number, { key }: TaskFilter): boolean {
  return key === undefined || statement<[number], string | null>(database, SLOT_KEY_OF_TASK).pluck().get(seq) === key;
}

function isWithinTime(database: Database, seq: number, { from, to }: TaskFilter): boolean {
  if (from === undefined && to === undefined) return true;
  const row = statement<[number], { created_at: number }>(database, CREATED_AT).get(seq);
  return row !== undefined && row.created_at >= (from ?? 0) && row.created_at < (to ?? Infinity);
}
