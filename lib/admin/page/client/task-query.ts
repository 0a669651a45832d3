import { ACTION_STATES } from '../../../engine/task-engine.js';
import { TASK_STATES } from '../../../engine/task.js';
import type { TaskAction, TaskFilter } from '../../../engine/index.js';
import { api } from './api.js';

/** The fields of a filter, as the address bar and the API have them. */
export const FILTER_FIELDS = ['state', 'queue', 'name', 'search'] as const;

/** Beyond this, tasks that only a search can count are not counted further. */
const MAX_COUNTED = 2_000;
const PAGE_SIZE = '200';

/** What of a link is a filter; anything else in it is left out. */
export function filterQuery(link: URLSearchParams): URLSearchParams {
  const given = FILTER_FIELDS.map((field) => [field, link.get(field) ?? '']).filter(([, value]) => value !== '');
  return new URLSearchParams(given);
}

export function filterOf(query: URLSearchParams): TaskFilter {
  return Object.fromEntries(query);
}

/** How many tasks an action on a filter is for, as a person reads it: `12`, or `more than 2,000`. */
export async function countMatching(action: TaskAction, filter: TaskFilter): Promise<string> {
  const states = TASK_STATES.filter(
    (state) => ACTION_STATES[action].includes(state) && (filter.state === undefined || filter.state === state),
  );
  if (filter.name === undefined && filter.search === undefined) {
    const queues = (await api.queues()).filter(({ queue }) => filter.queue === undefined || filter.queue === queue);
    const total = queues.flatMap(({ counts }) => states.map((state) => counts[state])).reduce((sum, n) => sum + n, 0);
    return total.toLocaleString();
  }
  let total = 0;
  for (const state of states) {
    const query = new URLSearchParams({ ...filter, state, limit: PAGE_SIZE });
    for (let more = true; more;) {
      const { items, nextCursor } = await api.tasks(query);
      total += items.length;
      if (total > MAX_COUNTED) return `more than ${MAX_COUNTED.toLocaleString()}`;
      if (nextCursor !== null) query.set('cursor', nextCursor);
      more = nextCursor !== null;
    }
  }
  return total.toLocaleString();
}
