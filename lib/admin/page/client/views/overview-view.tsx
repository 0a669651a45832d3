import type { ComponentChildren, JSX } from 'preact';
import type { Queue, TaskMetrics } from '../api-types.js';
import { api } from '../api.js';
import { Spark } from '../charts/spark.js';
import { engine } from '../core/engine.js';
import { queues as known } from '../core/live.js';
import { useLive, type Live } from '../core/use-live.js';
import { count, duration, percent, rate, shortCount } from '../format.js';
import { Activity, byOf, windowOf, type By } from '../parts/activity.js';
import { OutboxPanel } from '../parts/outbox.js';
import { isTold, Problems, useProblems } from '../parts/problems.js';
import { Processes } from '../parts/processes.js';
import { QueueTable } from '../parts/queue-table.js';
import { totalsOf } from '../totals.js';
import { Loaded, Notice, Panel } from '../ui/bits.js';
import { present } from '../ui/time.js';

/** The counters stand by the minute: to ask for them with each change would show nothing sooner, and a week is much to read. */
const METRICS_EVERY_MS: Readonly<Record<string, number>> = { '1h': 5_000, '24h': 10_000, '7d': 60_000 };
const FAILED_SINCE = '24h';

/** The queues as they are: those that came along with a change where there was one. */
export function useQueues(): Live<readonly Queue[]> {
  return useLive('queues', async (change) => {
    const all = change?.queues ?? (await api.queues());
    known.value = all;
    return all;
  });
}

export function useMetrics(query: Readonly<Record<string, string>>): Live<TaskMetrics> {
  const text = new URLSearchParams(query).toString();
  return useLive(`metrics ${text}`, () => api.metrics(new URLSearchParams(text)), {
    every: METRICS_EVERY_MS[query.window ?? '1h'] ?? 60_000,
  });
}

/** Whether work is flowing: what needs a person, all queues, what they did lately, and who works on them. */
export function OverviewView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const window = windowOf(query);
  const cuts: readonly By[] =
    engine.value?.capabilities.nameMetrics === false ? ['state', 'queue'] : ['state', 'queue', 'name'];
  const by = byOf(query, cuts);
  const queues = useQueues();
  const hour = useMetrics({ window: '1h', by: 'queue' });
  const chart = useMetrics({ window, ...(by === 'state' ? {} : { by }) });
  const day = useMetrics({ window: FAILED_SINCE });
  const workers = useLive('workers', () => api.workers(), { every: 2_000 });
  const problems = useProblems();
  const hasTimes = engine.value?.capabilities.latencyMetrics !== false;
  return (
    <section>
      <h1 class="unseen">Overview</h1>
      <Problems live={problems} />
      <div class={isTold(problems) ? '' : 'not-yet'}>
        <Tiles queues={queues.data} hour={hour.data} day={day.data} />
        <div class={`chart-room ${hasTimes ? '' : 'is-single'}`}>
          <Loaded live={chart}>
            {(metrics) => (
              <Activity
                metrics={metrics}
                query={query}
                by={by}
                cuts={cuts}
                filter={{}}
                workers={workers.data ?? []}
                hasTimes={hasTimes}
              />
            )}
          </Loaded>
        </div>
        {!hasTimes && <Notice>This engine keeps no waiting and running times, and counts no retries.</Notice>}
        <Panel title="Queues" class="wide scroll">
          <Loaded live={queues}>
            {(all) => (
              <QueueTable queues={all} metrics={hour.data} problems={problems.data?.items ?? []} query={query} />
            )}
          </Loaded>
        </Panel>
        <OutboxPanel />
        <Loaded live={workers}>{(all) => <Processes workers={all} />}</Loaded>
      </div>
    </section>
  );
}

interface TilesProps {
  readonly queues: readonly Queue[] | null;
  readonly hour: TaskMetrics | null;
  readonly day: TaskMetrics | null;
}

/** The figures of all queues together, each with the time that it is of. */
function Tiles({ queues, hour, day }: TilesProps): JSX.Element {
  const { waiting, running, workers, failed, perMinute, failureRate, oldestAvailableAt } = totalsOf(queues ?? []);
  const points = hour?.points ?? [];
  const failedLately = day?.points.reduce((sum, point) => sum + point.failed, 0) ?? 0;
  const isKnown = queues !== null;
  return (
    <dl class="tiles">
      <Tile
        label="Waiting"
        value={isKnown && <a href="#/tasks?state=available">{shortCount(waiting)}</a>}
        title={count(waiting)}
      />
      <Tile
        label="Oldest waiting"
        value={isKnown && (oldestAvailableAt === null ? '–' : duration(Math.max(0, present.value - oldestAvailableAt)))}
      />
      <Tile
        label="Workers busy"
        value={isKnown && <a href="#/tasks?state=running">{count(running)}</a>}
        more={`of ${count(workers)}`}
      />
      <Tile
        label="Completed"
        value={isKnown && rate(perMinute)}
        more="/ min"
        spark={
          <Spark
            series={[{ kind: 'completed', values: points.map((point) => point.completed) }]}
            label="Completed in each minute of the last hour"
          />
        }
      />
      <Tile
        label="Failing"
        value={
          isKnown &&
          (failureRate === null ? '–' : failureRate === 0 ? percent(0) : <a href="#/errors">{percent(failureRate)}</a>)
        }
        more="of 5 min"
        spark={
          <Spark
            series={[{ kind: 'failed', values: points.map((point) => point.failed) }]}
            label="Failed in each minute of the last hour"
          />
        }
      />
      <Tile
        label="Failed, 24 h"
        value={
          day !== null && (
            <a class={failedLately > 0 ? 'failed' : ''} href={`#/tasks?state=failed&within=${FAILED_SINCE}`}>
              {shortCount(failedLately)}
            </a>
          )
        }
        more={isKnown ? `${shortCount(failed)} kept` : ''}
        spark={
          <Spark
            series={[{ kind: 'failed', values: day?.points.map((point) => point.failed) ?? [] }]}
            label="Failed over the last day"
          />
        }
      />
    </dl>
  );
}

interface TileProps {
  readonly label: string;
  /** False until it is known. */
  readonly value: ComponentChildren | false;
  readonly title?: string;
  readonly more?: string;
  readonly spark?: JSX.Element;
}

function Tile({ label, value, title, more, spark }: TileProps): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd title={title}>
        <span>
          {value === false ? '\u00a0' : value} {value !== false && more && <span class="aside">{more}</span>}
        </span>
        {spark}
      </dd>
    </div>
  );
}
