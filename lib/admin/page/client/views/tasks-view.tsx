import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Queue, TaskSummary } from '../api-types.js';
import { TASK_STATES } from '../../../../contract/index.js';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { isForeign, isReadOnly } from '../core/engine.js';
import { kept } from '../core/kept.js';
import { queues } from '../core/live.js';
import { go, keptWithVisit, nameHref, queueHref, replaceQuery, taskHref } from '../core/place.js';
import { useAlive } from '../core/use-alive.js';
import { useLive } from '../core/use-live.js';
import { count, countOf, duration } from '../format.js';
import { BulkBar } from '../parts/bulk-bar.js';
import { actionsOf, TaskActions } from '../parts/task-actions.js';
import { States } from '../parts/states.js';
import { Tags } from '../parts/tags.js';
import { TaskFilters } from '../parts/task-filters.js';
import { Selection } from '../selection.js';
import { listLink, listQuery, valuesOf } from '../task-query.js';
import { Badge, Loaded, Notice } from '../ui/bits.js';
import { preview } from '../ui/json-tree.js';
import { Menu } from '../ui/menu.js';
import { sorted, Table, type Column } from '../ui/table.js';
import { Ago, Lasting } from '../ui/time.js';

/** A search that finds nothing goes on by itself for so long. */
const MAX_SEARCH_MS = 20_000;
const PREVIEW = 90;

const COLUMNS: ReadonlyArray<Column<TaskSummary>> = [
  {
    id: 'name',
    label: 'Task',
    by: ({ name }) => name,
    cell: ({ id, name }) => (
      <a class="name" href={taskHref(id)} title={name}>
        {name}
      </a>
    ),
  },
  {
    id: 'state',
    label: 'State',
    by: ({ state }) => state,
    cell: ({ state, progress }) => [
      <Badge key="state" state={state} />,
      progress && state === 'running' && ` ${Math.round(progress.percent)} %`,
    ],
  },
  {
    id: 'params',
    label: 'Params and error',
    isWide: true,
    cell: ({ params, error, state, tags }) => (
      <span class="preview">
        {error && state !== 'completed' && <span class="error-line">{`${error.name}: ${error.message} `}</span>}
        <code title={preview(params, 1_000)}>{preview(params, PREVIEW)}</code>
        {tags && <Tags tags={tags} />}
      </span>
    ),
  },
  {
    id: 'queue',
    label: 'Queue',
    by: ({ queue }) => queue,
    cell: ({ queue }) => (
      <a href={queueHref(queue)} title={queue}>
        {queue}
      </a>
    ),
  },
  {
    id: 'attempt',
    label: 'Attempt',
    isNumber: true,
    by: ({ attempt }) => attempt,
    cell: ({ attempt, maxAttempts }) => (maxAttempts === null ? attempt : `${attempt} of ${maxAttempts}`),
  },
  {
    id: 'enqueued',
    label: 'Enqueued',
    by: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
  {
    id: 'ran',
    label: 'Runs\u00a0/\u00a0ran',
    by: ({ finishedAt, startedAt, runAt }) => finishedAt ?? startedAt ?? runAt,
    cell: ({ finishedAt, startedAt, runAt }) => <Ago at={finishedAt ?? startedAt ?? runAt} />,
  },
  {
    id: 'took',
    label: 'Took',
    isNumber: true,
    by: (task) => tookOf(task),
    cell: (task) => (task.state === 'running' ? <Lasting since={task.startedAt} /> : durationOf(tookOf(task))),
  },
  {
    id: 'waited',
    label: 'Waited',
    isNumber: true,
    by: (task) => waitedOf(task),
    cell: (task) => durationOf(waitedOf(task)),
  },
  {
    id: 'priority',
    label: 'Priority',
    isNumber: true,
    by: ({ priority }) => priority,
    cell: ({ priority }) => priority,
  },
  { id: 'id', label: 'Id', cell: ({ id }) => <code>{id}</code> },
];
const SHOWN_AT_FIRST = 'name state params queue attempt enqueued ran took';
/** The ids of the columns that are shown, in one text. */
const chosenColumns = kept('task-columns', SHOWN_AT_FIRST);

function tookOf({ startedAt, finishedAt }: TaskSummary): number | null {
  return startedAt === null || finishedAt === null ? null : Math.max(0, finishedAt - startedAt);
}

function waitedOf({ startedAt, createdAt, runAt, attempt }: TaskSummary): number | null {
  return startedAt === null || attempt > 1
    ? null
    : Math.max(0, startedAt - Math.max(createdAt, Math.min(runAt, startedAt)));
}

function durationOf(milliseconds: number | null): string | null {
  return milliseconds === null ? null : duration(milliseconds);
}

/** A list of tasks by state and filter. */
export function TasksView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const link = listLink(query);
  const key = link.toString();
  return (
    <section>
      <h1>Tasks</h1>
      <div class="sided">
        <States link={link} />
        <div>
          <TaskFilters link={link} />
          <TaskList key={`list ${key}`} link={link} sort={query.get('sort') ?? undefined} />
        </div>
      </div>
    </section>
  );
}

/** Instead of an empty list, where there never was a task. */
const FIRST_STEPS = (
  <>
    {'No tasks here. The app enqueues the first one with '}
    <code>{"await dispatcher.queue('default', 'send_email', { to: 'ada@example.com' })"}</code>
    {isReadOnly
      ? '.'
      : [
          ', or you do: ',
          <a key="way" href="#/enqueue">
            Enqueue a task
          </a>,
        ]}
  </>
);

interface Further {
  readonly items: readonly TaskSummary[];
  readonly cursor: string | null;
  readonly looked: number;
  /** Whether pages were read beyond the first: where it ends is then not where the list does. */
  readonly hasBegun: boolean;
}

function TaskList({ link, sort }: { readonly link: URLSearchParams; readonly sort: string | undefined }): JSX.Element {
  const live = useLive(link.toString(), (change) => readFirst(link, change === null));
  const [further, setFurther] = useState<Further>({ items: [], cursor: null, looked: 0, hasBegun: false });
  const [isSearching, setSearching] = useState(false);
  const [, redraw] = useState(0);
  const [selection] = useState(() => keptWithVisit('selection', () => new Selection()));
  const place = useRef<HTMLDivElement>(null);
  const isAlive = useAlive();
  const standing = useStanding(
    live.data?.items ?? null,
    () => !selection.isEmpty || (place.current?.matches(':hover, :focus-within') ?? false),
  );
  const cursor = further.hasBegun ? further.cursor : (live.data?.nextCursor ?? null);
  const looked = further.hasBegun ? further.looked : (live.data?.looked ?? 0);
  const items = unique([...standing.items, ...further.items]);

  const readNext = async (from: Further): Promise<Further> => {
    const query = listQuery(link);
    if (from.cursor !== null) query.set('cursor', from.cursor);
    const page = await api.tasks(query);
    const next = {
      items: [...from.items, ...page.items],
      cursor: page.nextCursor,
      looked: from.looked + page.looked,
      hasBegun: true,
    };
    if (isAlive.current) setFurther(next);
    return next;
  };
  const position = (): Further => (further.hasBegun ? further : { items: [], cursor, looked, hasBegun: true });
  const goOn = async (): Promise<void> => {
    setSearching(true);
    const until = performance.now() + MAX_SEARCH_MS;
    try {
      for (
        let at = position();
        at.cursor !== null && at.items.length === 0 && isAlive.current && performance.now() < until;
      )
        at = await readNext(at);
    } catch {
      // The button is there to go on.
    }
    if (isAlive.current) setSearching(false);
  };
  const isEmpty = live.data !== null && items.length === 0;
  useEffect(() => {
    if (isEmpty && cursor !== null && !isSearching && !further.hasBegun) void goOn();
  }, [isEmpty, cursor]);

  const shown = chosenColumns.value.split(' ');
  const columns: Array<Column<TaskSummary>> = [
    ...(isReadOnly
      ? []
      : [
          choice(
            selection,
            () => items.map(({ id }) => id),
            () => redraw((times) => times + 1),
          ),
        ]),
    ...COLUMNS.filter(({ id }) => shown.includes(id)),
    ...(isReadOnly ? [] : [ACTIONS]),
  ];
  const total = totalOf(queues.value ?? [], link);
  const isFresh = queues.value !== null && totalOf(queues.value, new URLSearchParams()) === 0;
  const whenNone: ComponentChildren =
    cursor === null && !isSearching
      ? isFresh
        ? FIRST_STEPS
        : 'No tasks here.'
      : `${isSearching ? 'Searching' : 'Nothing found yet'}: looked at ${count(looked)}${total > looked ? ` of ${count(total)}` : ''} tasks.`;
  const order = link.get('order') === 'oldest' ? 'enqueued' : '-enqueued';
  const onSort = (next: string): void => {
    if (next.endsWith('enqueued') && sort === undefined) {
      const target = new URLSearchParams(link);
      if (order === '-enqueued') target.set('order', 'oldest');
      else target.delete('order');
      go(`#/tasks?${target.toString()}`);
      return;
    }
    const target = new URLSearchParams(link);
    if (!next.endsWith('enqueued')) target.set('sort', next);
    replaceQuery(target);
  };
  return (
    <>
      <div class="news-line" aria-live="polite">
        {standing.news > 0 && (
          <button type="button" class="news" onClick={standing.show}>
            {`${count(standing.news)} new`}
          </button>
        )}
      </div>
      <div class="panel scroll list" ref={place}>
        <Loaded live={live}>
          {() => (
            <>
              {items.length > 0 && (
                <div class="list-tools">
                  <ColumnMenu />
                </div>
              )}
              <Table
                caption="Tasks"
                columns={columns}
                items={sorted(items, columns, sort)}
                keyOf={({ id }) => id}
                sort={sort ?? order}
                onSort={onSort}
                rowClass={({ id }) => (selection.has(id) ? 'is-chosen' : '')}
                whenNone={whenNone}
              />
            </>
          )}
        </Loaded>
      </div>
      <BulkBar
        selection={selection}
        link={link}
        shown={items.filter(({ queue }) => !isForeign(queue))}
        onSelection={() => redraw((times) => times + 1)}
      />
      {sort !== undefined && items.length > 1 && (
        <Notice>{`In this order stand the ${countOf(items.length, 'task')} that are shown.`}</Notice>
      )}
      {cursor !== null && live.data !== null && !isSearching && (
        <button type="button" onClick={() => void (items.length === 0 ? goOn() : act(() => readNext(position()), ''))}>
          {items.length === 0 ? 'Search on' : 'Show more'}
        </button>
      )}
    </>
  );
}

async function readFirst(link: URLSearchParams, isFirst: boolean): Promise<Awaited<ReturnType<typeof api.tasks>>> {
  // Their counts come along with each change.
  if (queues.value === null || isFirst)
    api.queues().then(
      (all) => (queues.value = all),
      () => undefined,
    );
  return api.tasks(listQuery(link));
}

/** Somebody is about to press something in a row, or has chosen rows: none of them moves away while `stands`. */
function useStanding(
  items: readonly TaskSummary[] | null,
  stands: () => boolean,
): { items: readonly TaskSummary[]; news: number; show: () => void } {
  const before = useRef<readonly TaskSummary[] | null>(null);
  const [, redraw] = useState(0);
  if (items === null) return { items: [], news: 0, show: () => undefined };
  const known = new Set(before.current?.map(({ id }) => id));
  const fresh = items.filter(({ id }) => !known.has(id)).length;
  if (before.current === null || before.current.length === 0 || !stands()) before.current = items;
  else {
    // Those that are shown still say what becomes of them.
    const now = new Map(items.map((task) => [task.id, task]));
    before.current = before.current.map((task) => now.get(task.id) ?? task);
    if (fresh === 0 && before.current.length > items.length) before.current = items;
  }
  const shown = before.current;
  return {
    items: shown,
    news: shown === items ? 0 : fresh,
    show: () => {
      before.current = null;
      redraw((times) => times + 1);
    },
  };
}

/** A task that moved from one page to another while they were read is on the list once. */
function unique(items: readonly TaskSummary[]): TaskSummary[] {
  return [...new Map(items.map((task) => [task.id, task])).values()];
}

function choice(selection: Selection, shown: () => readonly string[], onSelection: () => void): Column<TaskSummary> {
  return {
    id: 'choose',
    label: 'Choose',
    isHidden: true,
    cell: ({ id, name, queue }) =>
      isForeign(queue) ? null : (
        <input
          type="checkbox"
          aria-label={`Choose ${name} ${id}`}
          checked={selection.has(id)}
          onClick={(event) => {
            selection.set(id, event.currentTarget.checked, event.shiftKey, shown());
            onSelection();
          }}
        />
      ),
  };
}

const ACTIONS: Column<TaskSummary> = {
  id: 'actions',
  label: 'Actions',
  isHidden: true,
  cell: (task) =>
    actionsOf(task).length > 0 && (
      <Menu label={`Actions on ${task.name} ${task.id}`}>
        <TaskActions task={task} isMenu />
        <a class="button" href={nameHref(task.name)}>{`All about ${task.name}`}</a>
      </Menu>
    ),
};

function ColumnMenu(): JSX.Element {
  const shown = chosenColumns.value.split(' ');
  const toggle = (id: string): void => {
    const next = COLUMNS.map((column) => column.id).filter((other) =>
      other === id ? !shown.includes(id) : shown.includes(other),
    );
    chosenColumns.value = next.includes('name') ? next.join(' ') : ['name', ...next].join(' ');
  };
  return (
    <Menu label="Columns" text="Columns">
      {COLUMNS.filter(({ id }) => id !== 'name').map(({ id, label }) => (
        <label key={id} data-stays>
          <input type="checkbox" checked={shown.includes(id)} onChange={() => toggle(id)} /> {label}
        </label>
      ))}
    </Menu>
  );
}

/** Tasks that a search goes through at most, as far as queues and states tell. */
function totalOf(all: readonly Queue[], link: URLSearchParams): number {
  const wanted = valuesOf(link, 'queue');
  const states = link.has('error') ? ['failed'] : valuesOf(link, 'state');
  return all
    .filter(({ queue }) => wanted.length === 0 || wanted.includes(queue))
    .flatMap(({ counts }) =>
      TASK_STATES.filter((state) => states.length === 0 || states.includes(state)).map((state) => counts[state]),
    )
    .reduce((sum, number) => sum + number, 0);
}
