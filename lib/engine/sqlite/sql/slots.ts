import type { QueueFlow } from '../../../contract/index.js';

/*
 * The one rule of who may be claimed, among the tasks of a queue that have a key:
 *
 *     comes, or is due ──> held ──a slot of its key is free──> available ──> running ──> ends, waits, or is handed back
 *
 * A task that is available or runs has a slot of its key, and there are as many as the key's concurrency. How many are taken
 * is counted in the rows that have them and stands nowhere else: whatever takes a task out of these states, a process that
 * died among them, has given its slot back by that.
 *
 * Written as steps that a driver carries out, as a caller's transaction waits for its statements and the engine's own does not.
 */

/** A statement, and what it takes. */
export type Step = readonly [sql: string, parameters: Array<string | number | null>];

/** Steps that are told the rows of each, and come to a result. */
export type Steps<Result> = Generator<Step, Result, unknown>;

/** Said of what `tasks_task_key` is asked for, which has these alone: SQLite does not conclude it from one of the states. */
export const MAY_COUNT = `state IN ('held', 'available', 'running')`;

/** Reads `tasks_task_key`, up to one more than there are slots. */
export const TAKEN_SLOTS = `
  SELECT count(*) AS taken FROM (
    SELECT 1 FROM tasks_task WHERE queue = ? AND state IN ('available', 'running') AND ${MAY_COUNT} AND key = ? LIMIT (? + 0))`;

/** Reads `tasks_task_key`, which has held tasks in this very order. */
export const NEXT_HELD = `
  SELECT seq, id, priority FROM tasks_task
   WHERE queue = ? AND state = 'held' AND ${MAY_COUNT} AND key = ?
   ORDER BY priority DESC, turn, seq
   LIMIT (? + 0)`;

/** Reads `tasks_task_key` from its end: of those that are ready, the one that is to run last. */
export const LAST_READY = `
  SELECT seq, id, priority FROM tasks_task
   WHERE queue = ? AND state = 'available' AND ${MAY_COUNT} AND key = ?
   ORDER BY priority, turn DESC, seq DESC
   LIMIT (? + 0)`;

/** Reads the first entry of `tasks_task_turn` for a priority. */
export const FIRST_TURN = `
  SELECT turn FROM tasks_task
   WHERE queue = ? AND state = 'available' AND key IS NOT NULL AND parked IS NULL AND priority = ? AND turn IS NOT NULL
   ORDER BY turn
   LIMIT 1`;

/** Reads the last entry of `tasks_task_key` for a key and priority. */
export const LAST_TURN = `
  SELECT turn FROM tasks_task
   WHERE queue = ? AND state = 'available' AND ${MAY_COUNT} AND key = ? AND priority = ? AND turn IS NOT NULL
   ORDER BY turn DESC
   LIMIT 1`;

export const ADMIT = `UPDATE tasks_task SET state = 'available', turn = ? WHERE seq = ? RETURNING seq`;

export const HOLD = `UPDATE tasks_task SET state = 'held', turn = NULL, parked = NULL WHERE seq = ? RETURNING seq`;

/** So many are made ready at once that have waited, where nothing limits them any more. */
const MAX_ADMITTED = 200;

/** What happened to the tasks of a key. */
export interface KeyCause {
  /** One of them has given its slot back. */
  readonly freed: boolean;
  /** How many have come, and are held as yet. */
  readonly entered: number;
}

/** What became of them. */
export interface Settled {
  /** Ids of those that became available. */
  readonly admitted: readonly string[];
  /** Ids of those that are held again. */
  readonly held: readonly string[];
}

interface Row {
  readonly seq: number;
  readonly id: string;
  readonly priority: number;
}

/**
 * Makes as many tasks of a key ready as it has free slots, those of the highest priority and of them the earliest. One of a
 * higher priority than one that is ready takes its slot. Where there are fewer slots than there were, those that are ready and
 * have none are held.
 */
export function* settleKey(queue: string, key: string, cause: KeyCause, flow: QueueFlow): Steps<Settled> {
  const slots = key === '' ? Infinity : (flow.keyConcurrency ?? Infinity);
  const line = new Line(queue, key, flow, cause.freed);
  const admitted: string[] = [];
  const held: string[] = [];
  let free = Infinity;
  if (slots !== Infinity) {
    free = slots - (yield* takenSlots(queue, key, slots));
    for (const task of free < 0 ? yield* rows<Row>(LAST_READY, [queue, key, -free]) : []) {
      yield [HOLD, [task.seq]];
      held.push(task.id);
    }
  }
  const most = Math.min(free, Math.max(MAX_ADMITTED, cause.entered));
  for (const task of most > 0 ? yield* rows<Row>(NEXT_HELD, [queue, key, most]) : []) {
    yield [ADMIT, [yield* line.turnOf(task.priority), task.seq]];
    admitted.push(task.id);
  }
  if (slots === Infinity) return { admitted, held };
  for (let swaps = 0; swaps < Math.min(slots, cause.entered); swaps += 1) {
    const [best] = yield* rows<Row>(NEXT_HELD, [queue, key, 1]);
    const [worst] = best ? yield* rows<Row>(LAST_READY, [queue, key, 1]) : [];
    if (!best || !worst || worst.priority >= best.priority) break;
    yield [HOLD, [worst.seq]];
    held.push(worst.id);
    yield [ADMIT, [yield* line.turnOf(best.priority), best.seq]];
    admitted.push(best.id);
  }
  return { admitted, held };
}

/**
 * Gives out turns, by start-time fair queueing. A new task of a key that has none in the line stands beside its head; each
 * further one a turn behind the last. What was held goes behind the head, as it is older than all that stand there and would
 * come first again. Both ends of a line are read from the tasks in it: when they are gone, so is the debt of their key.
 */
class Line {
  private readonly ends = new Map<number, { head: number | null; last: number | null }>();

  constructor(
    private readonly queue: string,
    private readonly key: string,
    private readonly flow: QueueFlow,
    private readonly behindHead: boolean,
  ) {}

  *turnOf(priority: number): Steps<number | null> {
    if (!this.flow.fair) return null;
    let ends = this.ends.get(priority);
    if (!ends) {
      const [head] = yield* rows<{ turn: number }>(FIRST_TURN, [this.queue, priority]);
      const [last] = head ? yield* rows<{ turn: number }>(LAST_TURN, [this.queue, this.key, priority]) : [];
      ends = { head: head?.turn ?? null, last: last?.turn ?? null };
      this.ends.set(priority, ends);
    }
    const step = stepOf(this.flow, this.key);
    const first = behind(ends.head, this.behindHead ? step : 0);
    const turn = ends.last === null ? first : Math.max(first, ends.last + step);
    ends.last = turn;
    return turn;
  }
}

/** How far behind each other the tasks of a key stand in the line: keys of a greater weight less. */
export function stepOf({ weights }: QueueFlow, key: string): number {
  return 1 / (weights && Object.hasOwn(weights, key) ? weights[key]! : 1);
}

/** @param head of the line; null where nobody stands in it */
export function behind(head: number | null, step: number): number {
  return head === null ? 0 : head + step;
}

function* takenSlots(queue: string, key: string, slots: number): Steps<number> {
  // One more than that may be ready, where there were more slots before.
  const [found] = yield* rows<{ taken: number }>(TAKEN_SLOTS, [queue, key, slots + MAX_ADMITTED]);
  return found!.taken;
}

function* rows<Found>(sql: string, parameters: Array<string | number | null>): Steps<readonly Found[]> {
  return (yield [sql, parameters]) as readonly Found[];
}
