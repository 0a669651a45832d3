import type { TaskTraits } from '../../../contract/index.js';
import type { NewTask } from '../../port/index.js';
import { tellsTime } from '../../common/index.js';

/** Columns of what few tasks have, of the mark of rows beside them, and of the key. A statement for plain tasks does not name them. */
export const TRAIT_COLUMNS = ['traits', 'beside', 'key'] as const;

/** Finds the row of a new task for what is stored beside it. Takes the tag's name and value, and the task's id. */
export const INSERT_TAG = `
  INSERT INTO tasks_tag (name, value, task) SELECT ?, ?, seq FROM tasks_task WHERE id = ?`;

/** Takes the task's id. */
export const INSERT_OWN_ID = `
  INSERT INTO tasks_own_id (created_at, task) SELECT created_at, seq FROM tasks_task WHERE id = ? ON CONFLICT DO NOTHING`;

/** Takes the time and the task's id. */
export const INSERT_LAPSE = `
  INSERT INTO tasks_lapse (task, at) SELECT seq, ? FROM tasks_task WHERE id = ?`;

/** What tells whether a new task has more than the others. */
export type TaskWithTraits = Pick<NewTask, 'id' | 'createdAt' | 'traits'>;

/** Whether a new task has more than its row has columns for in the statement for plain ones. */
export function hasMore({ id, createdAt, traits }: TaskWithTraits): boolean {
  return traits !== undefined || !tellsTime(id, createdAt);
}

/** In the order of {@link TRAIT_COLUMNS}. */
export function traitParameters({ id, createdAt, traits }: TaskWithTraits): Array<number | string | null> {
  const { tags, startBy, deadlineAt, unique, workflow } = traits ?? {};
  const isLookedUp = [tags, startBy, deadlineAt, unique, workflow].some((fact) => fact !== undefined);
  const beside = isLookedUp || !tellsTime(id, createdAt) ? 1 : null;
  return [traits ? JSON.stringify(traits) : null, beside, traits?.key ?? null];
}

/** The statements that store beside a new task's row what tasks are looked up by. */
export function* besideTask({
  id,
  createdAt,
  traits = {},
}: TaskWithTraits): Generator<[sql: string, parameters: Array<string | number>]> {
  if (!tellsTime(id, createdAt)) yield [INSERT_OWN_ID, [id]];
  for (const [name, value] of Object.entries(traits.tags ?? {})) yield [INSERT_TAG, [name, value, id]];
  const at = lapsesAt(traits);
  if (at < Infinity) yield [INSERT_LAPSE, [at, id]];
}

/** When a task that has not started lapses; Infinity: never. */
export function lapsesAt(traits: TaskTraits | undefined): number {
  return Math.min(traits?.startBy ?? Infinity, traits?.deadlineAt ?? Infinity);
}

/** @param json as the column has it */
export function tagsIn(json: string | null): Pick<TaskTraits, 'tags'> {
  const { tags } = traitsIn(json).traits ?? {};
  return tags ? { tags } : {};
}

/** The same of a task that was claimed by its turn, with the key that its row has: an empty one where it came without. */
export function keyedTraits(json: string | null, key: string | null): { readonly traits: TaskTraits } {
  return { traits: { ...traitsIn(json).traits, key: key ?? '' } };
}

/** @param json as the column has it */
export function traitsIn(json: string | null): { readonly traits?: TaskTraits } {
  if (json === null) return {};
  try {
    const traits: unknown = JSON.parse(json);
    return typeof traits === 'object' && traits !== null && !Array.isArray(traits) ? { traits } : {};
  } catch {
    // The check of a store tells of it; lists and claims must not stop at one task.
    return {};
  }
}
