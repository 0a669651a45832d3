import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem, Queue, TaskMetrics } from '../api-types.js';
import { api } from '../api.js';
import { Spark, Strip } from '../charts/spark.js';
import { act } from '../core/act.js';
import { isReadOnly } from '../core/engine.js';
import { href, queueHref, replaceQuery } from '../core/place.js';
import { useStill } from '../core/use-still.js';
import { count, countOf, duration, durationOrNone, percent, rate } from '../format.js';
import { failureRate } from '../totals.js';
import { Action, Count, Mark } from '../ui/bits.js';
import { ask } from '../ui/dialog.js';
import { sorted, Table, type Column } from '../ui/table.js';
import { present } from '../ui/time.js';

/** From so many on, a field to narrow them is of use. */
const MANY = 8;

interface Props {
  readonly queues: readonly Queue[];
  readonly metrics: TaskMetrics | null;
  readonly problems: readonly Problem[];
  readonly query: URLSearchParams;
}

/** Queues in rows, those in trouble first. */
export function QueueTable({ queues, metrics, problems, query }: Props): JSX.Element {
  const [text, setText] = useState('');
  const sort = query.get('sort') ?? 'trouble';
  const columns = columnsOf(queues, metrics, problems);
  const shown = queues.filter(({ queue }) => queue.toLowerCase().includes(text.toLowerCase()));
  const inOrder = sort === 'trouble' ? byTrouble(shown, problems) : sorted(shown, columns, sort);
  // By the same column and filter, rows change places only while nobody points at them.
  const order = useStill({ of: `${sort} ${text}`, keys: inOrder.map(({ queue }) => queue) }, (before, now) =>
    before.of === now.of ? before : now,
  );
  const onSort = (next: string): void => {
    const target = new URLSearchParams(query);
    target.set('sort', next);
    replaceQuery(target);
  };
  return (
    <>
      {queues.length > MANY && (
        <input
          type="search"
          class="narrow-list"
          aria-label="Filter queues"
          placeholder={`Filter ${countOf(queues.length, 'queue')}`}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <Table
        caption="Queues"
        columns={columns}
        items={placed(inOrder, order.keys)}
        keyOf={({ queue }) => queue}
        sort={sort}
        onSort={onSort}
        rowClass={(stats) => `trouble-${severityOf(stats, problems)}`}
        whenNone={queues.length === 0 ? 'There are no queues. The first task makes one.' : 'No queue matches.'}
      />
    </>
  );
}

/** In the order that is given; those that are not in it last. */
function placed(queues: readonly Queue[], keys: readonly string[]): Queue[] {
  const rank = new Map(keys.map((key, index) => [key, index]));
  return queues.toSorted((one, other) => (rank.get(one.queue) ?? keys.length) - (rank.get(other.queue) ?? keys.length));
}

function severityOf({ queue }: Queue, problems: readonly Problem[]): 'bad' | 'warn' | 'none' {
  return problems.find((problem) => problem.queue === queue)?.severity ?? 'none';
}

/** In the order of the problems, then by what there is to do. */
function byTrouble(queues: readonly Queue[], problems: readonly Problem[]): Queue[] {
  const rank = ({ queue }: Queue): number => {
    const at = problems.findIndex((problem) => problem.queue === queue);
    return at === -1 ? Infinity : at;
  };
  const busy = ({ rates, counts }: Queue): number =>
    rates.completedPerMinute + rates.failedPerMinute + counts.running + counts.available;
  return queues.toSorted((one, other) => {
    const [left, right] = [rank(one), rank(other)];
    return left === right ? busy(other) - busy(one) || (one.queue < other.queue ? -1 : 1) : left - right;
  });
}

function columnsOf(
  all: readonly Queue[],
  metrics: TaskMetrics | null,
  problems: readonly Problem[],
): ReadonlyArray<Column<Queue>> {
  const most = Math.max(1, ...all.map(({ counts }) => counts.available + counts.running + counts.retryable));
  const seriesOf = (queue: string): NonNullable<TaskMetrics['series']>[number] | undefined =>
    metrics?.series?.find(({ key }) => key === queue);
  const stateLink = (queue: string, state: string, total: number): JSX.Element | null =>
    total === 0 ? null : (
      <a class={state} href={href('/tasks', { state, queue })}>
        <Count value={total} />
      </a>
    );
  return [
    {
      id: 'queue',
      label: 'Queue',
      by: ({ queue }) => queue,
      cell: ({ queue, paused, foreign, configured }) => (
        <span class="named" title={problems.find((problem) => problem.queue === queue)?.text ?? queue}>
          <a class="name" href={queueHref(queue)}>
            {queue}
          </a>{' '}
          {paused && <Mark text="paused" kind="paused" />}
          {foreign && <Mark text="foreign" title="Belongs to another program: it is shown here, and never changed." />}
          {!configured && !foreign && <Mark text="not configured here" title="This process does not know the queue." />}
        </span>
      ),
    },
    {
      id: 'depth',
      label: 'Waiting, running, retrying',
      by: ({ counts }) => counts.available + counts.running + counts.retryable,
      cell: (stats) => <Depth queue={stats} most={most} />,
    },
    {
      id: 'waiting',
      label: 'Waiting',
      isNumber: true,
      by: ({ counts }) => counts.available,
      cell: ({ queue, counts }) => stateLink(queue, 'available', counts.available),
    },
    {
      id: 'oldest',
      label: 'Oldest',
      isNumber: true,
      by: ({ oldestAvailableAt }) => (oldestAvailableAt === null ? null : -oldestAvailableAt),
      cell: ({ oldestAvailableAt }) =>
        oldestAvailableAt !== null && duration(Math.max(0, present.value - oldestAvailableAt)),
    },
    {
      id: 'retryable',
      label: 'Retrying',
      isNumber: true,
      by: ({ counts }) => counts.retryable,
      cell: ({ queue, counts }) => stateLink(queue, 'retryable', counts.retryable),
    },
    {
      id: 'failed',
      label: 'Failed',
      isNumber: true,
      by: ({ counts }) => counts.failed,
      cell: ({ queue, counts }) => stateLink(queue, 'failed', counts.failed),
    },
    {
      id: 'busy',
      label: 'Busy',
      isNumber: true,
      by: ({ counts }) => counts.running,
      cell: ({ counts, workers }) => `${count(counts.running)}\u00a0/\u00a0${count(workers)}`,
    },
    {
      id: 'rate',
      label: 'Per min',
      isNumber: true,
      by: ({ rates }) => rates.completedPerMinute,
      cell: ({ rates }) => rate(rates.completedPerMinute),
    },
    {
      id: 'hour',
      label: '60 min',
      cell: ({ queue }) => {
        const series = seriesOf(queue);
        if (!series) return null;
        const [completed, failed] = [thirds(series.completed), thirds(series.failed)];
        const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
        return (
          <Spark
            series={[
              { kind: 'failed', values: failed },
              { kind: 'completed', values: completed },
            ]}
            label={`${count(sum(completed))} completed, ${count(sum(failed))} failed in the last hour`}
          />
        );
      },
    },
    {
      id: 'failing',
      label: 'Failing',
      isNumber: true,
      by: ({ rates }) => failureRate(rates.completedPerMinute, rates.failedPerMinute),
      cell: ({ queue, rates }) => {
        const failing = failureRate(rates.completedPerMinute, rates.failedPerMinute);
        if (failing === null || failing === 0) return null;
        return (
          <a class="failed" href={href('/errors', { queue })} title="Of what ended in the last five minutes">
            {percent(failing)}
          </a>
        );
      },
    },
    {
      id: 'wait',
      label: 'Wait p95',
      isNumber: true,
      by: ({ latency }) => latency.waitP95,
      cell: ({ latency }) =>
        latency.waitP95 !== null && (
          <span title={`p50 ${durationOrNone(latency.waitP50)}`}>{duration(latency.waitP95)}</span>
        ),
    },
    {
      id: 'run',
      label: 'Run p95',
      isNumber: true,
      by: ({ latency }) => latency.runP95,
      cell: ({ latency }) =>
        latency.runP95 !== null && (
          <span title={`p50 ${durationOrNone(latency.runP50)}`}>{duration(latency.runP95)}</span>
        ),
    },
    {
      id: 'latency',
      label: 'Latency, 60 min',
      cell: ({ queue }) => {
        const series = seriesOf(queue);
        if (!series || series.waitP95.every((value) => value === null)) return null;
        const values = thirdsMost(series.waitP95);
        return (
          <Strip
            values={values}
            label={`p95 of the waiting time in the last hour: at most ${durationOrNone(Math.max(...values.map((value) => value ?? 0)))}`}
          />
        );
      },
    },
    {
      id: 'actions',
      label: 'Actions',
      isHidden: true,
      cell: (stats) =>
        !isReadOnly &&
        !stats.foreign && (
          <div class="actions">
            <PauseButton queue={stats} />
          </div>
        ),
    },
  ];
}

/** A minute is too thin to be seen in a row. */
function thirds(values: readonly number[]): number[] {
  const parts = Array.from({ length: Math.ceil(values.length / 3) }, (_, index) =>
    values.slice(index * 3, index * 3 + 3),
  );
  return parts.map((part) => part.reduce((sum, value) => sum + value, 0));
}

function thirdsMost(values: ReadonlyArray<number | null>): Array<number | null> {
  const parts = Array.from({ length: Math.ceil(values.length / 3) }, (_, index) =>
    values.slice(index * 3, index * 3 + 3).filter((value) => value !== null),
  );
  return parts.map((part) => (part.length === 0 ? null : Math.max(...part)));
}

/** What there is to do, beside the fullest queue. */
function Depth({ queue: { counts }, most }: { readonly queue: Queue; readonly most: number }): JSX.Element | null {
  const { available, running, retryable } = counts;
  const total = available + running + retryable;
  if (total === 0) return null;
  // By its logarithm, so that ten are seen beside a million.
  const whole = (Math.log1p(total) / Math.log1p(most)) * 100;
  return (
    <span
      class="depth"
      role="img"
      aria-label={`${count(available)} waiting, ${count(running)} running, ${count(retryable)} retrying`}
    >
      <i class="available" style={{ width: `${(whole * available) / total}%` }} />
      <i class="running" style={{ width: `${(whole * running) / total}%` }} />
      <i class="retryable" style={{ width: `${(whole * retryable) / total}%` }} />
    </span>
  );
}

export function PauseButton({ queue: { queue, paused, counts } }: { readonly queue: Queue }): JSX.Element {
  const toggle = async (): Promise<void> => {
    const isSure =
      paused ||
      (await ask({
        title: `Pause ${queue}?`,
        text: `No process starts another of its tasks until it is resumed. ${countOf(counts.running, 'task')} that ${counts.running === 1 ? 'runs' : 'run'} now ${counts.running === 1 ? 'goes' : 'go'} on, ${count(counts.available)} wait.`,
        confirm: 'Pause',
        isHarmless: true,
      }));
    if (isSure)
      await act(
        () => (paused ? api.resumeQueue(queue) : api.pauseQueue(queue)),
        `${paused ? 'Resumed' : 'Paused'}: ${queue}`,
        { undo: () => (paused ? api.pauseQueue(queue) : api.resumeQueue(queue)) },
      );
  };
  return <Action label={paused ? 'Resume' : 'Pause'} run={toggle} />;
}
