import {
  ACTION_STATES,
  TASK_FILTER_KEYS,
  TASK_ORDERS,
  TASK_STATES,
  type TaskAction,
  type TaskFilter,
  type TaskOrder,
  type TaskTags,
} from '../../contract/index.js';
import {
  DEFAULT_PAGE_SIZE,
  given,
  MAX_BULK_IDS,
  MAX_FILTER_VALUES,
  MAX_PRIORITY,
  MAX_TIME,
  RequestFields,
} from '../../checks/index.js';
import { MAX_PANEL_PAGE_SIZE } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { queryOf } from './resource.js';
import { readTags, readWantedTags } from './tag-fields.js';

const ACTIONS = Object.keys(ACTION_STATES) as TaskAction[];
/** Fields of a filter that a query may have several times: a name may have a comma in it. */
const LISTS = ['state', 'queue', 'name', 'tag'];
/** A query has a tag as text, `customer:42`; a body may have all of them as an object as well. */
const QUERY_KEYS = [...TASK_FILTER_KEYS.filter((key) => key !== 'tags'), 'tag'];
const BODY_KEYS = [...TASK_FILTER_KEYS, 'tag'];
/** A date with its zone: one without means another moment on each machine. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

export interface ListRequest extends TaskFilter {
  readonly order?: TaskOrder;
  readonly cursor?: string;
  readonly limit: number;
}

export interface EnqueueRequest {
  readonly queue: string;
  readonly name: string;
  readonly params: object;
  readonly delay?: string | number;
  readonly runAt?: Date;
  readonly priority?: number;
  readonly id?: string;
  readonly tags?: TaskTags;
}

export type UpdateRequest = Partial<Pick<EnqueueRequest, 'params' | 'delay' | 'runAt' | 'priority'>>;

export type BulkRequest = { readonly action: TaskAction } & (
  { readonly ids: string[]; readonly filter?: undefined } | { readonly ids?: undefined; readonly filter: TaskFilter }
);

export function readListRequest(request: HttpRequest): ListRequest {
  const fields = queryOf(request, [...QUERY_KEYS, 'order', 'cursor', 'limit'], LISTS);
  const filter = readFilter(fields);
  const order = fields.oneOf('order', TASK_ORDERS);
  const cursor = fields.text('cursor');
  const limit = fields.wholeNumber('limit', 1, MAX_PANEL_PAGE_SIZE) ?? DEFAULT_PAGE_SIZE;
  fields.done();
  return { ...filter, ...given({ order, cursor }), limit };
}

export function readEnqueueRequest(body: Record<string, unknown>): EnqueueRequest {
  const fields = new RequestFields(body, ['queue', 'name', 'params', 'delay', 'runAt', 'priority', 'id', 'tags']);
  fields.required('queue', 'name', 'params');
  const queue = fields.text('queue');
  const name = fields.text('name');
  const params = fields.object('params');
  const { delay, runAt } = readStart(fields);
  const priority = fields.wholeNumber('priority', -MAX_PRIORITY, MAX_PRIORITY);
  const id = fields.text('id');
  const tags = readTags(fields);
  fields.done();
  return {
    queue: queue!,
    name: name!,
    params: params!,
    ...given({ delay, runAt, priority, id, tags }),
  };
}

export function readUpdateRequest(body: Record<string, unknown>): UpdateRequest {
  const fields = new RequestFields(body, ['params', 'delay', 'runAt', 'priority']);
  const params = fields.object('params');
  const { delay, runAt } = readStart(fields);
  const priority = fields.wholeNumber('priority', -MAX_PRIORITY, MAX_PRIORITY);
  fields.done();
  return given({ params, delay, runAt, priority });
}

export function readBulkRequest(body: Record<string, unknown>): BulkRequest {
  const fields = new RequestFields(body, ['action', 'ids', 'filter']);
  fields.required('action');
  const action = fields.oneOf('action', ACTIONS);
  const ids = fields.texts('ids', MAX_BULK_IDS);
  const filterFields = new RequestFields(fields.object('filter') ?? {}, BODY_KEYS, 'filter');
  const filter = readFilter(filterFields);
  if (fields.has('ids') === fields.has('filter')) fields.wrong('ids', 'or "filter" must be given, and not both');
  if (fields.has('filter') && Object.keys(filter).length === 0) {
    // A forgotten filter would act on every task, which cannot be undone.
    fields.wrong('filter', `must name at least one of ${TASK_FILTER_KEYS.map((name) => `"${name}"`).join(', ')}`);
  }
  fields.done(filterFields);
  return ids ? { action: action!, ids } : { action: action!, filter };
}

/** When a task may start, told in one way of two. */
function readStart(fields: RequestFields): { delay?: string | number; runAt?: Date } {
  const delay = readDelay(fields);
  const runAt = readTime(fields, 'runAt');
  if (fields.has('delay') && fields.has('runAt'))
    fields.wrong('runAt', 'cannot stand beside "delay": give one of them');
  return given({ delay, runAt: runAt === undefined ? undefined : new Date(runAt) });
}

function readFilter(fields: RequestFields): TaskFilter {
  const from = readTime(fields, 'from');
  const to = readTime(fields, 'to');
  if (from !== undefined && to !== undefined && from >= to) fields.wrong('to', 'must be later than "from"');
  return given({
    from,
    to,
    error: fields.text('error'),
    state: fields.someOf('state', TASK_STATES),
    queue: fields.textOrTexts('queue', MAX_FILTER_VALUES),
    name: fields.textOrTexts('name', MAX_FILTER_VALUES),
    tags: readWantedTags(fields),
    key: fields.text('key'),
    search: fields.text('search'),
  });
}

/** Its form is checked where durations are understood; a number or a text is all that it can be. */
function readDelay(fields: RequestFields): string | number | undefined {
  if (!fields.has('delay')) return undefined;
  const delay = fields.value('delay');
  if (typeof delay === 'string' || typeof delay === 'number') return delay;
  return fields.wrong('delay', 'must be milliseconds or a duration such as "5m"');
}

/** A moment in UTC milliseconds, given as those or as an ISO date. */
function readTime(fields: RequestFields, name: string): number | undefined {
  if (!fields.has(name)) return undefined;
  const time = asTime(fields.value(name));
  if (time >= 0 && time <= MAX_TIME) return time;
  return fields.wrong(name, 'must be UTC milliseconds or an ISO date with its zone, such as "2027-01-01T00:00:00Z"');
}

function asTime(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return NaN;
  // A query has digits for a number.
  if (/^\d{1,16}$/.test(value)) return Number(value);
  return ISO_DATE.test(value) ? Date.parse(value) : NaN;
}
