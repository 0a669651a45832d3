import type { ErrorReport } from '../../lib/contract/index.js';
import type { TaskList } from '../../lib/operations/index.js';
import Database from 'better-sqlite3';
import { formatTable } from '../report/table.js';
import { IDLE_QUEUE } from './fill.js';

/** Searches by a text that the store cannot find by an index, each to its end. */
const SEARCHES = [
  ['text that is in two tasks, one of them old', 'search=user77@example.com', 2],
  ['text that is in none', 'search=nowhere+at+all', 0],
  ['text that is in no failed task', 'state=failed&search=nowhere+at+all', 0],
  ['text that is in no task of a queue', `queue=${IDLE_QUEUE}&search=nowhere+at+all`, 0],
] as const;

/** A table of what each search finds and says until it has gone through all; throws where it says less than it looked at. */
export async function followSearches(origin: string): Promise<string> {
  const rows: string[][] = [];
  for (const [title, query, wanted] of SEARCHES) {
    let [looked, found, requests, slowest] = [0, 0, 0, 0];
    const began = performance.now();
    for (let cursor: string | null = ''; cursor !== null; requests += 1) {
      const asked = performance.now();
      const page: TaskList = await read<TaskList>(
        origin,
        `tasks?${query}&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      slowest = Math.max(slowest, performance.now() - asked);
      if (page.items.length === 0 && page.looked === 0) throw new Error(`${title}: it does not say how far it looked`);
      looked += page.looked;
      found += page.items.length;
      cursor = page.nextCursor;
    }
    if (found !== wanted) throw new Error(`${title}: ${found} found, ${wanted} there are`);
    const took = performance.now() - began;
    rows.push([title, String(found), looked.toLocaleString('en'), String(requests), ms(took), ms(slowest)]);
  }
  return formatTable(['search to its end', 'found', 'looked at', 'requests', 'in all', 'slowest request'], rows);
}

/** Compares what the API says of each group of errors with what the tasks themselves say. */
export async function checkErrors(origin: string, file: string): Promise<string> {
  const { items, complete } = await read<ErrorReport>(origin, 'errors');
  const database = new Database(file, { readonly: true });
  const rows = database
    .prepare(
      `SELECT error_group AS key, count(*) AS count, min(finished_at) AS firstAt, max(finished_at) AS lastAt
         FROM tasks_task WHERE state = 'failed' GROUP BY error_group`,
    )
    .all() as Array<{ key: string; count: number; firstAt: number; lastAt: number }>;
  database.close();
  const wrong = rows.filter((row) => {
    const said = items.find(({ key }) => key === row.key);
    return said?.count !== row.count || said.firstAt !== row.firstAt || said.lastAt !== row.lastAt;
  });
  if (!complete || wrong.length > 0 || rows.length !== items.length)
    throw new Error(`Groups of errors are not exact: ${JSON.stringify({ complete, wrong })}`);
  const failed = items.reduce((sum, { count }) => sum + count, 0);
  return `${items.length} groups of errors of ${failed.toLocaleString('en')} failed tasks: number, first and last are exact.`;
}

async function read<T>(origin: string, path: string): Promise<T> {
  return (await (await fetch(`${origin}/admin/tasks/api/${path}`)).json()) as T;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
