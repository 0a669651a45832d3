import { ACTION_STATES } from '../../../engine/task-engine.js';
import { TASK_STATES } from '../../../engine/task.js';
import type { TaskAction } from '../../../engine/index.js';
import { api } from './api.js';
import type { Queue } from './api-types.js';
import { count, serverNow } from './format.js';

/** What a link to a list of tasks may hold. `within` is a time back from now, `from` and `to` are UTC milliseconds. */
const LINK_FIELDS = ['state', 'queue', 'name', 'search', 'error', 'within', 'from', 'to', 'order'] as const;

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

export type Filter = Readonly<Record<string, string>>;

/** What of a link is a list of tasks; anything else in it is left out. */
export function listLink(link: URLSearchParams): URLSearchParams {
  const given = LINK_FIELDS.map((field) => [field, link.get(field)?.trim() ?? '']).filter(([, value]) => value !== '');
  return new URLSearchParams(given);
}

/** What the API is asked for, in the form that it has for lists and for actions on all that match. */
export function filterOf(link: URLSearchParams): Filter {
  const { within, order: _, ...filter } = Object.fromEntries(link);
  const length = within === undefined ? undefined : WITHIN[within]?.length;
  return length === undefined ? filter : { ...filter, from: String(serverNow() - length) };
}

export function listQuery(link: URLSearchParams): URLSearchParams {
  const order = link.get('order');
  return new URLSearchParams({ ...filterOf(link), ...(order === null ? {} : { order }) });
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
  const states = TASK_STATES.filter(
    (state) => ACTION_STATES[action].includes(state) && (filter.state === undefined || filter.state === state),
  );
  if (isCountedByQueues(link)) {
    const counted = queues.filter(({ queue }) => filter.queue === undefined || filter.queue === queue);
    return count(counted.flatMap(({ counts }) => states.map((state) => counts[state])).reduce((sum, n) => sum + n, 0));
  }
  let total = 0;
  for (const state of states) {
    const query = new URLSearchParams({ ...filter, state, limit: PAGE_SIZE });
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
