import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api.js';
import { queueHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Panel } from '../ui/bits.js';
import { Table, type Column } from '../ui/table.js';
import { Ago } from '../ui/time.js';

interface Waiting {
  readonly queue: string;
  readonly waiting: number;
  readonly oldestAt: number | null;
  readonly setAside?: number;
}

const COLUMNS: ReadonlyArray<Column<Waiting>> = [
  { id: 'queue', label: 'Queue', cell: ({ queue }) => <a href={queueHref(queue)}>{queue}</a> },
  { id: 'waiting', label: 'Waiting', isNumber: true, cell: ({ waiting }) => count(waiting) },
  { id: 'oldest', label: 'Oldest', isNumber: true, cell: ({ oldestAt }) => <Ago at={oldestAt} /> },
  { id: 'aside', label: 'Refused', isNumber: true, cell: ({ setAside }) => (setAside ? count(setAside) : null) },
];

/** Tasks in the app's database that are not yet in the queues' server; absent without an outbox. */
export function OutboxPanel(): JSX.Element | null {
  const [isAbsent, setAbsent] = useState(false);
  const { data } = useLive(
    'outbox',
    async () => {
      const outbox = await api.outbox();
      setAbsent(!outbox.enabled);
      return outbox;
    },
    { skip: () => isAbsent },
  );
  if (!data?.enabled) return null;
  return (
    <Panel title="Outbox">
      <Table
        caption="Outbox"
        columns={COLUMNS}
        items={data.queues}
        keyOf={({ queue }) => queue}
        whenNone="Nothing waits to be handed over."
      />
    </Panel>
  );
}
