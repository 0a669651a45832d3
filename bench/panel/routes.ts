import type { ErrorReport } from '../../lib/contract/index.js';
import type { TaskList } from '../../lib/operations/index.js';
import { FAILED_QUEUE, IDLE_QUEUE } from './fill.js';

export interface Route {
  readonly title: string;
  /** How often it is asked; left out: as often as any. */
  readonly times?: number;
  ask(): Promise<Response>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Everything that the panel asks for, and the questions that are hardest to answer. */
export async function routes(origin: string): Promise<Route[]> {
  const panel = `${origin}/admin/tasks`;
  const get = (title: string, path: string): Route => ({ title, ask: () => fetch(`${panel}/${path}`) });
  const read = async <T>(path: string): Promise<T> => (await (await fetch(`${panel}/${path}`)).json()) as T;

  const failed = await read<TaskList>('api/tasks?state=failed&limit=200');
  const { items } = await read<ErrorReport>('api/errors');
  const now = Date.now();
  const hours = (from: number, to: number): string =>
    `from=${now - from * (DAY_MS / 24)}&to=${now - to * (DAY_MS / 24)}`;
  return [
    get('the page', ''),
    get('its script', 'page.js'),
    get('queues', 'api/queues'),
    get('metrics, 1 hour', 'api/metrics?window=1h'),
    get('metrics, 1 day', 'api/metrics?window=1d'),
    get('metrics, 7 days', 'api/metrics?window=7d'),
    get('metrics, 1 hour, by queue', 'api/metrics?window=1h&by=queue'),
    get('metrics, 7 days, by task', 'api/metrics?window=7d&by=name'),
    get('problems', 'api/problems'),
    get('workers', 'api/workers'),
    get('engine', 'api/engine'),
    get('handlers', 'api/handlers'),
    get('crons', 'api/crons'),
    get('audit', 'api/audit'),
    get('errors', 'api/errors'),
    get('errors of one task', 'api/errors?name=task_0'),
    get('a search for an id', `api/tasks?search=${failed.items[0]!.id}`),
    get('one task', `api/tasks/${failed.items[0]!.id}`),
    get('tasks', 'api/tasks?limit=200'),
    get('tasks, the oldest first', 'api/tasks?limit=200&order=oldest'),
    get('tasks that completed', 'api/tasks?state=completed&limit=200'),
    get('tasks that wait', 'api/tasks?state=available&limit=200'),
    get('tasks that failed, page 2', `api/tasks?state=failed&limit=200&cursor=${failed.nextCursor}`),
    get('tasks of a queue', `api/tasks?queue=${IDLE_QUEUE}&limit=200`),
    get('tasks of a name', 'api/tasks?name=task_3&limit=200'),
    get('tasks of a queue and a name', `api/tasks?queue=${FAILED_QUEUE}&name=task_0&limit=200`),
    get('tasks of a queue and a name that has none', `api/tasks?queue=${FAILED_QUEUE}&name=task_3&limit=200`),
    get('tasks of an error', `api/tasks?error=${items[0]!.key}&limit=200`),
    get('tasks of the last hour', `api/tasks?${hours(1, 0)}`),
    get('tasks of an hour 5 days ago', `api/tasks?${hours(121, 120)}`),
    get('failed tasks of an hour 5 days ago', `api/tasks?state=failed&${hours(121, 120)}`),
    get('text that is in every task', 'api/tasks?search=example.com'),
    get('text that is in one old task', 'api/tasks?search=user77@example.com'),
    get('text that is in none', 'api/tasks?search=nowhere+at+all'),
    get('text that is in no failed task', 'api/tasks?state=failed&search=nowhere+at+all'),
    {
      title: 'events, until the first',
      ask: async () => {
        const aborter = new AbortController();
        const response = await fetch(`${panel}/api/events`, { signal: aborter.signal });
        const reader = response.body!.getReader();
        await reader.read();
        aborter.abort();
        return new Response('');
      },
    },
    {
      title: 'retry of all tasks of an error, a quarter of those that failed',
      times: 1,
      ask: () =>
        fetch(`${panel}/api/tasks/bulk`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ action: 'retry', filter: { error: items[0]!.key } }),
        }),
    },
  ];
}
