import {
  ACTION_STATES,
  TASK_ORDERS,
  TASK_STATES,
  type TaskAction,
  type TaskFilter,
  type TaskOrder,
} from '../../engine/index.js';
import { DEFAULT_PAGE_SIZE, MAX_BULK_IDS, MAX_FILTER_TEXT, MAX_PAGE_SIZE } from '../admin.constants.js';
import { Fields } from '../http/fields.js';

const ACTIONS = Object.keys(ACTION_STATES) as TaskAction[];
const FILTER_FIELDS = ['state', 'queue', 'name', 'search', 'from', 'to', 'error'] as const;
/** A date with its zone: one without means another moment on each machine. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;
const LAST_DATE_MS = 8.64e15;

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
}

export type BulkRequest = { readonly action: TaskAction } & (
  { readonly ids: string[]; readonly filter?: undefined } | { readonly ids?: undefined; readonly filter: TaskFilter }
);

export function readListRequest(query: URLSearchParams): ListRequest {
  const fields = Fields.ofQuery(query, [...FILTER_FIELDS, 'order', 'cursor', 'limit']);
  const filter = readFilter(fields);
  const order = fields.oneOf('order', TASK_ORDERS);
  const cursor = fields.text('cursor', MAX_FILTER_TEXT);
  const limit = fields.wholeNumber('limit', 1, MAX_PAGE_SIZE) ?? DEFAULT_PAGE_SIZE;
  fields.done();
  return { ...filter, ...given({ order, cursor }), limit };
}

export function readEnqueueRequest(body: Record<string, unknown>): EnqueueRequest {
  const fields = new Fields(body, ['queue', 'name', 'params', 'delay', 'runAt', 'priority']);
  fields.required('queue', 'name', 'params');
  const queue = fields.text('queue', MAX_FILTER_TEXT);
  const name = fields.text('name', MAX_FILTER_TEXT);
  const params = fields.object('params');
  const delay = readDelay(fields);
  const runAt = readTime(fields, 'runAt');
  if (fields.has('delay') && fields.has('runAt'))
    fields.wrong('runAt', 'cannot stand beside "delay": give one of them');
  const priority = fields.wholeNumber('priority', -1_000_000, 1_000_000);
  fields.done();
  return {
    queue: queue!,
    name: name!,
    params: params!,
    ...given({ delay, runAt: runAt === undefined ? undefined : new Date(runAt), priority }),
  };
}

export function readBulkRequest(body: Record<string, unknown>): BulkRequest {
  const fields = new Fields(body, ['action', 'ids', 'filter']);
  fields.required('action');
  const action = fields.oneOf('action', ACTIONS);
  const ids = fields.texts('ids', MAX_BULK_IDS);
  const filterFields = new Fields(fields.object('filter') ?? {}, FILTER_FIELDS, 'filter');
  const filter = readFilter(filterFields);
  if (fields.has('ids') === fields.has('filter')) fields.wrong('ids', 'or "filter" must be given, and not both');
  if (fields.has('filter') && Object.keys(filter).length === 0) {
    // What a forgotten filter would do to every task cannot be undone.
    fields.wrong('filter', `must name at least one of ${FILTER_FIELDS.map((name) => `"${name}"`).join(', ')}`);
  }
  fields.done(filterFields);
  return ids ? { action: action!, ids } : { action: action!, filter };
}

function readFilter(fields: Fields): TaskFilter {
  const from = readTime(fields, 'from');
  const to = readTime(fields, 'to');
  if (from !== undefined && to !== undefined && from >= to) fields.wrong('to', 'must be later than "from"');
  return given({
    from,
    to,
    error: fields.text('error', MAX_FILTER_TEXT),
    state: fields.oneOf('state', TASK_STATES),
    queue: fields.text('queue', MAX_FILTER_TEXT),
    name: fields.text('name', MAX_FILTER_TEXT),
    search: fields.text('search', MAX_FILTER_TEXT),
  });
}

/** Its form is checked where durations are understood; a number or a text is all that it can be. */
function readDelay(fields: Fields): string | number | undefined {
  if (!fields.has('delay')) return undefined;
  const delay = fields.value('delay');
  if (typeof delay === 'string' || typeof delay === 'number') return delay;
  return fields.wrong('delay', 'must be milliseconds or a duration such as "5m"');
}

/** A moment in UTC milliseconds, given as those or as an ISO date. */
function readTime(fields: Fields, name: string): number | undefined {
  if (!fields.has(name)) return undefined;
  const time = asTime(fields.value(name));
  if (time >= 0 && time <= LAST_DATE_MS) return time;
  return fields.wrong(name, 'must be UTC milliseconds or an ISO date with its zone, such as "2027-01-01T00:00:00Z"');
}

function asTime(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return NaN;
  // A query has digits for a number.
  if (/^\d{1,16}$/.test(value)) return Number(value);
  return ISO_DATE.test(value) ? Date.parse(value) : NaN;
}

/** Without what was not given, so that it does not stand for a value. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
