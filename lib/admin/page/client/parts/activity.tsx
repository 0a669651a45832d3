import type { JSX } from 'preact';
import type { TaskMetrics, WorkerStatus } from '../api-types.js';
import { Chart, type Drawing, type Series } from '../charts/chart.js';
import { HeatMap, spreadText } from '../charts/heat-map.js';
import { spreadOf } from '../charts/spread.js';
import { go, href, replaceQuery } from '../core/place.js';
import { count, duration, durationOrNone, exact } from '../format.js';
import { Panel, Segments } from '../ui/bits.js';

const WINDOWS = [
  ['1h', 'hour'],
  ['24h', 'day'],
  ['7d', 'week'],
] as const;
export type Window = (typeof WINDOWS)[number][0];
const BY = [
  ['state', 'state'],
  ['queue', 'queue'],
  ['name', 'task'],
] as const;
export type By = (typeof BY)[number][0];
const MEASURES = [
  ['waiting', 'waiting'],
  ['running', 'running'],
] as const;
type Measure = (typeof MEASURES)[number][0];
const SHAPES = [
  ['lines', 'lines'],
  ['spread', 'spread'],
] as const;
/** Series that have a colour of their own; the others are one. */
const COLOURS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'] as const;

export function windowOf(query: URLSearchParams): Window {
  return WINDOWS.find(([value]) => value === query.get('window'))?.[0] ?? '1h';
}

export function byOf(query: URLSearchParams, options: readonly By[] = ['state', 'queue', 'name']): By {
  return options.find((value) => value === query.get('by')) ?? 'state';
}

/** Whether times are shown as they are spread, for which metrics need their histograms. */
export function isSpread(query: URLSearchParams): boolean {
  return query.get('shape') === 'spread';
}

interface Props {
  readonly metrics: TaskMetrics;
  readonly query: URLSearchParams;
  readonly by: By;
  /** How the chart may be cut beside by state. */
  readonly cuts: readonly By[];
  /** Of the tasks that a bar leads to. */
  readonly filter: Readonly<Record<string, string>>;
  readonly workers: readonly WorkerStatus[];
  readonly hasTimes: boolean;
  /** Whether `metrics` have histograms where {@link isSpread} says so. Default: they never have. */
  readonly canSpread?: boolean;
}

/** How many tasks ended, and beside it how long they waited or ran, over the same time. */
export function Activity({
  metrics,
  query,
  by,
  cuts,
  filter,
  workers,
  hasTimes,
  canSpread = false,
}: Props): JSX.Element {
  const measure: Measure = query.get('measure') === 'running' ? 'running' : 'waiting';
  const set = (field: string, value: string): void => {
    const target = new URLSearchParams(query);
    target.set(field, value);
    replaceQuery(target);
  };
  const pick = (from: number, to: number): void =>
    go(href('/tasks', { ...filter, from: String(Math.floor(from)), to: String(Math.ceil(to)) }));
  const marks = workers
    .filter(({ startedAt }) => startedAt > metrics.from)
    .map(({ startedAt, host, pid }) => ({ at: startedAt, label: `${host} · ${pid} started` }));
  const ended = endedDrawing(metrics, by, marks);
  const times = timesDrawing(metrics, measure, marks);
  return (
    <div class={hasTimes ? 'halves' : ''}>
      <Panel
        title="Tasks over time"
        tools={
          <>
            {cuts.length > 1 && (
              <Segments
                label="By"
                options={BY.filter(([value]) => cuts.includes(value))}
                value={by}
                choose={(value) => set('by', value)}
              />
            )}
            <Segments
              label="Window"
              options={WINDOWS}
              value={windowOf(query)}
              choose={(value) => set('window', value)}
            />
          </>
        }
      >
        <Chart drawing={ended} label={`Tasks over time: ${summaryOf(metrics)}`} onPick={pick} />
        <Legend series={ended.series} figureOf={(values) => count(sumOf(values))}>
          {`at most ${count(mostEnded(metrics))} in ${duration(metrics.step)}. Press a bar, or draw over some, for their tasks.`}
        </Legend>
      </Panel>
      {hasTimes && (
        <Panel
          title={measure === 'waiting' ? 'Waiting time' : 'Running time'}
          tools={
            <>
              {canSpread && (
                <Segments
                  label="As"
                  options={SHAPES}
                  value={isSpread(query) ? 'spread' : 'lines'}
                  choose={(value) => set('shape', value)}
                />
              )}
              <Segments label="Time of" options={MEASURES} value={measure} choose={(value) => set('measure', value)} />
            </>
          }
        >
          {canSpread && isSpread(query) ? (
            <Times metrics={metrics} measure={measure} pick={pick} />
          ) : (
            <>
              <Chart
                drawing={times}
                label={`${measure === 'waiting' ? 'Waiting' : 'Running'} time over time, on a scale by powers of ten: ${peakOf(times)}`}
                onPick={pick}
              />
              <Legend series={times.series} figureOf={(values) => peakText(values)} isLines>
                By powers of ten. Dashes: a process started.
              </Legend>
            </>
          )}
        </Panel>
      )}
    </div>
  );
}

function Times({
  metrics,
  measure,
  pick,
}: {
  readonly metrics: TaskMetrics;
  readonly measure: Measure;
  readonly pick: (from: number, to: number) => void;
}): JSX.Element {
  const spread = spreadOf(metrics, measure);
  const text = spreadText(spread);
  const what = measure === 'waiting' ? 'Waiting' : 'Running';
  return (
    <>
      <HeatMap spread={spread} label={`${what} times as they are spread over time: ${text}`} onPick={pick} />
      <p class="legend">{`${text}. Each row is twice as long as the one below; darker: more tasks.`}</p>
    </>
  );
}

/** What is drawn, each series with its figure; in one line where there is room, so that what is below stands higher. */
function Legend({
  series,
  figureOf,
  isLines = false,
  children,
}: {
  readonly series: readonly Series[];
  readonly figureOf: (values: Series['values']) => string;
  readonly isLines?: boolean;
  readonly children: string;
}): JSX.Element {
  return (
    <p class="legend">
      {series.map(({ label, colour, values }) => (
        <span key={label}>
          <i class={isLines ? 'is-line' : ''} style={{ background: `var(${colour})` }} />
          {isLines ? `${label} ${figureOf(values)}` : `${figureOf(values)} ${label}`}
        </span>
      ))}
      <span class="hint" title={children}>
        {children}
      </span>
    </p>
  );
}

function sumOf(values: Series['values']): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

function peakText(values: Series['values']): string {
  const peak = Math.max(0, ...values.map((value) => value ?? 0));
  return peak === 0 ? '–' : `≤ ${duration(peak)}`;
}

function mostEnded({ points }: TaskMetrics): number {
  return Math.max(0, ...points.map((point) => point.completed + point.failed));
}

function summaryOf(metrics: TaskMetrics): string {
  const { points, step } = metrics;
  const sum = (of: (point: TaskMetrics['points'][number]) => number): number =>
    points.reduce((total, point) => total + of(point), 0);
  const retried = sum((point) => point.retried);
  return `${count(sum((point) => point.completed))} completed, ${count(sum((point) => point.failed))} failed${retried > 0 ? `, ${count(retried)} retried` : ''}; at most ${count(mostEnded(metrics))} in ${duration(step)}`;
}

function peakOf({ series }: Drawing): string {
  const peaks = series
    .map(({ label, values }) => [label, Math.max(0, ...values.map((value) => value ?? 0))] as const)
    .filter(([, peak]) => peak > 0);
  return peaks.length === 0
    ? 'nothing measured'
    : `at most ${peaks.map(([label, peak]) => `${label} ${duration(peak)}`).join(', ')}`;
}

function endedDrawing(metrics: TaskMetrics, by: By, marks: NonNullable<Drawing['marks']>): Drawing {
  const { points, step } = metrics;
  const series: Series[] =
    by === 'state' || !metrics.series
      ? [
          { label: 'failed', colour: '--bar-bad', values: points.map(({ failed }) => failed) },
          ...(points.some(({ retried }) => retried > 0)
            ? [{ label: 'retried', colour: '--bar-warn', values: points.map(({ retried }) => retried) } as const]
            : []),
          { label: 'completed', colour: '--bar-good', values: points.map(({ completed }) => completed) },
        ]
      : cutSeries(metrics.series);
  const titles = points.map(({ at }, index) => {
    const parts = series.map(({ label, values }) => `${count(values[index] ?? 0)} ${label}`).toReversed();
    return `${exact(at)}: ${by === 'state' ? parts.join(', ') : parts.filter((part) => !part.startsWith('0 ')).join(', ') || 'nothing'}`;
  });
  return { kind: 'bars', series, times: points.map(({ at }) => at), step, titles, format: count, marks };
}

function cutSeries(all: NonNullable<TaskMetrics['series']>): Series[] {
  const totals = all.map(({ key, completed, failed }) => ({
    label: key === '' ? 'not counted by name' : key,
    values: completed.map((value, index) => value + failed[index]!),
  }));
  const own = totals.slice(0, COLOURS.length - 1).map((one, index) => ({ ...one, colour: COLOURS[index]! }));
  const rest = totals.slice(COLOURS.length - 1);
  if (rest.length === 0) return own;
  const values = rest[0]!.values.map((_, index) => rest.reduce((sum, one) => sum + one.values[index]!, 0));
  return [...own, { label: `${rest.length} others`, colour: COLOURS.at(-1)!, values }];
}

function timesDrawing({ points, step }: TaskMetrics, measure: Measure, marks: NonNullable<Drawing['marks']>): Drawing {
  const of =
    measure === 'waiting' ? (['waitP50', 'waitP95', 'waitMax'] as const) : (['runP50', 'runP95', 'runMax'] as const);
  const series: Series[] = [
    { label: 'p50', colour: '--series-1', values: points.map((point) => point[of[0]]) },
    { label: 'p95', colour: '--series-2', values: points.map((point) => point[of[1]]) },
    { label: 'max', colour: '--series-3', values: points.map((point) => point[of[2]]) },
  ];
  const titles = points.map(
    (point) =>
      `${exact(point.at)}: p50 ${durationOrNone(point[of[0]])}, p95 ${durationOrNone(point[of[1]])}, max ${durationOrNone(point[of[2]])}`,
  );
  return { kind: 'lines', series, times: points.map(({ at }) => at), step, titles, format: duration, marks };
}
