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

/** How many tasks completed and failed over the last hour, day or week. */
export class Throughput {
  private readonly picture = h('div', { class: 'picture' });
  private readonly sums = h('p', { class: 'notice' });
  private readonly buttons: HTMLElement[];
  private readAt = 0;
  private isWaiting = false;
  readonly element: HTMLElement;

  /** @param window as the address bar has it */
  constructor(
    private readonly window: string,
    choose: (window: string) => void,
  ) {
    this.buttons = WINDOWS.map(([length, label]) =>
      h(
        'button',
        { type: 'button', 'aria-pressed': String(length === window), onclick: () => choose(length) },
        `Last ${label}`,
      ),
    );
    const choice = h('div', { class: 'actions', role: 'group', 'aria-label': 'Window' }, ...this.buttons);
    this.element = h('section', {}, h('h2', {}, 'Throughput'), choice, this.picture, this.sums);
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
    const peak = count(Math.max(0, ...points.map((point) => point.completed + point.failed)));
    const text = `${sum(completed)} completed, ${sum(failed)} failed; at most ${peak} in ${duration(step)}`;
    const series = [
      { label: 'failed', kind: 'failed', values: failed },
      { label: 'completed', kind: 'completed', values: completed },
    ];
    this.picture.replaceChildren(barChart(series, titles, `Completed and failed tasks over time: ${text}`));
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
