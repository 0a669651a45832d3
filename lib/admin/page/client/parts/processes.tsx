import type { JSX } from 'preact';
import type { RunningTask, WorkerStatus } from '../api-types.js';
import { taskHref } from '../core/place.js';
import { count } from '../format.js';
import { Mark, Panel } from '../ui/bits.js';
import { Table, type Column } from '../ui/table.js';
import { Ago, Lasting } from '../ui/time.js';

/** Running tasks that are named of one process; the others are counted. */
const MAX_NAMED = 3;

const COLUMNS: ReadonlyArray<Column<WorkerStatus>> = [
  {
    id: 'process',
    label: 'Process',
    cell: ({ id, host, pid, self }) => [
      <span key="name" class="name" title={id}>
        {`${host} · ${pid}`}
      </span>,
      ' ',
      self && <Mark key="self" text="this one" />,
    ],
  },
  { id: 'started', label: 'Started', cell: ({ startedAt }) => <Ago at={startedAt} /> },
  {
    id: 'queues',
    label: 'Queues (workers)',
    isWide: true,
    cell: ({ queues }) => (
      <span class="preview">
        {Object.entries(queues)
          .map(([queue, number]) => `${queue} ${count(number)}`)
          .join(', ')}
      </span>
    ),
  },
  {
    id: 'busy',
    label: 'Busy',
    isNumber: true,
    cell: ({ running, queues }) =>
      `${count(running.length)} of ${count(Object.values(queues).reduce((sum, number) => sum + number, 0))}`,
  },
  {
    id: 'running',
    label: 'Running',
    cell: ({ running }) =>
      running.length === 0 ? null : (
        <ul class="plain">
          {running.slice(0, MAX_NAMED).map((task) => (
            <Running key={task.id} task={task} />
          ))}
          {running.length > MAX_NAMED && <li class="zero">{`and ${count(running.length - MAX_NAMED)} more`}</li>}
        </ul>
      ),
  },
];

function Running({ task: { id, name, queue, startedAt } }: { readonly task: RunningTask }): JSX.Element {
  return (
    <li>
      <a href={taskHref(id)} title={queue}>
        {name}
      </a>{' '}
      for <Lasting since={startedAt} />
    </li>
  );
}

/** The processes that are alive, and what each is running. */
export function Processes({ workers }: { readonly workers: readonly WorkerStatus[] }): JSX.Element {
  return (
    <Panel title="Processes" class="wide scroll">
      <Table
        caption="Processes"
        columns={COLUMNS}
        items={workers}
        keyOf={({ id }) => id}
        whenNone="No process is alive that works on tasks."
      />
    </Panel>
  );
}
