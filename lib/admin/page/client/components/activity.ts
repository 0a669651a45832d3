import type { TaskMetrics, TaskMetricsPoint } from '../../../../dispatcher/task-dispatcher.types.js';
import { api } from '../api.js';
import type { Queue } from '../api-types.js';
import { h } from '../dom.js';
import { count, duration, durationOrNone, exact } from '../format.js';
import { barChart, type Series } from './chart.js';

const WINDOWS = [
  ['1h', 'hour'],
  ['24h', 'day'],
  ['7d', 'week'],
] as const;
const MEASURES = ['throughput', 'waiting', 'running'] as const;
type Measure = (typeof MEASURES)[number];
const LABELS: Readonly<Record<Measure, string>> = {
  throughput: 'Completed and failed',
  waiting: 'Waiting time',
  running: 'Running time',
};
/** The counters stand by the minute: to ask for them with each change would show nothing sooner. */
const MIN_INTERVAL_MS = 5_000;
const TICKS = 5;

/** What a measure shows of its points. */
interface Drawing {
  readonly series: readonly Series[];
  /** On hover, for each point. */
  readonly titles: readonly string[];
  /** Over the highest bar. */
  readonly top: string;
  readonly summary: string;
  readonly legend: ReadonlyArray<readonly [kind: string, label: string]>;
}

/** How many tasks completed and failed, or how long they waited and ran, over the last hour, day or week. */
export class Activity {
  private readonly window: string;
  private readonly measure: Measure;
  private readonly queue: string;
  private readonly top = h('span', { class: 'top' });
  private readonly picture = h('div', { class: 'picture' });
  private readonly ticks = h('div', { class: 'ticks', 'aria-hidden': 'true' });
  private readonly legend = h('div', { class: 'legend' });
  private readonly summary = h('p', { class: 'notice' });
  private readonly queues = h('select', { 'aria-label': 'Queue of the chart' });
  private readonly measures: HTMLSelectElement;
  private readAt = 0;
  private isWaiting = false;
  readonly element: HTMLElement;

  /**
   * @param link as the address bar has it
   * @param go called with the link to another window, measure or queue
   */
  constructor(
    link: URLSearchParams,
    private readonly go: (link: URLSearchParams) => void,
  ) {
    this.window = WINDOWS.find(([length]) => length === link.get('window'))?.[0] ?? '1h';
    this.measure = MEASURES.find((measure) => measure === link.get('measure')) ?? 'throughput';
    this.queue = link.get('queue') ?? '';
    const buttons = WINDOWS.map(([length, label]) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(length === this.window),
          onclick: () => this.choose('window', length),
        },
        `Last ${label}`,
      ),
    );
    const options = MEASURES.map((value) => h('option', { value, selected: value === this.measure }, LABELS[value]));
    this.measures = h('select', { 'aria-label': 'What the chart shows' }, ...options);
    this.measures.addEventListener('change', () => this.choose('measure', this.measures.value));
    this.queues.addEventListener('change', () => this.choose('queue', this.queues.value));
    this.suggest([]);
    this.element = h(
      'section',
      { class: 'panel', 'aria-label': 'Activity' },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', {}, 'Activity'),
        h('div', { class: 'actions' }, this.measures, this.queues),
        this.legend,
        h('div', { class: 'segments', role: 'group', 'aria-label': 'Window' }, ...buttons),
      ),
      h('div', { class: 'plot' }, this.top, this.picture),
      this.ticks,
      this.summary,
    );
  }

  suggest(queues: readonly Queue[]): void {
    const names = new Set([...queues.map(({ queue }) => queue), ...(this.queue === '' ? [] : [this.queue])]);
    if (this.queues.options.length === names.size + 1) return;
    const option = (value: string, label: string): HTMLElement =>
      h('option', { value, selected: value === this.queue }, label);
    this.queues.replaceChildren(option('', 'all queues'), ...[...names].map((name) => option(name, name)));
  }

  /** The engine keeps no times. */
  leaveOutTimes(): void {
    for (const option of this.measures.options) option.disabled = option.value !== 'throughput';
  }

  async refresh(): Promise<void> {
    const wait = this.readAt + MIN_INTERVAL_MS - Date.now();
    if (wait > 0) {
      this.readLater(wait);
      return;
    }
    this.readAt = Date.now();
    const query = new URLSearchParams({ window: this.window, ...(this.queue === '' ? {} : { queue: this.queue }) });
    this.show(await api.metrics(query));
  }

  private show(metrics: TaskMetrics): void {
    const { points } = metrics;
    const { series, titles, top, summary, legend } =
      this.measure === 'throughput' ? throughput(metrics) : times(points, this.measure);
    this.picture.replaceChildren(barChart(series, titles, `${LABELS[this.measure]} over time: ${summary}`));
    this.top.textContent = top;
    this.ticks.replaceChildren(...tickTexts(points.map(({ at }) => at)).map((tick) => h('span', {}, tick)));
    this.legend.replaceChildren(...legend.map(([kind, label]) => h('span', { class: kind }, label)));
    this.summary.textContent = summary;
  }

  private choose(field: string, value: string): void {
    const link = new URLSearchParams({ window: this.window, measure: this.measure, queue: this.queue, [field]: value });
    if (link.get('queue') === '') link.delete('queue');
    if (link.get('measure') === 'throughput') link.delete('measure');
    this.go(link);
  }

  /** The last change of many is shown too, though nothing follows it. */
  private readLater(wait: number): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    setTimeout(() => {
      this.isWaiting = false;
      // A failure is told by what reads next.
      if (this.element.isConnected) this.refresh().catch(() => undefined);
    }, wait);
  }
}

function throughput({ points, step }: TaskMetrics): Drawing {
  const completed = points.map((point) => point.completed);
  const failed = points.map((point) => point.failed);
  const sum = (values: readonly number[]): string => count(values.reduce((total, value) => total + value, 0));
  const peak = Math.max(0, ...points.map((point) => point.completed + point.failed));
  return {
    series: [
      { kind: 'failed', values: failed },
      { kind: 'completed', values: completed },
    ],
    titles: points.map(
      (point) => `${exact(point.at)}: ${count(point.completed)} completed, ${count(point.failed)} failed`,
    ),
    top: peak > 0 ? count(peak) : '',
    summary: `${sum(completed)} completed, ${sum(failed)} failed; at most ${count(peak)} in ${duration(step)}`,
    legend: [
      ['completed', 'completed'],
      ['failed', 'failed'],
    ],
  };
}

/** The part of a bar that half of the tasks took at most, and upon it what nearly all did. */
function times(points: readonly TaskMetricsPoint[], measure: Exclude<Measure, 'throughput'>): Drawing {
  const half = points.map((point) => (measure === 'waiting' ? point.waitP50 : point.runP50));
  const most = points.map((point) => (measure === 'waiting' ? point.waitP95 : point.runP95));
  const peak = Math.max(0, ...most.map((value) => value ?? 0));
  const titles = points.map(
    ({ at }, index) => `${exact(at)}: p50 ${durationOrNone(half[index]!)}, p95 ${durationOrNone(most[index]!)}`,
  );
  return {
    series: [
      { kind: 'half', values: half.map((value) => value ?? 0) },
      { kind: 'most', values: most.map((value, index) => Math.max(0, (value ?? 0) - (half[index] ?? 0))) },
    ],
    titles,
    top: peak > 0 ? duration(peak) : '',
    summary: peak > 0 ? `p95 at most ${duration(peak)}` : 'nothing measured',
    legend: [
      ['half', 'p50'],
      ['most', 'p95'],
    ],
  };
}

/** Times under the chart, from its left to its right. */
function tickTexts(moments: readonly number[]): string[] {
  const [first, last] = [moments[0], moments.at(-1)];
  if (first === undefined || last === undefined) return [];
  const isLong = last - first > 2 * 86_400_000;
  const format = new Intl.DateTimeFormat(
    'en-GB',
    isLong ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' },
  );
  return Array.from({ length: TICKS }, (_, index) => format.format(first + ((last - first) * index) / (TICKS - 1)));
}
