import type { JSX } from 'preact';
import { api } from '../api.js';
import { engine, isReadOnly } from '../core/engine.js';
import { href, queueHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Activity, byOf, isSpread, windowOf, type By } from '../parts/activity.js';
import { limitsOf } from '../parts/params-fields.js';
import { SomeTasks } from '../parts/some-tasks.js';
import { Loaded, Notice, Panel } from '../ui/bits.js';
import { Ago } from '../ui/time.js';
import { useMetrics } from './overview-view.js';

/** All tasks of one name: what they did, what they fail with and what they take. */
export function NameView({ name, query }: { readonly name: string; readonly query: URLSearchParams }): JSX.Element {
  const handlers = useLive('handlers', () => api.handlers(), { skip: () => true });
  const handler = handlers.data?.find((one) => one.name === name);
  const hasNames = engine.value?.capabilities.nameMetrics !== false;
  return (
    <section>
      <div class="page-head">
        <h1>{name}</h1>
        <div class="actions">
          {!isReadOnly && (handler || handlers.data === null) && (
            <a class={`button primary ${handler ? '' : 'not-yet'}`} href={href('/enqueue', { name })}>
              Enqueue
            </a>
          )}
          <a class="button" href={href('/tasks', { name })}>
            All its tasks
          </a>
        </div>
      </div>
      {hasNames ? (
        <Measured name={name} query={query} />
      ) : (
        <Notice>This engine counts by queue, and not by the name of tasks.</Notice>
      )}
      <div class="halves">
        <div>
          <ErrorsOf name={name} />
          <SomeTasks title="Newest" filter={{ name }} all={href('/tasks', { name })} whenNone="There are none." />
        </div>
        <Panel title="Handler">
          {handlers.data !== null && !handler && <Notice>This process has no handler of that name.</Notice>}
          {handler && (
            <>
              <p>
                {handler.kind === 'cron' ? 'A cron method' : 'A handler'} of this process
                {handler.queue !== null && (
                  <>
                    {' '}
                    on the queue <a href={queueHref(handler.queue)}>{handler.queue}</a>
                  </>
                )}
                .
              </p>
              {handler.params ? (
                <dl class="facts">
                  {handler.params.fields.map((field) => [
                    <dt key={field.name}>{field.name}</dt>,
                    <dd key={`${field.name} is`}>{limitsOf(field) || 'one of some'}</dd>,
                  ])}
                </dl>
              ) : (
                <Notice>Its params have no class.</Notice>
              )}
            </>
          )}
        </Panel>
      </div>
    </section>
  );
}

function Measured({ name, query }: { readonly name: string; readonly query: URLSearchParams }): JSX.Element {
  const cuts: readonly By[] = ['state', 'queue'];
  const by = byOf(query, cuts);
  const metrics = useMetrics({
    name,
    window: windowOf(query),
    ...(by === 'queue' && { by }),
    ...(isSpread(query) && { histograms: 'true' }),
  });
  return (
    <div class="chart-room">
      <Loaded live={metrics}>
        {(data) => (
          <Activity
            metrics={data}
            query={query}
            by={by}
            cuts={cuts}
            filter={{ name }}
            workers={[]}
            hasTimes
            canSpread
          />
        )}
      </Loaded>
    </div>
  );
}

function ErrorsOf({ name }: { readonly name: string }): JSX.Element {
  const live = useLive(`errors of ${name}`, () => api.errors(new URLSearchParams({ name })), { every: 5_000 });
  return (
    <Panel
      title="Errors"
      tools={
        <a class="button" href={href('/errors', { name })}>
          All
        </a>
      }
    >
      <Loaded live={live}>
        {({ items, complete }) =>
          items.length === 0 ? (
            <Notice>None of them is failed.</Notice>
          ) : (
            <ul class="rows">
              {items.slice(0, 8).map(({ key, error, count: number, lastAt }) => (
                <li key={key}>
                  <a class="name" href={href('/tasks', { state: 'failed', error: key })}>
                    {error.message || error.name}
                  </a>{' '}
                  <span class="aside">{`${error.name} · ${complete ? '' : 'at least '}${count(number)} · last `}</span>
                  <Ago at={lastAt} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
