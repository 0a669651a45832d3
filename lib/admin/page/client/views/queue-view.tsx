import type { JSX } from 'preact';
import type { Queue } from '../api-types.js';
import { api } from '../api.js';
import { TASK_STATES } from '../../../../contract/index.js';
import { engine, isReadOnly } from '../core/engine.js';
import { href, nameHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { isRare } from '../rare-states.js';
import { count, duration, durationOrNone, rate } from '../format.js';
import { Activity, byOf, isSpread, windowOf, type By } from '../parts/activity.js';
import { Names } from '../parts/names.js';
import { ChangeLimits } from '../parts/change-limits.js';
import { isTold, Problems, useProblems } from '../parts/problems.js';
import { QueueKeys } from '../parts/queue-keys.js';
import { PauseButton } from '../parts/queue-table.js';
import { SomeTasks } from '../parts/some-tasks.js';
import { Loaded, Mark, Notice, Panel } from '../ui/bits.js';
import { useMetrics, useQueues } from './overview-view.js';

/** One queue: what is in it, how it is set up and what of that is in use, what it did and who works on it. */
export function QueueView({ queue, query }: { readonly queue: string; readonly query: URLSearchParams }): JSX.Element {
  const queues = useQueues();
  const stats = queues.data?.find((one) => one.queue === queue);
  return (
    <section>
      <Loaded live={queues}>
        {() =>
          stats ? (
            <Shown stats={stats} query={query} />
          ) : (
            <>
              <h1>{queue}</h1>
              <Notice>There is no such queue: nothing configures it, and it has no tasks.</Notice>
            </>
          )
        }
      </Loaded>
    </section>
  );
}

function Shown({ stats, query }: { readonly stats: Queue; readonly query: URLSearchParams }): JSX.Element {
  const { queue, counts, paused, foreign, configured } = stats;
  const hasNames = engine.value?.capabilities.nameMetrics !== false;
  const cuts: readonly By[] = hasNames ? ['state', 'name'] : ['state'];
  const by = byOf(query, cuts);
  const metrics = useMetrics({
    queue,
    window: windowOf(query),
    ...(hasNames && { by: 'name' }),
    ...(isSpread(query) && { histograms: 'true' }),
  });
  const problems = useProblems();
  const workers = useLive('workers', () => api.workers(), { every: 2_000 });
  const hasTimes = engine.value?.capabilities.latencyMetrics !== false;
  const own = (workers.data ?? []).filter((worker) => worker.queues[queue] !== undefined);
  return (
    <>
      <div class="page-head">
        <h1>
          {queue} {paused && <Mark text="paused" kind="paused" />}
          {foreign && <Mark text="foreign" title="Belongs to another program: it is shown here, and never changed." />}
          {!configured && !foreign && <Mark text="not configured here" />}
        </h1>
        <div class="actions">
          {!isReadOnly && !foreign && <PauseButton queue={stats} />}
          {!isReadOnly && configured && (
            <a class="button" href={href('/enqueue', { queue })}>
              Enqueue here
            </a>
          )}
        </div>
      </div>
      <Problems live={problems} queue={queue} />
      <div class={isTold(problems) ? '' : 'not-yet'}>
        <dl class="line">
          {TASK_STATES.filter((state) => counts[state] > 0 || !isRare(state)).map((state) => (
            <div key={state}>
              <dt>{state}</dt>
              <dd>
                {counts[state] === 0 ? (
                  '0'
                ) : (
                  <a class={state} href={href('/tasks', { queue, state })}>
                    {count(counts[state])}
                  </a>
                )}
              </dd>
            </div>
          ))}
        </dl>
        <div class={`chart-room ${hasTimes ? '' : 'is-single'}`}>
          <Loaded live={metrics}>
            {(data) => (
              <Activity
                metrics={data}
                query={query}
                by={by}
                cuts={cuts}
                filter={{ queue }}
                workers={own}
                hasTimes={hasTimes}
                canSpread
              />
            )}
          </Loaded>
        </div>
        <div class="halves">
          <div>
            {hasNames && metrics.data?.series && <Names series={metrics.data.series} window={windowOf(query)} />}
            <SomeTasks
              title="Waiting longest"
              filter={{ queue, state: 'available', order: 'oldest' }}
              all={href('/tasks', { queue, state: 'available', order: 'oldest' })}
              whenNone="Nothing waits."
            />
            <SomeTasks
              title="Failed lately"
              filter={{ queue, state: 'failed' }}
              all={href('/errors', { queue })}
              whenNone="Nothing has failed."
            />
          </div>
          <div>
            <Settings stats={stats} />
            {(stats.flow !== null || counts.held > 0) && engine.value?.capabilities.keys !== false && (
              <QueueKeys queue={queue} />
            )}
            <Panel title="Workers">
              {own.length === 0 ? (
                <Notice>{foreign ? 'Another program works on it.' : 'No process works on it.'}</Notice>
              ) : (
                <ul class="rows">
                  {own.map((worker) => {
                    const running = worker.running.filter((task) => task.queue === queue);
                    return (
                      <li key={worker.id}>
                        <span class="name" title={worker.id}>{`${worker.host} · ${worker.pid}`}</span>{' '}
                        <span class="aside">{`${count(running.length)} of ${count(worker.queues[queue]!)} busy`}</span>{' '}
                        {[...new Set(running.map(({ name }) => name))].slice(0, 3).map((name) => (
                          <a key={name} href={nameHref(name)}>
                            {name}{' '}
                          </a>
                        ))}
                      </li>
                    );
                  })}
                </ul>
              )}
            </Panel>
          </div>
        </div>
      </div>
    </>
  );
}

function Settings({ stats }: { readonly stats: Queue }): JSX.Element {
  const { settings, rateLimit, concurrency, workers, counts, rates, latency, configured } = stats;
  const started = rates.completedPerMinute + rates.failedPerMinute;
  const allowed = rateLimit === null ? null : (rateLimit.max * 60_000) / rateLimit.per;
  const kept = (time: number | null): string => (time === null ? 'for ever' : duration(time));
  const facts: ReadonlyArray<readonly [string, string, number | null]> = [
    [
      'Workers',
      `${count(counts.running)} busy of ${count(workers)} in all processes; ${count(concurrency)} of this one`,
      workers === 0 ? null : counts.running / workers,
    ],
    [
      'Rate limit',
      rateLimit === null
        ? 'none'
        : `${count(rateLimit.max)} in ${duration(rateLimit.per)}; ${rate(started)} of ${rate(allowed!)} a minute in use`,
      allowed === null ? null : started / allowed,
    ],
    [
      'Retries',
      `${count(settings.maxRetries)} after the first attempt, ${duration(settings.retryDelay)} apart, ${settings.backoff}${settings.jitter > 0 ? ` ±${Math.round(settings.jitter * 100)} %` : ''}`,
      null,
    ],
    ['Timeout', settings.timeout === null ? 'none' : duration(settings.timeout), null],
    ['Priority', String(settings.priority), null],
    [
      'Kept',
      `completed ${kept(settings.retention.completed)}, failed ${kept(settings.retention.failed)}, cancelled ${kept(settings.retention.cancelled)}`,
      null,
    ],
    ['Waited, 5 min', `p50 ${durationOrNone(latency.waitP50)}, p95 ${durationOrNone(latency.waitP95)}`, null],
    ['Ran, 5 min', `p50 ${durationOrNone(latency.runP50)}, p95 ${durationOrNone(latency.runP95)}`, null],
  ];
  return (
    <Panel title="Settings">
      {!configured && <Notice>This process does not know the queue: these are the defaults.</Notice>}
      <dl class="facts">
        {facts.map(([term, text, share]) => [
          <dt key={term}>{term}</dt>,
          <dd key={`${term} is`}>
            {text}
            {share !== null && (
              <meter min={0} max={1} high={0.9} value={Math.min(1, share)} aria-label={`${term} in use`} />
            )}
          </dd>,
        ])}
      </dl>
      <ChangeLimits stats={stats} />
    </Panel>
  );
}
