import type { TaskState, TaskTraits, UniqueClaim } from '../../../contract/index.js';
import { joinedParams, replacedRunAt, storedKey, verdictOn } from '../../common/index.js';
import type { EnqueueAnswer, NewTask } from '../../port/index.js';
import { parsePaths } from './name-rows.js';
import type { Script, ScriptNotes } from './run-script.js';
import { readyState } from './settle-keys.js';
import { besideTask, lapsesAt, traitParameters, traitsIn } from './task-traits.js';
import { type KeyHolder, keyHolder, takeUniqueKey } from './unique-keys.js';

export const ID_IS_STORED = `SELECT 1 AS found FROM tasks_task WHERE id = ?`;

export const TASK_TO_MERGE = `SELECT id, created_at AS createdAt, params, sensitive, traits, key FROM tasks_task WHERE seq = ?`;

/** The new task takes the place of one that waits, under that one's id. Nothing of what kept that one need keep it too. */
export const REPLACE_TASK = `
  UPDATE tasks_task
     SET params = ?, sensitive = ?, settings = ?, max_attempts = coalesce(?, max_attempts), priority = ?, run_at = ?, state = ?,
         traits = ?, beside = ?, key = ?, turn = iif(?, NULL, turn), parked = NULL
   WHERE seq = ?`;

export const JOIN_TASK = `UPDATE tasks_task SET params = ?, sensitive = ? WHERE seq = ?`;

export const FORGET_TAGS = `DELETE FROM tasks_tag WHERE task = ?`;
export const FORGET_LAPSE = `DELETE FROM tasks_lapse WHERE task = ?`;

export const NOTE_MERGED = `UPDATE tasks_unique SET merged = ? WHERE key = ?`;

/** Ids of merged tasks that are remembered: whoever hands tasks over again does so soon. */
const MAX_MERGED = 200;

interface MergeRow {
  readonly id: string;
  readonly createdAt: number;
  readonly params: string;
  readonly sensitive: string | null;
  readonly traits: string | null;
  /** By which its queue holds it, and not the unique one. */
  readonly key: string | null;
}

/** A new task that has a claim. */
export type ClaimingTask = NewTask & { readonly traits: TaskTraits & { readonly unique: UniqueClaim } };

export function isClaiming(task: NewTask): task is ClaimingTask {
  return task.traits?.unique !== undefined;
}

/** Stores one that was checked. @returns its number, or null where a task of its id is there */
type Insert = () => Script<number | null>;

/**
 * Stores a task that has a claim, or lets the one that holds its key have what it brings.
 *
 * @param insert stores its row and what stands beside it
 */
export function* insertUniqueTask(
  task: ClaimingTask,
  now: number,
  notes: ScriptNotes,
  insert: Insert,
): Script<EnqueueAnswer> {
  const { unique } = task.traits;
  const key = storedKey(task, unique);
  const holder = yield* keyHolder(key, now);
  if (task.mayExist && (yield [ID_IS_STORED, [task.id]]).length > 0) return 'existing';
  if (holder && (yield* merge(holder, task, now, notes))) return { holder: holder.id };
  const seq = yield* insert();
  if (seq === null) return 'existing';
  yield* takeUniqueKey(key, seq, unique, 0, now);
  return 'stored';
}

/** Lets the holder have what a new task brings, where it takes anything. Returns false where the new one begins anew. */
function* merge(holder: KeyHolder, task: ClaimingTask, now: number, notes: ScriptNotes): Script<boolean> {
  const verdict = verdictOn(task.traits.unique, holder);
  if (verdict === 'keep' || verdict === 'reject') return true;
  // Handed over again: it was merged the first time.
  const merged = holder.merged === null ? [] : (JSON.parse(holder.merged) as string[]);
  if (task.mayExist && merged.includes(task.id)) return true;
  const [row] = (yield [TASK_TO_MERGE, [holder.seq]]) as readonly MergeRow[];
  if (verdict === 'replace') yield* replace(holder, row!, task, now, notes);
  else if (!(yield* join(holder, row!, task))) return false;
  notes.touch(task.queue, holder.id);
  if (task.mayExist) yield [NOTE_MERGED, [JSON.stringify([...merged, task.id].slice(-MAX_MERGED)), holder.key]];
  return true;
}

function* replace(holder: KeyHolder, row: MergeRow, task: ClaimingTask, now: number, notes: ScriptNotes): Script<void> {
  const { seq } = holder;
  const runAt = replacedRunAt(task.traits.unique, task.runAt, holder, now);
  const from = holder.task.state;
  const toKey = task.traits.key ?? null;
  const isOfKey = toKey === row.key;
  const state = stateOf(from, toKey, isOfKey, runAt > now);
  // When and for how long the key is held is as it was.
  const { unique = task.traits.unique } = traitsIn(row.traits).traits ?? {};
  const anew = { id: row.id, createdAt: row.createdAt, traits: { ...task.traits, unique } };
  const [traits = null, beside = null, key = null] = traitParameters(anew);
  const hidden = pathsJson(task.sensitive);
  const columns = [
    task.params,
    hidden,
    task.settings,
    task.maxAttempts,
    task.priority,
    runAt,
    state,
    traits,
    beside,
    key,
  ];
  yield [REPLACE_TASK, [...columns, state === from && isOfKey ? 0 : 1, seq]];
  yield [FORGET_TAGS, [seq]];
  yield [FORGET_LAPSE, [seq]];
  for (const step of besideTask(anew)) yield step;
  notes.lapses(lapsesAt(anew.traits));
  if (state !== from) notes.moved(task.queue, from, state);
  if (from === 'available' && row.key !== null && !(state === from && isOfKey)) notes.keys.freed(task.queue, row.key);
  // With another priority it has another place in the line of its key, which may be one with a slot, or no longer be.
  if (toKey !== null && (state === 'held' || state === 'available')) notes.keys.entered(task.queue, toKey);
  if (state === 'scheduled') notes.due(runAt);
}

/** Returns false where the joined params would be too large, or are of another version. */
function* join({ seq }: KeyHolder, row: MergeRow, task: ClaimingTask): Script<boolean> {
  const { unique, version } = task.traits;
  if (!unique.join || traitsIn(row.traits).traits?.version !== version) return false;
  const params = joinedParams(row.params, task.params, unique.join);
  if (params === null) return false;
  const hidden = new Set([...(row.sensitive === null ? [] : parsePaths(row.sensitive)), ...task.sensitive]);
  yield [JOIN_TASK, [params, pathsJson([...hidden]), seq]];
  return true;
}

/** One that waits for something else than its time and its turn goes on waiting. */
function stateOf(from: TaskState, key: string | null, isOfKey: boolean, isLater: boolean): TaskState {
  if (from !== 'scheduled' && from !== 'available' && from !== 'held') return from;
  if (isLater) return 'scheduled';
  return from !== 'scheduled' && isOfKey ? from : readyState({ key });
}

function pathsJson(paths: readonly string[]): string | null {
  return paths.length > 0 ? JSON.stringify(paths) : null;
}

/**
 * The first of `tasks` that must not be stored, as another one holds its key, and that one's id; null where there is none.
 * Asked before any is stored.
 */
export function* rejectedTask(
  tasks: readonly NewTask[],
  now: number,
): Script<{ readonly task: NewTask; readonly holder: string } | null> {
  if (!tasks.some((task) => task.traits?.unique?.onConflict === 'reject')) return null;
  const own = new Map<string, string>();
  for (const task of tasks) {
    if (!isClaiming(task)) continue;
    const { unique } = task.traits;
    const key = storedKey(task, unique);
    const holder = own.get(key) ?? (yield* keyHolder(key, now))?.id;
    if (unique.onConflict === 'reject' && holder !== undefined) {
      const isThere = task.mayExist === true && (yield [ID_IS_STORED, [task.id]]).length > 0;
      if (holder !== task.id && !isThere) return { task, holder };
    }
    own.set(key, holder ?? task.id);
  }
  return null;
}
