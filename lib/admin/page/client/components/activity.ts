import type { TaskMetrics } from '../../../../dispatcher/task-dispatcher.types.js';
import { api } from '../api.js';
import type { Queue } from '../api-types.js';
import { h } from '../dom.js';
import { drawingOf, MEASURE_LABELS, MEASURES, type Measure } from './activity-measures.js';
import { BarChart } from './bar-chart.js';

const WINDOWS = [
  ['1h', 'hour'],
  ['24h', 'day'],
  ['7d', 'week'],
] as const;
/** The counters stand by the minute: to ask for them with each change would show nothing sooner. */
const MIN_INTERVAL_MS = 5_000;

/** How many tasks completed and failed, or how long they waited and ran, over the last hour, day or week. */
export class Activity {
  private readonly window: string;
  private readonly measure: Measure;
  private readonly queue: string;
  private readonly chart = new BarChart();
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
    const options = MEASURES.map((value) =>
      h('option', { value, selected: value === this.measure }, MEASURE_LABELS[value]),
    );
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
      this.chart.element,
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
    const drawing = drawingOf(this.measure, metrics);
    const { legend, summary } = drawing;
    this.chart.show(drawing, `${MEASURE_LABELS[this.measure]} over time: ${summary}`);
    this.legend.replaceChildren(...legend.map(([kind, label]) => h('span', { class: kind }, label)));
    if (this.summary.textContent !== summary) this.summary.textContent = summary;
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
