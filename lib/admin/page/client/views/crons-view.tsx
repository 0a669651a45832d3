import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CronSchedule, TaskState } from '../api-types.js';
import { api } from '../api.js';
import { Spark } from '../charts/spark.js';
import { act } from '../core/act.js';
import { isReadOnly } from '../core/engine.js';
import { href, queueHref, replaceQuery, taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { cronWords, zoneWords } from '../cron-words.js';
import { clockTime, duration, exact, relative, shortTime } from '../format.js';
import { Action, Loaded, Mark } from '../ui/bits.js';
import { ask } from '../ui/dialog.js';
import { Menu } from '../ui/menu.js';
import { sorted, Table, type Column } from '../ui/table.js';
import { Ago, present } from '../ui/time.js';

const DONE = { trigger: 'Enqueued a run', pause: 'Paused', resume: 'Resumed' } as const;
/** For whoever does not tell colours apart. */
const SIGNS: Readonly<Partial<Record<TaskState, string>>> = { completed: '✓', failed: '✕', cancelled: '–' };
const DAY_MS = 24 * 3_600_000;

/** Every cron schedule of the store. */
export function CronsView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const live = useLive('crons', () => api.crons());
  const [text, setText] = useState('');
  const isFailing = query.get('show') === 'failing';
  const sort = query.get('sort') ?? 'trouble';
  const set = (field: string, value: string): void => {
    const target = new URLSearchParams(query);
    if (value === '') target.delete(field);
    else target.set(field, value);
    replaceQuery(target);
  };
  return (
    <section>
      <h1>Crons</h1>
      <div class="filter">
        <input
          type="search"
          aria-label="Find in crons"
          placeholder="Schedule, task or queue"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <label>
          <input type="checkbox" checked={isFailing} onChange={() => set('show', isFailing ? '' : 'failing')} /> failing
          only
        </label>
      </div>
      <Loaded live={live}>
        {(crons) => {
          const wanted = text.toLowerCase();
          const shown = crons.filter(
            (cron) =>
              (!isFailing || hasFailed(cron)) &&
              `${cron.name} ${cron.task} ${cron.queue}`.toLowerCase().includes(wanted),
          );
          return (
            <>
              <DayAhead crons={shown} />
              <div class="panel scroll crons">
                <Table
                  caption="Crons"
                  columns={COLUMNS}
                  items={sort === 'trouble' ? byTrouble(shown) : sorted(shown, COLUMNS, sort)}
                  keyOf={({ name }) => name}
                  sort={sort}
                  onSort={(next) => set('sort', next)}
                  whenNone={
                    crons.length === 0
                      ? 'There are no cron schedules. A method with @Cron() makes one.'
                      : 'No schedule matches.'
                  }
                />
              </div>
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function hasFailed({ lastRuns }: CronSchedule): boolean {
  return lastRuns[0]?.state === 'failed' || lastRuns[0]?.state === 'retryable';
}

/** Those that fail first, then by the next run. */
function byTrouble(crons: readonly CronSchedule[]): CronSchedule[] {
  return crons.toSorted(
    (one, other) =>
      Number(hasFailed(other)) - Number(hasFailed(one)) ||
      (one.nextRunAt ?? Infinity) - (other.nextRunAt ?? Infinity) ||
      (one.name < other.name ? -1 : 1),
  );
}

/** When the schedules run within the next 24 hours, as far as their next runs are known. */
function DayAhead({ crons }: { readonly crons: readonly CronSchedule[] }): JSX.Element | null {
  const now = present.peek();
  const ticks = crons.flatMap(({ name, nextRuns }) =>
    nextRuns.filter((at) => at < now + DAY_MS).map((at) => ({ name, at })),
  );
  if (ticks.length === 0) return null;
  return (
    <div
      class="day-ahead"
      role="img"
      aria-label={`Next 24 hours: ${ticks.length} runs are known, the first at ${clockTime(Math.min(...ticks.map(({ at }) => at))).slice(0, 8)}`}
    >
      {ticks.map(({ name, at }) => (
        <i
          key={`${name} ${at}`}
          title={`${name}, ${exact(at)}`}
          style={{ left: `${Math.max(0, ((at - now) / DAY_MS) * 100)}%` }}
        />
      ))}
      <span>now</span>
      <span>in 12 h</span>
      <span>in 24 h</span>
    </div>
  );
}

const COLUMNS: ReadonlyArray<Column<CronSchedule>> = [
  {
    id: 'name',
    label: 'Schedule',
    by: ({ name }) => name,
    cell: ({ name, paused, disabled, registered, location, task }) => (
      <span title={location ?? task}>
        <strong class="name">{name}</strong> {paused && <Mark text="paused" kind="paused" />}{' '}
        {disabled && <Mark text="disabled in code" />}{' '}
        {registered === false && (
          <Mark text="no handler here" kind="paused" title="This process has no handler for its task." />
        )}
      </span>
    ),
  },
  {
    id: 'words',
    label: 'Runs',
    isWide: true,
    cell: (cron) => {
      const words = cronWords(cron);
      return (
        <span class="preview" title={`${words} ${cron.expression} ${zoneWords(cron)}`}>
          {words}{' '}
          <span class="aside">
            {words !== cron.expression && <code>{cron.expression}</code>}
            {` ${zoneWords(cron)}`}
          </span>
        </span>
      );
    },
  },
  {
    id: 'location',
    label: 'Method',
    by: ({ location, task }) => location ?? task,
    cell: ({ location, task }) => <a href={href('/tasks', { name: task })}>{location ?? task}</a>,
  },
  {
    id: 'queue',
    label: 'Queue',
    by: ({ queue }) => queue,
    cell: ({ queue }) => <a href={queueHref(queue)}>{queue}</a>,
  },
  { id: 'last', label: 'Last runs', by: ({ lastRunAt }) => lastRunAt, cell: (cron) => <LastRuns cron={cron} /> },
  {
    id: 'took',
    label: 'Took',
    isNumber: true,
    by: (cron) => durationsOf(cron).at(-1) ?? null,
    cell: (cron) => {
      const took = durationsOf(cron);
      return took.length > 0
        ? [
            took.length > 1 && (
              <Spark
                key="spark"
                series={[{ kind: 'half', values: took }]}
                label={`Durations of the last runs: ${took.map(duration).join(', ')}`}
              />
            ),
            ` ${duration(took.at(-1)!)}`,
          ]
        : null;
    },
  },
  { id: 'next', label: 'Next run', by: ({ nextRunAt }) => nextRunAt, cell: (cron) => <NextRuns cron={cron} /> },
  { id: 'actions', label: 'Actions', isHidden: true, cell: (cron) => !isReadOnly && <Buttons cron={cron} /> },
];

/** The oldest first. */
function durationsOf({ lastRuns }: CronSchedule): number[] {
  return lastRuns
    .toReversed()
    .flatMap(({ startedAt, finishedAt }) =>
      startedAt !== null && finishedAt !== null ? [finishedAt - startedAt] : [],
    );
}

function LastRuns({ cron: { lastRuns, lastTaskId, lastRunAt } }: { readonly cron: CronSchedule }): JSX.Element {
  const [newest] = lastRuns;
  if (!newest)
    return lastTaskId === null ? (
      <Ago at={lastRunAt} />
    ) : (
      <a href={taskHref(lastTaskId)}>
        <Ago at={lastRunAt} />
      </a>
    );
  return (
    <span class="runs">
      {lastRuns.map(({ id, state, runAt, startedAt, finishedAt }) => {
        const took = startedAt !== null && finishedAt !== null ? `, took ${duration(finishedAt - startedAt)}` : '';
        const text = `${state}, ${exact(startedAt ?? runAt)}${took}`;
        return (
          <a key={id} class={`run ${state}`} href={taskHref(id)} title={text} aria-label={text}>
            {SIGNS[state] ?? '…'}
          </a>
        );
      })}{' '}
      <Ago at={newest.startedAt ?? newest.runAt} />
    </span>
  );
}

/** By the clock of whoever looks, like every other time on the page; by that of the schedule beside it. */
function NextRuns({ cron: { nextRunAt, nextRuns, timeZone } }: { readonly cron: CronSchedule }): JSX.Element {
  if (nextRunAt === null) return <>–</>;
  const text = `${relative(nextRunAt - present.value)}, ${shortTime(nextRunAt)}`;
  return (
    <Menu label={`Next run ${text}`} text={text}>
      <ol class="plain" data-stays>
        {nextRuns.map((at) => (
          <li key={at}>
            {exact(at)}
            {timeZone !== null && <span class="aside">{` · ${exact(at, timeZone)} in ${timeZone}`}</span>}
          </li>
        ))}
      </ol>
    </Menu>
  );
}

function Buttons({ cron: { name, paused, task } }: { readonly cron: CronSchedule }): JSX.Element {
  const run = async (action: keyof typeof DONE, title: string, text: string): Promise<void> => {
    if (
      action !== 'resume' &&
      !(await ask({ title, text, confirm: title.split(' ')[0] === 'Pause' ? 'Pause' : 'Run now', isHarmless: true }))
    )
      return;
    const reverse = action === 'trigger' ? null : action === 'pause' ? 'resume' : 'pause';
    await act(() => api.actOnCron(action, name), `${DONE[action]}: ${name}`, {
      undo: reverse === null ? undefined : () => api.actOnCron(reverse, name),
    });
  };
  return (
    <div class="actions">
      <Action
        label="Run now"
        run={() => run('trigger', `Run ${name} now?`, `A task ${task} is enqueued, beside those of its ticks.`)}
      />
      {paused ? (
        <Action label="Resume" run={() => run('resume', '', '')} />
      ) : (
        <Action label="Pause" run={() => run('pause', `Pause ${name}?`, 'It does not tick until it is resumed.')} />
      )}
    </div>
  );
}
