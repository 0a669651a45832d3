import { nearest, TASK_STATES, type TaskState, type TaskSummary } from '../../lib/contract/index.js';
import type { ListTasksQuery } from '../../lib/operations/index.js';
import type { Command, OptionValues } from '../cli/command.js';
import { UsageError } from '../cli/usage-error.js';
import { DATABASE_OPTION, JSON_OPTION, type OpenTasks, withTasks } from './open-tasks.js';
import { columns } from './printable.js';
import { summaryRow } from './show-task.js';

const MAX_LISTED = 10_000;
const PAGE = 500;

/** `nestjs-tasks list`: the tasks of a state, a queue, a name or a tag. */
export const listCommand: Command = {
  name: 'list',
  summary: 'Lists tasks, the newest first: those of a state, a queue, a name, a tag or an id.',
  options: {
    database: DATABASE_OPTION,
    state: { type: 'string', placeholder: '<state>', description: TASK_STATES.join(', ') },
    queue: { type: 'string', placeholder: '<queue>', description: 'of one queue' },
    name: { type: 'string', placeholder: '<name>', description: 'of one name' },
    tag: {
      type: 'string',
      placeholder: '<name:value>',
      description: 'that have the tag; may be repeated',
      repeatable: true,
    },
    search: { type: 'string', placeholder: '<text>', description: 'an id, or a text of the params or the error' },
    limit: { type: 'string', placeholder: '<number>', description: 'most tasks', default: '50' },
    json: JSON_OPTION,
  },

  async run(values, output) {
    const limit = limitOf(String(values.limit));
    const query = queryOf(values);
    await withTasks(String(values.database), async ({ tasks }) => {
      if (values.json === true) {
        await find(tasks, query, limit, (task) => output.out(JSON.stringify(task)));
        return;
      }
      const rows: string[][] = [];
      const isMore = await find(tasks, query, limit, (task) => void rows.push(summaryRow(task)));
      if (rows.length === 0) return output.out('There is no such task.');
      output.out(columns(rows).join('\n'));
      if (isMore) output.err(`There are more: --limit ${limit * 2}`);
    });
  },
};

/** Hands over what is found as it is found: params may be large. Resolves to whether there is more. */
async function find(
  tasks: OpenTasks['tasks'],
  query: ListTasksQuery,
  limit: number,
  found: (task: TaskSummary) => void,
): Promise<boolean> {
  let left = limit;
  for (let cursor: string | undefined; ;) {
    const { items, nextCursor } = await tasks.list({
      ...query,
      limit: Math.min(PAGE, left),
      ...(cursor !== undefined && { cursor }),
    });
    items.forEach(found);
    left -= items.length;
    if (nextCursor === null || left <= 0) return nextCursor !== null;
    cursor = nextCursor;
  }
}

function queryOf({ state, queue, name, tag, search }: OptionValues): ListTasksQuery {
  return {
    ...(state !== undefined && { states: [stateOf(String(state))] }),
    ...(queue !== undefined && { queue: String(queue) }),
    ...(name !== undefined && { name: String(name) }),
    ...(search !== undefined && { search: String(search) }),
    ...(Array.isArray(tag) && { tags: tagsOf(tag) }),
  };
}

function stateOf(text: string): TaskState {
  const state = TASK_STATES.find((known) => known === text);
  if (state) return state;
  const near = nearest(text, TASK_STATES);
  throw new UsageError(
    `There is no state "${text}". ${near ? `Did you mean ${near}?` : `States: ${TASK_STATES.join(', ')}.`}`,
    'list',
  );
}

function tagsOf(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const colon = text.indexOf(':');
    if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1)];
    throw new UsageError('--tag must be a name and a value with a colon in between: --tag customer:42.', 'list');
  });
  return Object.fromEntries(pairs);
}

function limitOf(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : NaN;
  if (limit >= 1 && limit <= MAX_LISTED) return limit;
  throw new UsageError(`--limit must be a whole number from 1 to ${MAX_LISTED}, not "${text}".`, 'list');
}
