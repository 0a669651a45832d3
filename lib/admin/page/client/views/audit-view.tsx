import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AuditEntry } from '../api-types.js';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { queueHref, taskHref, workflowHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Loaded } from '../ui/bits.js';
import { Table, type Column } from '../ui/table.js';
import { Ago } from '../ui/time.js';

/** As the API has them, and as people say it. */
const ACTIONS: Readonly<Record<string, string>> = {
  update: 'Update',
  signal: 'Signal',
  'cancel-workflow': 'Cancel workflow',
  'retry-workflow': 'Retry workflow',
  retry: 'Retry',
  cancel: 'Cancel',
  'run-now': 'Run now',
  delete: 'Delete',
  enqueue: 'Enqueue',
  'pause-queue': 'Pause queue',
  'resume-queue': 'Resume queue',
  'set-queue': 'Change queue',
  'pause-tasks': 'Pause tasks',
  'resume-tasks': 'Resume tasks',
  'trigger-cron': 'Run cron now',
  'pause-cron': 'Pause cron',
  'resume-cron': 'Resume cron',
};
const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const COLUMNS: ReadonlyArray<Column<AuditEntry>> = [
  { id: 'when', label: 'When', cell: ({ at }) => <Ago at={at} /> },
  {
    id: 'who',
    label: 'Who',
    cell: ({ who }) => (who === null ? <span class="zero">not known</span> : <span class="name">{who}</span>),
  },
  { id: 'action', label: 'Action', cell: ({ action }) => ACTIONS[action] ?? action },
  { id: 'target', label: 'On', isWide: true, cell: (entry) => <Target entry={entry} /> },
  { id: 'changed', label: 'Changed', isNumber: true, cell: ({ changed }) => count(changed) },
];

function Target({ entry: { action, target } }: { readonly entry: AuditEntry }): JSX.Element {
  const text = <code>{target}</code>;
  if (action.endsWith('-workflow')) return <a href={workflowHref(target)}>{text}</a>;
  if (TASK_ID.test(target)) return <a href={taskHref(target)}>{text}</a>;
  if (action === 'set-queue') return <a href={queueHref(target.split(': ', 1)[0]!)}>{text}</a>;
  if (action.endsWith('-queue')) return <a href={queueHref(target)}>{text}</a>;
  if (action.endsWith('-cron')) return <a href="#/crons">{text}</a>;
  return text;
}

/** Changes by hand with their authors, newest first. */
export function AuditView(): JSX.Element {
  const live = useLive('audit', () => api.audit(new URLSearchParams()));
  const [older, setOlder] = useState<{ items: readonly AuditEntry[]; cursor: string | null } | null>(null);
  const [text, setText] = useState('');
  return (
    <section>
      <h1>Audit</h1>
      <div class="filter">
        <input
          type="search"
          aria-label="Find in the audit record"
          placeholder="Who, action or target"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <Loaded live={live}>
        {(first) => {
          const entries = [...first.items, ...(older?.items ?? [])];
          const cursor = older ? older.cursor : first.nextCursor;
          const wanted = text.toLowerCase();
          const shown = entries.filter(({ who, action, target }) =>
            `${who ?? ''} ${ACTIONS[action] ?? action} ${target}`.toLowerCase().includes(wanted),
          );
          const more = async (): Promise<void> => {
            const page = await api.audit(new URLSearchParams({ cursor: cursor ?? '' }));
            setOlder({ items: [...(older?.items ?? []), ...page.items], cursor: page.nextCursor });
          };
          return (
            <>
              <div class="panel scroll">
                <Table
                  caption="Actions by hand"
                  columns={COLUMNS}
                  items={shown}
                  keyOf={(entry) => `${entry.at} ${entry.action} ${entry.target}`}
                  whenNone={
                    entries.length === 0 ? 'Nobody did anything by hand yet.' : 'None of those that were read matches.'
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
        }}
      </Loaded>
    </section>
  );
}
