import { isObject } from './is-object.js';
import {
  ACTION_STATES,
  type ActionTarget,
  InvalidArgumentError,
  listOf,
  nearest,
  type PageRequest,
  TASK_FILTER_KEYS,
  TASK_ORDERS,
  TASK_STATES,
  type TaskAction,
  type TaskFilter,
  type TaskState,
  type TaskTags,
} from '../contract/index.js';
import {
  DEFAULT_PAGE_SIZE,
  MAX_BULK_IDS,
  MAX_FILTER_VALUES,
  MAX_NAME_LENGTH,
  MAX_PAGE_SIZE,
  MAX_SEARCH_LENGTH,
  MAX_TASK_ID_LENGTH,
  MAX_TIME,
} from './limits.js';
import { checkTags } from './tags.js';
import { isText, unstorable } from './text.js';

/*
 * Arguments of calls about tasks, whatever their types said: calls come from JavaScript and HTTP too.
 */

const FILTER_KEYS = [...TASK_FILTER_KEYS, 'states'];
const TARGET_KEYS = ['ids', 'filter', ...FILTER_KEYS];

/** The question that a list of tasks answers. */
interface ListQuery extends TaskFilter, Partial<PageRequest> {}

export function checkTaskId(id: unknown): string {
  return checkText(id, 'id', MAX_TASK_ID_LENGTH);
}

/** Whether it is configured is another question. */
export function checkQueue(queue: unknown): string {
  return checkText(queue, 'queue');
}

export function checkTaskName(name: unknown): string {
  return checkText(name, 'name');
}

export function checkListQuery(query: unknown): { filter: TaskFilter; page: PageRequest } {
  const {
    cursor,
    limit = DEFAULT_PAGE_SIZE,
    order = 'newest',
    ...given
  } = checkObject(query, 'query', 'list', [...FILTER_KEYS, 'order', 'cursor', 'limit']) as ListQuery;
  const filter = withStates(given);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE) {
    throw new InvalidArgumentError('limit', `limit must be a whole number from 1 to ${MAX_PAGE_SIZE}.`);
  }
  if (!TASK_ORDERS.includes(order)) {
    throw new InvalidArgumentError('order', `order must be ${listOf(TASK_ORDERS, 'or')}.`);
  }
  if (cursor === undefined) return { filter: checkFilter(filter, ''), page: { limit, order } };
  if (typeof cursor !== 'string' || cursor === '') {
    throw new InvalidArgumentError('cursor', 'cursor must be the nextCursor of an earlier page.');
  }
  return { filter: checkFilter(filter, ''), page: { cursor, limit, order } };
}

/** Whether its queue is stored, and its window one that can be shown, are other questions. */
export function checkMetricsQuery<Query extends { by?: unknown; histograms?: unknown }>(query: Query): Query {
  const known = ['queue', 'name', 'by', 'histograms', 'window'];
  const { by, histograms = false } = checkObject(query, 'query', 'metrics', known) as Query;
  if (typeof histograms !== 'boolean') {
    throw new InvalidArgumentError('histograms', 'histograms must be true or false.');
  }
  if (by === undefined || by === 'queue' || by === 'name') return query;
  throw new InvalidArgumentError('by', 'by must be "queue" or "name".');
}

export function checkAction(action: unknown): TaskAction {
  if (typeof action === 'string' && Object.hasOwn(ACTION_STATES, action)) return action as TaskAction;
  throw new InvalidArgumentError('action', `action must be one of ${listOf(Object.keys(ACTION_STATES), 'or')}.`);
}

export function checkTarget(target: unknown): ActionTarget {
  const { ids, filter, ...beside } = checkObject(target, 'target', 'bulk', TARGET_KEYS) as Record<string, unknown>;
  const isFlat = Object.values(beside).some((value) => value !== undefined);
  if ([ids !== undefined, filter !== undefined, isFlat].filter(Boolean).length !== 1) {
    throw new InvalidArgumentError('ids', 'Give either ids or a filter.');
  }
  if (ids !== undefined) {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_BULK_IDS) {
      throw new InvalidArgumentError('ids', `ids must be an array of 1 to ${MAX_BULK_IDS} ids.`);
    }
    return { ids: [...new Set(ids.map((id, index) => checkText(id, `ids[${index}]`, MAX_TASK_ID_LENGTH)))] };
  }
  const checked = isFlat
    ? checkFilter(withStates(beside), '')
    : checkFilter(withStates(checkObject(filter, 'filter', 'filter', FILTER_KEYS)), 'filter.');
  if (Object.keys(checked).length === 0) {
    throw new InvalidArgumentError('filter', `The filter must have at least one of ${listOf(TASK_FILTER_KEYS, 'or')}.`);
  }
  return { filter: checked };
}

/** `states` is as good as `state`. */
function withStates({ states, ...filter }: TaskFilter & { states?: unknown }): TaskFilter {
  if (states === undefined) return filter;
  if (filter.state === undefined) return { ...filter, state: states as TaskState[] };
  throw new InvalidArgumentError('states', 'Give either state or states.');
}

function checkFilter(filter: TaskFilter, prefix: string): TaskFilter {
  const { state, queue, name, tags, key, search, from, to, error } = filter;
  if (from !== undefined && to !== undefined && checkTime(from, `${prefix}from`) >= checkTime(to, `${prefix}to`)) {
    throw new InvalidArgumentError(`${prefix}to`, `${prefix}to must be later than ${prefix}from.`);
  }
  return {
    ...(state !== undefined && { state: checkStates(state, `${prefix}state`) }),
    ...(queue !== undefined && { queue: checkTexts(queue, `${prefix}queue`) }),
    ...(name !== undefined && { name: checkTexts(name, `${prefix}name`) }),
    ...(tags !== undefined && { tags: checkWantedTags(tags, `${prefix}tags`) }),
    ...(key !== undefined && { key: checkText(key, `${prefix}key`) }),
    ...(search !== undefined && { search: checkText(search, `${prefix}search`, MAX_SEARCH_LENGTH) }),
    ...(error !== undefined && { error: checkText(error, `${prefix}error`) }),
    ...(from !== undefined && { from: checkTime(from, `${prefix}from`) }),
    ...(to !== undefined && { to: checkTime(to, `${prefix}to`) }),
  };
}

/** None would mean every task, which whoever gives a filter by tags does not mean. */
function checkWantedTags(value: unknown, field: string): TaskTags {
  const tags = checkTags(value, field);
  if (Object.keys(tags).length > 0) return tags;
  throw new InvalidArgumentError(field, `${field} must have at least one tag, such as { customer: '42' }.`);
}

function checkStates(value: unknown, field: string): TaskState[] {
  const states = [value].flat();
  if (states.length > 0 && states.every((state) => TASK_STATES.includes(state as TaskState))) {
    return [...new Set(states as TaskState[])];
  }
  throw new InvalidArgumentError(
    field,
    `${field} must be one of ${listOf(TASK_STATES, 'or')}, or a list of at least one of them.`,
  );
}

/** One text, or a list of them. */
function checkTexts(value: unknown, field: string): string | string[] {
  if (!Array.isArray(value)) return checkText(value, field);
  if (value.length === 0 || value.length > MAX_FILTER_VALUES) {
    throw new InvalidArgumentError(field, `${field} must be a text, or a list of 1 to ${MAX_FILTER_VALUES} texts.`);
  }
  return [...new Set(value.map((one, index) => checkText(one, `${field}[${index}]`)))];
}

function checkTime(value: unknown, field: string): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_TIME) return value;
  throw new InvalidArgumentError(field, `${field} must be a time in UTC milliseconds.`);
}

function checkText(value: unknown, field: string, maxLength = MAX_NAME_LENGTH): string {
  if (!isText(value, maxLength)) {
    throw new InvalidArgumentError(field, `${field} must be a text of 1 to ${maxLength} characters.`);
  }
  const problem = unstorable(value);
  if (problem !== null) throw new InvalidArgumentError(field, `${field} ${problem}.`);
  return value;
}

/**
 * A Date, a promise or a map has no properties, and would pass for a question about everything.
 *
 * @param field what it is, for errors
 * @param call whose it is
 */
export function checkObject(value: unknown, field: string, call: string, keys: readonly string[]): object {
  if (!isObject(value)) {
    throw new InvalidArgumentError(field, `${field} must be an object with ${listOf(keys, 'or')}.`);
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown === undefined) return value;
  const near = nearest(unknown, keys);
  throw new InvalidArgumentError(
    unknown,
    `${call} has no option "${unknown}".${near ? ` Did you mean "${near}"?` : ''} Possible: ${listOf(keys)}.`,
  );
}
