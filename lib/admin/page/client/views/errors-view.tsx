import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ErrorGroup, ErrorReport } from '../api-types.js';
import { api } from '../api.js';
import { Spark } from '../charts/spark.js';
import { say } from '../core/act.js';
import { isForeign, isReadOnly } from '../core/engine.js';
import { lifeOf } from '../core/group-life.js';
import { kept } from '../core/kept.js';
import { go, href, nameHref, replaceQuery, taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count, countOf } from '../format.js';
import { retryGroup } from '../parts/retry-group.js';
import { Action, Loaded, Mark, Notice } from '../ui/bits.js';
import { Menu } from '../ui/menu.js';
import { sorted, Table, type Column } from '../ui/table.js';
import { Ago, present } from '../ui/time.js';

/** Keys of groups that this browser does not show. */
const muted = kept<readonly string[]>('muted-errors', []);

/** Errors grouped by task and message: a hundred that say the same are one thing to put right. */
export function ErrorsView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const narrowed = ['queue', 'name']
    .map((field) => [field, query.get(field) ?? ''])
    .filter(([, value]) => value !== '');
  const asked = new URLSearchParams(narrowed);
  const live = useLive(`errors ${asked.toString()}`, () => api.errors(asked), { every: 2_000 });
  return (
    <section>
      <h1>Errors</h1>
      {asked.size > 0 && (
        <p class="chips">
          {`Only ${[...asked].map(([field, value]) => `${field === 'name' ? 'task' : field} ${value}`).join(', ')}. `}
          <button type="button" onClick={() => go('#/errors')}>
            Show all
          </button>
        </p>
      )}
      <Loaded live={live}>{(report) => <Groups report={report} query={query} />}</Loaded>
    </section>
  );
}

function Groups({ report, query }: { readonly report: ErrorReport; readonly query: URLSearchParams }): JSX.Element {
  const { items, looked, complete } = report;
  const [text, setText] = useState('');
  const [showsMuted, setShowsMuted] = useState(false);
  const sort = query.get('sort') ?? '-count';
  const onSort = (next: string): void => {
    const target = new URLSearchParams(query);
    target.set('sort', next);
    replaceQuery(target);
  };
  const columns = columnsOf(complete, present.peek());
  const wanted = text.toLowerCase();
  const isMuted = ({ key }: ErrorGroup): boolean => muted.value.includes(key);
  const found = items.filter(({ name, error }) =>
    `${name} ${error.name}: ${error.message}`.toLowerCase().includes(wanted),
  );
  const shown = found.filter((group) => showsMuted || !isMuted(group));
  const hidden = found.length - found.filter((group) => !isMuted(group)).length;
  return (
    <>
      <div class="filter">
        <input
          type="search"
          aria-label="Find in errors"
          placeholder={`Find in ${countOf(items.length, 'group')}`}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {hidden > 0 && (
          <label>
            <input type="checkbox" checked={showsMuted} onChange={() => setShowsMuted(!showsMuted)} />{' '}
            {`${count(hidden)} muted`}
          </label>
        )}
        {!complete && <Notice>{`At least so many: ${count(looked)} failed tasks were counted so far.`}</Notice>}
      </div>
      <div class="panel scroll groups">
        <Table
          caption="Groups of errors"
          columns={columns}
          items={sorted(shown, columns, sort)}
          keyOf={({ key }) => key}
          sort={sort}
          onSort={onSort}
          rowClass={(group) => (isMuted(group) ? 'is-muted' : '')}
          whenNone={items.length === 0 ? 'No failed tasks.' : 'No group matches.'}
        />
      </div>
    </>
  );
}

function columnsOf(complete: boolean, now: number): ReadonlyArray<Column<ErrorGroup>> {
  return [
    {
      id: 'message',
      label: 'Error',
      isWide: true,
      by: ({ error }) => error.message,
      cell: (group) => {
        const life = lifeOf(group, now);
        return (
          <a
            class="name error-text"
            href={href('/tasks', { state: 'failed', error: group.key })}
            title={`${group.error.name}: ${group.error.message}`}
          >
            {life !== '' && <Mark text={life} kind={life === 'new' ? 'failed' : 'paused'} />}{' '}
            <strong>{group.error.message || group.error.name}</strong> <span class="aside">{group.error.name}</span>
          </a>
        );
      },
    },
    { id: 'name', label: 'Task', by: ({ name }) => name, cell: ({ name }) => <a href={nameHref(name)}>{name}</a> },
    {
      id: 'count',
      label: 'Failed',
      isNumber: true,
      by: (group) => group.count,
      cell: (group) => (
        <strong
          title={complete ? undefined : 'Not all failed tasks are counted yet.'}
        >{`${complete ? '' : '≥ '}${count(group.count)}`}</strong>
      ),
    },
    {
      id: 'lately',
      label: 'Last 24 hours',
      by: ({ points }) => points.reduce((sum, value) => sum + value, 0),
      cell: ({ points }) => (
        <Spark
          series={[{ kind: 'failed', values: points }]}
          label={`${countOf(
            points.reduce((sum, value) => sum + value, 0),
            'failure',
          )} in the last 24 hours, ${points.at(-1) ?? 0} in this hour`}
        />
      ),
    },
    { id: 'first', label: 'First', by: ({ firstAt }) => firstAt, cell: ({ firstAt }) => <Ago at={firstAt} /> },
    { id: 'last', label: 'Last', by: ({ lastAt }) => lastAt, cell: ({ lastAt }) => <Ago at={lastAt} /> },
    { id: 'queues', label: 'Queues', cell: ({ queues }) => queues.join(', ') },
    { id: 'actions', label: 'Actions', isHidden: true, cell: (group) => <GroupActions group={group} /> },
  ];
}

function GroupActions({ group }: { readonly group: ErrorGroup }): JSX.Element {
  const { key, sampleId, queues, error } = group;
  const isMuted = muted.value.includes(key);
  const toggle = (): void => {
    const show = (): void => {
      muted.value = muted.value.filter((other) => other !== key);
    };
    if (isMuted) return show();
    muted.value = [...muted.value, key];
    say(`Muted in this browser: ${error.message || error.name}`, false, show);
  };
  return (
    <div class="actions">
      <a class="button" href={taskHref(sampleId)} title="The newest task that failed so">
        Example
      </a>
      {!isReadOnly && !queues.some(isForeign) && <Action label="Retry all" run={() => retryGroup(group)} />}
      <Menu label={`More of ${error.message || error.name}`}>
        <button type="button" onClick={toggle}>
          {isMuted ? 'Show again' : 'Mute in this browser'}
        </button>
      </Menu>
    </div>
  );
}
