import type { TaskFilter, TaskOrder, TaskState, TaskTags } from '../../../contract/index.js';
import { isAnyOf } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Candidate, ListPosition } from './list-position.js';
import { BEYOND_FIRST } from './list-tasks.js';

/** Tasks of a tag beyond which it is no matter how many there are: no other tag leads to fewer. */
const MAX_COUNTED = 1_000;

export const COUNT_OF_TAG = `
  SELECT count(*) AS tagged FROM (SELECT 1 FROM tasks_tag WHERE name = ? AND value = ? LIMIT ${MAX_COUNTED})`;

/** A stretch of one tag; of each task whether it has the other tags as well, given as JSON: `[["customer", "42"]]`. */
export const TASKS_BY_TAG: Readonly<Record<TaskOrder, string>> = {
  newest: tagSql('tag.task < ?', 'DESC'),
  oldest: tagSql('tag.task > ?', ''),
};

/** The order of the tables is forced: what has a tag is few, what is in a state or a queue is not. */
function tagSql(beyond: string, direction: 'DESC' | ''): string {
  return `
  SELECT tasks_task.seq, tasks_task.queue, tasks_task.name, tasks_task.state, tasks_task.created_at AS at,
         tasks_task.error_group AS errorGroup,
         NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted
                      WHERE NOT EXISTS (SELECT 1 FROM tasks_tag AS other
                                         WHERE other.name = wanted.value ->> 0 AND other.value = wanted.value ->> 1
                                           AND other.task = tag.task)) AS tagged
    FROM tasks_tag AS tag CROSS JOIN tasks_task ON tasks_task.seq = tag.task
   WHERE tag.name = ? AND tag.value = ? AND ${beyond}
   ORDER BY tag.task ${direction} LIMIT ?`;
}

interface Row {
  readonly seq: number;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly at: number;
  readonly errorGroup: string | null;
  readonly tagged: 0 | 1;
}

/** The next `limit` tasks of the rarest tag that `filter` names, in the order in which they were stored. */
export function tasksByTag(
  database: Database,
  { tags, queue, name, from = 0, to = Infinity, error }: TaskFilter & { readonly tags: TaskTags },
  states: readonly TaskState[],
  place: ListPosition,
  limit: number,
  order: TaskOrder,
): Candidate[] {
  const [rarest, ...others] = rarestFirst(database, COUNT_OF_TAG, Object.entries(tags));
  const after = place !== null && 'seq' in place ? place.seq : BEYOND_FIRST[order];
  const rows = statement<(string | number)[], Row>(database, TASKS_BY_TAG[order]);
  return rows.all(JSON.stringify(others), ...rarest!, after, limit).map((row) => ({
    seq: row.seq,
    place: { seq: row.seq },
    fits:
      row.tagged === 1 &&
      states.includes(row.state) &&
      isAnyOf(queue, row.queue) &&
      isAnyOf(name, row.name) &&
      row.at >= from &&
      row.at < to &&
      (error === undefined || row.errorGroup === error),
  }));
}

type Tag = [name: string, value: string];

/** @param countOf counts what has one tag, as far as that matters */
export function rarestFirst(database: Database, countOf: string, tags: readonly Tag[]): Tag[] {
  if (tags.length < 2) return [...tags];
  const count = statement<Tag, { tagged: number }>(database, countOf);
  const counted = tags.map((tag) => ({ tag, tagged: count.get(...tag)!.tagged }));
  return counted.toSorted((one, other) => one.tagged - other.tagged).map(({ tag }) => tag);
}
