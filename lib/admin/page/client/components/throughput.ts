import { api } from '../api.js';
import { h } from '../dom.js';
import { count, duration, exact } from '../format.js';
import { barChart } from './chart.js';

const WINDOWS = [
  ['1h', 'hour'],
  ['24h', 'day'],
  ['7d', 'week'],
] as const;
/** The counters stand by the minute: to ask for them with each change would show nothing sooner. */
const MIN_INTERVAL_MS = 5_000;
const TICKS = 5;

/** How many tasks completed and failed over the last hour, day or week. */
export class Throughput {
  private readonly top = h('span', { class: 'top' });
  private readonly picture = h('div', { class: 'picture' });
  private readonly ticks = h('div', { class: 'ticks', 'aria-hidden': 'true' });
  private readonly sums = h('p', { class: 'notice' });
  private readAt = 0;
  private isWaiting = false;
  readonly element: HTMLElement;

  /** @param window as the address bar has it */
  constructor(
    private readonly window: string,
    choose: (window: string) => void,
  ) {
    const buttons = WINDOWS.map(([length, label]) =>
      h(
        'button',
        { type: 'button', 'aria-pressed': String(length === window), onclick: () => choose(length) },
        `Last ${label}`,
      ),
    );
    const choice = h('div', { class: 'segments', role: 'group', 'aria-label': 'Window' }, ...buttons);
    const legend = h(
      'div',
      { class: 'legend' },
      h('span', { class: 'completed' }, 'completed'),
      h('span', { class: 'failed' }, 'failed'),
    );
    this.element = h(
      'section',
      { class: 'panel', 'aria-label': 'Throughput' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Throughput'), legend, choice),
      h('div', { class: 'plot' }, this.top, this.picture),
      this.ticks,
      this.sums,
    );
  }

  static windowOf(link: URLSearchParams): string {
    const wanted = link.get('window');
    return WINDOWS.find(([length]) => length === wanted)?.[0] ?? '1h';
  }

  async refresh(): Promise<void> {
    const wait = this.readAt + MIN_INTERVAL_MS - Date.now();
    if (wait > 0) {
      this.readLater(wait);
      return;
    }
    this.readAt = Date.now();
    const { points, step } = await api.metrics(new URLSearchParams({ window: this.window }));
    const completed = points.map((point) => point.completed);
    const failed = points.map((point) => point.failed);
    const titles = points.map(
      (point) => `${exact(point.at)}: ${count(point.completed)} completed, ${count(point.failed)} failed`,
    );
    const sum = (values: readonly number[]): string => count(values.reduce((total, value) => total + value, 0));
    const peak = Math.max(0, ...points.map((point) => point.completed + point.failed));
    const text = `${sum(completed)} completed, ${sum(failed)} failed; at most ${count(peak)} in ${duration(step)}`;
    const series = [
      { kind: 'failed', values: failed },
      { kind: 'completed', values: completed },
    ];
    this.picture.replaceChildren(barChart(series, titles, `Completed and failed tasks over time: ${text}`));
    this.top.textContent = peak > 0 ? count(peak) : '';
    this.ticks.replaceChildren(...tickTexts(points.map(({ at }) => at)).map((tick) => h('span', {}, tick)));
    this.sums.textContent = text;
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

/** Times under the chart, from its left to its right. */
function tickTexts(times: readonly number[]): string[] {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return [];
  const isLong = last - first > 2 * 86_400_000;
  const format = new Intl.DateTimeFormat(
    'en-GB',
    isLong ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' },
  );
  return Array.from({ length: TICKS }, (_, index) => format.format(first + ((last - first) * index) / (TICKS - 1)));
}
