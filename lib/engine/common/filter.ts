import { TASK_STATES, type TaskFilter, type TaskState, type TaskSummary, type TaskTags } from '../../contract/index.js';
import { errorGroupKey } from './error-groups.js';

/** The states that a filter leaves. Only a failed task has an error's group. */
export function statesOf(filter: TaskFilter): TaskState[] {
  return TASK_STATES.filter((state) => meetsState(filter, state));
}

function meetsState({ state: wanted, error }: TaskFilter, state: TaskState): boolean {
  if (error !== undefined && state !== 'failed') return false;
  return wanted === undefined || [wanted].flat().includes(state);
}

/** Whether a value is the one that is wanted, or one of several; where none is, each will do. */
export function isAnyOf(wanted: string | readonly string[] | undefined, value: string): boolean {
  return wanted === undefined || (typeof wanted === 'string' ? wanted === value : wanted.includes(value));
}

/** Whether a task has every tag that is wanted. */
function hasTags(wanted: TaskTags | undefined, tags: TaskTags | undefined): boolean {
  if (wanted === undefined) return true;
  return (
    tags !== undefined &&
    Object.entries(wanted).every(([name, value]) => Object.hasOwn(tags, name) && tags[name] === value)
  );
}

/** Whether a task meets what a filter says of its queue, name, state, tags, key and time: the part that is told without a look at its params. */
export function meetsFacts(
  filter: TaskFilter,
  {
    queue,
    name,
    state,
    createdAt,
    tags,
    key,
  }: Pick<TaskSummary, 'queue' | 'name' | 'state' | 'createdAt' | 'tags' | 'key'>,
): boolean {
  return (
    meetsState(filter, state) &&
    isAnyOf(filter.queue, queue) &&
    isAnyOf(filter.name, name) &&
    hasTags(filter.tags, tags) &&
    (filter.key === undefined || filter.key === key) &&
    createdAt >= (filter.from ?? -Infinity) &&
    createdAt < (filter.to ?? Infinity)
  );
}

/** Whether a task meets the rest of a filter: its text and the group of its error. What is masked is not found. */
export function meetsText(filter: TaskFilter, { id, name, params, error }: TaskSummary): boolean {
  const thrown = error ?? { name: 'Error', message: '' };
  if (filter.error !== undefined && errorGroupKey(name, thrown) !== filter.error) return false;
  if (filter.search === undefined) return true;
  const texts = [id, JSON.stringify(params), error?.name ?? '', error?.message ?? ''];
  return texts.some((text) => text.toLowerCase().includes(filter.search!.toLowerCase()));
}
