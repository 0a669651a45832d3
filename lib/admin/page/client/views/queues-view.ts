import type { QueueStats } from '../../../../dispatcher/task-dispatcher.types.js';
import { TASK_STATES } from '../../../../engine/task.js';
import { api } from '../api.js';
import { cell, h, notice, table } from '../dom.js';
import { count, duration, moment } from '../format.js';
import type { Change } from '../live.js';
import type { Page, View } from '../view.js';

/** Every queue with its depth by state. */
export class QueuesView implements View {
  readonly element = h('section', {}, h('h1', {}, 'Queues'), notice('Reading …'));

  constructor(private readonly page: Page) {}

  async refresh(change: Change | null): Promise<void> {
    const queues = change?.queues ?? (await api.queues());
    const rows = queues.map((queue) => this.row(queue));
    const headings = ['Queue', ...TASK_STATES, 'Workers', 'Per minute', 'Waiting since', 'Run p95', ''];
    this.element.replaceChildren(
      h('h1', {}, 'Queues'),
      queues.length > 0 ? table(headings, h('tbody', {}, ...rows)) : notice('There are no queues.'),
    );
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
      cell('Workers', `${stats.workers}${stats.configured ? '' : ' (not configured here)'}`),
      cell('Per minute', perMinute(rates)),
      cell('Waiting since', moment(stats.oldestAvailableAt)),
      cell('Run p95', latency.runP95 === null ? '–' : duration(latency.runP95)),
      cell('', !this.page.readOnly && this.pauseButton(stats)),
    );
  }

  private pauseButton({ queue, paused }: QueueStats): HTMLElement {
    const toggle = (): void =>
      this.page.act(
        () => (paused ? api.resumeQueue(queue) : api.pauseQueue(queue)),
        `${paused ? 'Resumed' : 'Paused'}: ${queue}`,
      );
    return h('button', { type: 'button', onclick: toggle }, paused ? 'Resume' : 'Pause');
  }
}

function perMinute({ completedPerMinute, failedPerMinute }: QueueStats['rates']): string {
  const failed = failedPerMinute > 0 ? `, ${failedPerMinute.toFixed(1)} failed` : '';
  return `${completedPerMinute.toFixed(1)}${failed}`;
}
