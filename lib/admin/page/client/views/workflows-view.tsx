import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api.js';
import type { WorkflowPage, WorkflowState, WorkflowSummary } from '../api-types.js';
import { act } from '../core/act.js';
import { engine } from '../core/engine.js';
import { go, href, workflowHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count, countOf, duration } from '../format.js';
import { Tags } from '../parts/tags.js';
import { Badge, Loaded, Segments } from '../ui/bits.js';
import { Table, type Column } from '../ui/table.js';
import { Ago, Lasting } from '../ui/time.js';

/** As the API has them; the empty one is for all. */
const STATES: ReadonlyArray<readonly [value: WorkflowState | '', label: string]> = [
  ['', 'All'],
  ['running', 'Running'],
  ['failed', 'Failed'],
  ['cancelled', 'Cancelled'],
  ['completed', 'Completed'],
];

/** The workflows of the store, the newest first. */
export function WorkflowsView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const asked = new URLSearchParams([...query].filter(([field]) => ['state', 'name', 'tag'].includes(field)));
  const live = useLive(`workflows ${asked.toString()}`, () => api.workflows(asked));
  const narrowed = ['name', 'tag'].flatMap((field) => asked.getAll(field).map((value) => `${field} ${value}`));
  const state = (asked.get('state') ?? '') as WorkflowState | '';
  const choose = (next: WorkflowState | ''): void => {
    const target = new URLSearchParams(asked);
    target.delete('state');
    if (next !== '') target.set('state', next);
    go(`#/workflows${target.size === 0 ? '' : `?${target.toString()}`}`);
  };
  return (
    <section>
      <h1>Workflows</h1>
      <div class="filter">
        <Segments label="State" options={STATES} value={state} choose={choose} />
      </div>
      {narrowed.length > 0 && (
        <p class="chips">
          {`Only ${narrowed.join(', ')}. `}
          <button type="button" onClick={() => go(href('/workflows', { state }))}>
            Show all
          </button>
        </p>
      )}
      <Loaded live={live}>{(first) => <Pages first={first} asked={asked} />}</Loaded>
    </section>
  );
}

/** The first page, which is live, and those that were asked for after it. */
function Pages({ first, asked }: { readonly first: WorkflowPage; readonly asked: URLSearchParams }): JSX.Element {
  const [older, setOlder] = useState<WorkflowPage | null>(null);
  const known = new Set(first.items.map(({ id }) => id));
  const items = [...first.items, ...(older?.items ?? []).filter(({ id }) => !known.has(id))];
  const cursor = older ? older.next : first.next;
  const more = async (): Promise<void> => {
    const page = await api.workflows(new URLSearchParams([...asked, ['cursor', cursor ?? '']]));
    // What the first page pushes out while it is live stays in sight.
    setOlder({ items: [...items, ...page.items], next: page.next });
  };
  return (
    <>
      <div class="panel scroll">
        <Table
          caption="Workflows"
          columns={COLUMNS}
          items={items}
          keyOf={({ id }) => id}
          whenNone={
            engine.value?.workflows === false
              ? 'This engine has no workflows.'
              : asked.size > 0
                ? 'No workflow matches.'
                : 'No workflow was started yet.'
          }
        />
      </div>
      {cursor !== null && (
        <button type="button" onClick={() => void act(more, '')}>
          Show older
        </button>
      )}
    </>
  );
}

const COLUMNS: ReadonlyArray<Column<WorkflowSummary>> = [
  {
    id: 'workflow',
    label: 'Workflow',
    isWide: true,
    cell: ({ id, name, tags }) => (
      <>
        <a href={workflowHref(id)} title={id}>
          {name}
        </a>{' '}
        <Tags tags={tags} path="/workflows" />
      </>
    ),
  },
  {
    id: 'state',
    label: 'State',
    cell: ({ state, reason }) => (
      <>
        <Badge state={state} />
        {reason === 'deadline' && <span class="aside"> by its deadline</span>}
        {reason === 'cancelled' && state === 'running' && <span class="aside"> being cancelled</span>}
      </>
    ),
  },
  { id: 'nodes', label: 'Nodes', cell: (workflow) => <NodeProgress workflow={workflow} /> },
  {
    id: 'tasks',
    label: 'Tasks',
    isNumber: true,
    cell: ({ tasks }) => `${count(tasks.ended)} of ${count(tasks.total)}`,
  },
  { id: 'started', label: 'Started', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    id: 'took',
    label: 'Took',
    isNumber: true,
    cell: ({ createdAt, finishedAt }) =>
      finishedAt === null ? <Lasting since={createdAt} /> : duration(finishedAt - createdAt),
  },
];

/** How many nodes have ended, drawn and in words, with those that went wrong. */
function NodeProgress({ workflow: { name, nodes } }: { readonly workflow: WorkflowSummary }): JSX.Element {
  const ended = nodes.completed + nodes.failed + nodes.cancelled;
  const total = ended + nodes.running + nodes.blocked;
  const text = `${count(ended)} of ${count(total)}`;
  const wrong = [
    nodes.failed > 0 ? countOf(nodes.failed, 'failure') : null,
    nodes.cancelled > 0 ? `${count(nodes.cancelled)} cancelled` : null,
  ].filter((part) => part !== null);
  return (
    <span class="nodes">
      <progress max={Math.max(total, 1)} value={ended} aria-label={`Nodes of ${name} that have ended`} /> {text}
      {wrong.length > 0 && <span class="aside">{`, ${wrong.join(', ')}`}</span>}
    </span>
  );
}
