import type { QueueStats } from '../../../../dispatcher/task-dispatcher.types.js';
import { TASK_STATES } from '../../../../engine/task.js';
import { api } from '../api.js';
import { cell, h, notice, table } from '../dom.js';
import { count, duration, moment } from '../format.js';
import type { Change } from '../live.js';
import type { Page, View } from '../view.js';
import { Throughput } from './throughput.js';

/** Every queue with its depth by state. */
export class QueuesView implements View {
  private readonly list = h('div', {}, notice('Reading …'));
  private readonly throughput: Throughput;
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    link: URLSearchParams,
  ) {
    this.throughput = new Throughput(Throughput.windowOf(link), (window) => page.go(`#/?window=${window}`));
    this.element = h('section', {}, h('h1', {}, 'Queues'), this.list, this.throughput.element);
  }

  async refresh(change: Change | null): Promise<void> {
    const queues = change?.queues ?? (await api.queues());
    const rows = queues.map((queue) => this.row(queue));
    const numbers = ['Workers', 'Per minute', 'Oldest waiting', 'Wait p50 / p95', 'Run p50 / p95'];
    const headings = ['Queue', ...TASK_STATES, ...numbers, ''];
    const focused = (document.activeElement as HTMLElement | null)?.dataset.pause;
    this.list.replaceChildren(
      queues.length > 0 ? table(headings, h('tbody', {}, ...rows)) : notice('There are no queues.'),
    );
    // The rows are new; the focus stays where it was.
    if (focused !== undefined) {
      this.list.querySelector<HTMLElement>(`[data-pause="${CSS.escape(focused)}"]`)?.focus();
    }
    await this.throughput.refresh();
  }

  private row(stats: QueueStats): HTMLElement {
    const { queue, counts, rates, latency } = stats;
    return h(
      'tr',
      {},
      cell('Queue', h('strong', {}, queue), stats.paused && h('span', { class: 'badge paused' }, 'paused')),
      ...TASK_STATES.map((state) => {
        const target = new URLSearchParams({ state, queue });
        const text = count(counts[state]);
        return cell(state, counts[state] > 0 ? h('a', { href: `#/tasks?${target.toString()}` }, text) : text);
      }),
      cell('Workers', `${counts.running} of ${stats.workers} busy${stats.configured ? '' : ' (not configured here)'}`),
      cell('Per minute', perMinute(rates)),
      cell('Oldest waiting', moment(stats.oldestAvailableAt)),
      cell('Wait p50 / p95', `${shown(latency.waitP50)} / ${shown(latency.waitP95)}`),
      cell('Run p50 / p95', `${shown(latency.runP50)} / ${shown(latency.runP95)}`),
      cell('', !this.page.readOnly && this.pauseButton(stats)),
    );
  }

  private pauseButton({ queue, paused }: QueueStats): HTMLElement {
    const toggle = (): void =>
      this.page.act(
        () => (paused ? api.resumeQueue(queue) : api.pauseQueue(queue)),
        `${paused ? 'Resumed' : 'Paused'}: ${queue}`,
      );
    return h('button', { type: 'button', 'data-pause': queue, onclick: toggle }, paused ? 'Resume' : 'Pause');
  }
}

function shown(milliseconds: number | null): string {
  return milliseconds === null ? '–' : duration(milliseconds);
}

function perMinute({ completedPerMinute, failedPerMinute }: QueueStats['rates']): string {
  const failed = failedPerMinute > 0 ? `, ${failedPerMinute.toFixed(1)} failed` : '';
  return `${completedPerMinute.toFixed(1)}${failed}`;
}
