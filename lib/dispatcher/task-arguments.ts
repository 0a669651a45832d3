import { type Duration, LONGEST_DURATION_MS, parseDuration } from '../config/index.js';
import {
  ACTION_STATES,
  TASK_ORDERS,
  TASK_STATES,
  type ActionTarget,
  type PageRequest,
  type TaskAction,
  type TaskFilter,
} from '../engine/index.js';
import { InvalidArgumentError, listOf, nearest } from '../errors/index.js';
import type { BulkTarget, ListTasksQuery } from './task-dispatcher.types.js';

/** Checks of what callers hand to the dispatcher, whatever their types said: calls come from JavaScript and HTTP too. */

const LONGEST_NAME = 200;
const LONGEST_SEARCH = 1_000;
const LONGEST_ID = 200;
const DEFAULT_LIMIT = 50;
const MOST_LISTED = 500;
const MOST_IDS = 10_000;
/** The last moment that a Date can hold. */
const LAST_TIME = 8.64e15;

export function checkTaskId(id: unknown): string {
  return checkText(id, 'id', LONGEST_ID);
}

/** Whether it is configured is another question. */
export function checkQueue(queue: unknown): string {
  return checkText(queue, 'queue', LONGEST_NAME);
}

export function checkTaskName(name: unknown): string {
  return checkText(name, 'name', LONGEST_NAME);
}

/** When a task may start, in UTC milliseconds. A time that has passed means now. */
export function startTime(delay: Duration | undefined, runAt: Date | number | undefined, now: number): number {
  if (delay !== undefined && runAt !== undefined) {
    throw new InvalidArgumentError('delay', 'Give either delay or runAt, not both.');
  }
  if (delay !== undefined) return now + parseDuration(delay, 'delay');
  if (runAt === undefined) return now;
  const time: unknown = runAt instanceof Date ? runAt.getTime() : runAt;
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0 || time > LAST_TIME) {
    throw new InvalidArgumentError('runAt', 'runAt must be a valid Date or UTC milliseconds since 1970.');
  }
  if (time > now + LONGEST_DURATION_MS) {
    throw new InvalidArgumentError('runAt', 'runAt must be less than ten years away.');
  }
  return Math.max(Math.round(time), now);
}

export function checkListQuery(query: ListTasksQuery): {
  filter: TaskFilter;
  page: PageRequest;
} {
  const {
    cursor,
    limit = DEFAULT_LIMIT,
    order = 'newest',
    ...filter
  } = checkObject(query, 'query', 'list', [...FILTER_KEYS, 'order', 'cursor', 'limit']) as ListTasksQuery;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_LISTED) {
    throw new InvalidArgumentError('limit', `limit must be a whole number from 1 to ${MOST_LISTED}.`);
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

export function checkAction(action: unknown): TaskAction {
  if (typeof action === 'string' && Object.hasOwn(ACTION_STATES, action)) return action as TaskAction;
  throw new InvalidArgumentError('action', `action must be one of ${listOf(Object.keys(ACTION_STATES), 'or')}.`);
}

export function checkTarget(target: BulkTarget): ActionTarget {
  const { ids, filter } = checkObject(target, 'target', 'bulk', ['ids', 'filter']) as BulkTarget;
  if ((ids === undefined) === (filter === undefined)) {
    throw new InvalidArgumentError('ids', 'Give either ids or filter.');
  }
  if (ids !== undefined) {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > MOST_IDS) {
      throw new InvalidArgumentError('ids', `ids must be an array of 1 to ${MOST_IDS} ids.`);
    }
    return { ids: [...new Set(ids.map((id, index) => checkText(id, `ids[${index}]`, LONGEST_ID)))] };
  }
  const checked = checkFilter(checkObject(filter, 'filter', 'filter', FILTER_KEYS), 'filter.');
  if (Object.keys(checked).length === 0) {
    throw new InvalidArgumentError('filter', `filter must have at least one of ${listOf(FILTER_KEYS, 'or')}.`);
  }
  return { filter: checked };
}

const FILTER_KEYS = ['state', 'queue', 'name', 'search', 'from', 'to', 'error'] as const;

function checkFilter(filter: TaskFilter, prefix: string): TaskFilter {
  const { state, queue, name, search, from, to, error } = filter;
  if (state !== undefined && !TASK_STATES.includes(state)) {
    throw new InvalidArgumentError(`${prefix}state`, `${prefix}state must be one of ${listOf(TASK_STATES, 'or')}.`);
  }
  if (from !== undefined && to !== undefined && checkTime(from, `${prefix}from`) >= checkTime(to, `${prefix}to`)) {
    throw new InvalidArgumentError(`${prefix}to`, `${prefix}to must be later than ${prefix}from.`);
  }
  return {
    ...(state !== undefined && { state }),
    ...(queue !== undefined && { queue: checkText(queue, `${prefix}queue`, LONGEST_NAME) }),
    ...(name !== undefined && { name: checkText(name, `${prefix}name`, LONGEST_NAME) }),
    ...(search !== undefined && { search: checkText(search, `${prefix}search`, LONGEST_SEARCH) }),
    ...(error !== undefined && { error: checkText(error, `${prefix}error`, LONGEST_NAME) }),
    ...(from !== undefined && { from: checkTime(from, `${prefix}from`) }),
    ...(to !== undefined && { to: checkTime(to, `${prefix}to`) }),
  };
}

function checkTime(value: unknown, field: string): number {
  if (typeof value === 'number' && value >= 0 && value <= LAST_TIME) return value;
  throw new InvalidArgumentError(field, `${field} must be a time in UTC milliseconds.`);
}

function checkText(value: unknown, field: string, longest: number): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longest) return value;
  throw new InvalidArgumentError(field, `${field} must be a text of 1 to ${longest} characters.`);
}

function checkObject(value: unknown, field: string, call: string, keys: readonly string[]): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
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
