import {
  type KeyDepth,
  type KeyPage,
  MAX_KEY_COUNTED,
  type RateLimit,
  type TaskHold,
  type TaskState,
} from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { flowOf } from './flow-rows.js';
import { KEY_LIMIT } from './key-limits.js';
import { countParked } from './parked-tasks.js';
import { MAY_COUNT } from './slots.js';
import { limitOfKey, usedPlaces } from './start-log.js';

/** Reads one entry of `tasks_task_key`, however many tasks the key before has. */
export const NEXT_KEY = `
  SELECT key FROM tasks_task
   WHERE queue = ? AND state = ? AND ${MAY_COUNT} AND key > ?
   ORDER BY key
   LIMIT 1`;

export const COUNT_OF_KEY = `
  SELECT count(*) AS tasks FROM (
    SELECT 1 FROM tasks_task WHERE queue = ? AND state = ? AND ${MAY_COUNT} AND key = ? LIMIT ${MAX_KEY_COUNTED})`;

export const HOLDERS_OF_KEY = `
  SELECT id FROM tasks_task
   WHERE queue = ? AND state IN ('available', 'running') AND ${MAY_COUNT} AND key = ?
   LIMIT 100`;

/** Held tasks of a key before one: of a higher priority, or earlier. */
export const HELD_BEFORE = `
  SELECT count(*) AS tasks FROM (
    SELECT 1 FROM tasks_task
     WHERE queue = ? AND state = 'held' AND ${MAY_COUNT} AND key = ? AND (priority > ? OR (priority = ? AND seq < ?))
     LIMIT ${MAX_KEY_COUNTED})`;

/** The states of a task that its key counts. */
export const KEYED_STATES = ['held', 'available', 'running'] as const satisfies readonly TaskState[];

/** The first key after `after` of which a task is in one of `states`; null where there is none. */
export function nextKey(
  database: Database,
  queue: string,
  after: string,
  states: readonly TaskState[] = KEYED_STATES,
): string | null {
  const find = statement<[string, TaskState, string], { key: string }>(database, NEXT_KEY);
  const keys = states.map((state) => find.get(queue, state, after)?.key).filter((key) => key !== undefined);
  return keys.length === 0 ? null : keys.reduce((least, key) => (isBefore(key, least) ? key : least));
}

/** As SQLite orders texts: by their bytes. */
function isBefore(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
}

export function readKeys(database: Database, queue: string, after: string, limit: number, now: number): KeyPage {
  const flow = flowOf(database, queue);
  const keys: KeyDepth[] = [];
  let key = nextKey(database, queue, after);
  for (; key !== null && keys.length < limit; key = nextKey(database, queue, key)) {
    const [held, available, running] = KEYED_STATES.map((state) => count(database, queue, state, key!));
    const starts = flow.keyRateLimit && startsOf(database, queue, key, flow.keyRateLimit, now);
    keys.push({ key, held: held!, available: available!, running: running!, ...(starts && { starts }) });
  }
  return { queue, flow, keys, next: key === null ? null : (keys.at(-1)?.key ?? null) };
}

function startsOf(
  database: Database,
  queue: string,
  key: string,
  rate: RateLimit,
  now: number,
): NonNullable<KeyDepth['starts']> {
  const name = limitOfKey(queue, key);
  const waiting = countParked(database, name).reduce((sum, parked) => sum + parked.count, 0);
  const row = statement<[string], { waits: number; at: number }>(database, KEY_LIMIT).get(name);
  return {
    used: usedPlaces(database, { ...rate, name }, now),
    waiting,
    nextAt: waiting > 0 ? (row?.at ?? null) : null,
  };
}

function count(database: Database, queue: string, state: TaskState, key: string): number {
  return statement<[string, TaskState, string], { tasks: number }>(database, COUNT_OF_KEY).get(queue, state, key)!
    .tasks;
}

/** Why a held task waits; null where nothing limits its key any more. */
export function readHold(
  database: Database,
  { seq, queue, key, priority }: { seq: number; queue: string; key: string | null; priority: number },
): TaskHold | null {
  const { keyConcurrency } = flowOf(database, queue);
  if (key === null || keyConcurrency === undefined) return null;
  const holders = statement<[string, string], { id: string }>(database, HOLDERS_OF_KEY).all(queue, key);
  const before = statement<[string, string, number, number, number], { tasks: number }>(database, HELD_BEFORE);
  const { tasks: ahead } = before.get(queue, key, priority, priority, seq)!;
  return { key, concurrency: keyConcurrency, holders: holders.map(({ id }) => id), ahead };
}
