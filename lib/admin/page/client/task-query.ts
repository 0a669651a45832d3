import type { Queue, TaskAction } from './api-types.js';
import { ACTION_STATES, TASK_STATES } from '../../../contract/index.js';
import { api, type Filter } from './api.js';
import { count, serverNow } from './format.js';

/** The parts of a link to a list of tasks. `within` is a time back from now, `from` and `to` are UTC milliseconds. */
const LINK_FIELDS = [
  'state',
  'queue',
  'name',
  'tag',
  'key',
  'search',
  'error',
  'within',
  'from',
  'to',
  'order',
] as const;

/** Fields that may have several values. */
const SEVERAL: readonly string[] = ['state', 'queue', 'name', 'tag'];

/** Times back from now that may be chosen. */
export const WITHIN: Readonly<Record<string, { readonly label: string; readonly length: number }>> = {
  '15m': { label: 'last 15 minutes', length: 15 * 60_000 },
  '1h': { label: 'last hour', length: 3_600_000 },
  '24h': { label: 'last day', length: 86_400_000 },
  '7d': { label: 'last week', length: 7 * 86_400_000 },
};

/** Beyond this, tasks that only a search can count are not counted further. */
const MAX_COUNTED = 2_000;
const PAGE_SIZE = '200';

/** Reads the parts of a link that are about a list of tasks; anything else in it is left out. */
export function listLink(link: URLSearchParams): URLSearchParams {
  return LINK_FIELDS.reduce(
    (read, field) => withValues(read, field, [...new Set(valuesOf(link, field))]),
    new URLSearchParams(),
  );
}

/** What a link says of a field: nothing, one value, or several of which any will do. */
export function valuesOf(link: URLSearchParams, field: string): string[] {
  const given = link.getAll(field).flatMap((text) => (field === 'state' ? text.split(',') : [text]));
  const values = given.map((value) => value.trim()).filter((value) => value !== '');
  return SEVERAL.includes(field) ? values : values.slice(0, 1);
}

/** The same link with other values of a field; none take it away. */
export function withValues(link: URLSearchParams, field: string, values: readonly string[]): URLSearchParams {
  const target = new URLSearchParams(link);
  target.delete(field);
  // A state has no comma in it; the name of a task may have one.
  for (const value of field === 'state' && values.length > 0 ? [values.join(',')] : values) target.append(field, value);
  return target;
}

/** The question to the API, in the form that it has for lists and for actions on all that match. */
export function filterOf(link: URLSearchParams): Filter {
  const fields = [...new Set(link.keys())].filter((field) => field !== 'within' && field !== 'order');
  const filter = Object.fromEntries(
    fields.map((field) => {
      const values = valuesOf(link, field);
      return [field, values.length === 1 ? values[0]! : values];
    }),
  );
  const length = WITHIN[link.get('within') ?? '']?.length;
  return length === undefined ? filter : { ...filter, from: String(serverNow() - length) };
}

function queryOf(filter: Filter): URLSearchParams {
  return new URLSearchParams(
    Object.entries(filter).flatMap(([field, value]) => [value].flat().map((one) => [field, one])),
  );
}

export function listQuery(link: URLSearchParams): URLSearchParams {
  const order = link.get('order');
  return queryOf({ ...filterOf(link), ...(order === null ? {} : { order }) });
}

/** Whether the counts of queues are those of what the link finds. */
export function isCountedByQueues(link: URLSearchParams): boolean {
  return Object.keys(filterOf(link)).every((field) => field === 'state' || field === 'queue');
}

/** How many tasks an action on a filter is for, as a person reads it: `12`, or `more than 2,000`. */
export async function countMatching(
  action: TaskAction,
  link: URLSearchParams,
  queues: readonly Queue[],
): Promise<string> {
  const filter = filterOf(link);
  const [chosen, wanted] = [valuesOf(link, 'state'), valuesOf(link, 'queue')];
  const states = TASK_STATES.filter(
    (state) => ACTION_STATES[action].includes(state) && (chosen.length === 0 || chosen.includes(state)),
  );
  if (isCountedByQueues(link)) {
    const counted = queues.filter(({ queue }) => wanted.length === 0 || wanted.includes(queue));
    return count(counted.flatMap(({ counts }) => states.map((state) => counts[state])).reduce((sum, n) => sum + n, 0));
  }
  if (filter.error !== undefined && states.length > 0) {
    const known = await countOfGroup(filter);
    if (known !== null) return count(known);
  }
  let total = 0;
  for (const state of states) {
    const query = queryOf({ ...filter, state, limit: PAGE_SIZE });
    for (let more = true; more;) {
      const { items, nextCursor } = await api.tasks(query);
      total += items.length;
      if (total > MAX_COUNTED) return `more than ${count(MAX_COUNTED)}`;
      if (nextCursor !== null) query.set('cursor', nextCursor);
      more = nextCursor !== null;
    }
  }
  return count(total);
}

/** By the store's own count; null where it has counted in part, or something else narrows the group. */
async function countOfGroup({ error, queue, state: _, ...others }: Filter): Promise<number | null> {
  if (Object.keys(others).length > 0 || (queue !== undefined && typeof queue !== 'string')) return null;
  const { items, complete } = await api.errors(new URLSearchParams(queue === undefined ? {} : { queue }));
  return complete ? (items.find(({ key }) => key === error)?.count ?? null) : null;
}
