import { api } from '../api.js';
import type { Queue } from '../api-types.js';
import { Activity } from '../components/activity.js';
import { mark } from '../components/badge.js';
import { OutboxPanel } from '../components/outbox-panel.js';
import { ProcessesPanel } from '../components/processes-panel.js';
import { Table, type Column } from '../components/table.js';
import { tiles } from '../components/tiles.js';
import type { Change } from '../connection.js';
import { button, h, notice, type Child } from '../dom.js';
import { count, durationOrNone, moment, percent, rate, serverNow, shortCount } from '../format.js';
import { TASK_STATES } from '../../../../engine/task.js';
import { failureRate, totalsOf, verdictOf } from '../verdict.js';
import type { Page, View } from '../view.js';

const COLUMNS: readonly Column[] = [
  { label: 'Queue' },
  ...TASK_STATES.map((state) => ({ label: state.charAt(0).toUpperCase() + state.slice(1), isNumber: true })),
  { label: 'Busy', isNumber: true },
  { label: 'Per min', isNumber: true },
  { label: 'Failing', isNumber: true },
  { label: 'Wait p50 / p95', isNumber: true },
  { label: 'Run p50 / p95', isNumber: true },
  { label: 'Oldest', isNumber: true },
  { label: 'Actions', isHidden: true },
];

/** Whether work is flowing: all queues, what they did lately, and who works on them. */
export class OverviewView implements View {
  readonly title = 'Overview';
  private readonly verdict = h('div', { class: 'verdict', role: 'status' });
  private readonly tiles = h('div');
  private readonly queues: Table<Queue>;
  private readonly list = h('div', { class: 'scroll' }, notice('Reading …'));
  private readonly limits = h('div');
  private readonly activity: Activity;
  private readonly processes = new ProcessesPanel();
  private readonly outbox = new OutboxPanel();
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    link: URLSearchParams,
  ) {
    this.queues = new Table(
      'Queues',
      COLUMNS,
      ({ queue }) => queue,
      (queue) => this.cells(queue),
    );
    this.activity = new Activity(link, (other) => page.go(`#/?${other.toString()}`));
    this.element = h(
      'section',
      {},
      h('div', { class: 'page-head' }, h('h1', {}, 'Overview'), this.verdict),
      this.tiles,
      this.activity.element,
      h('section', { class: 'panel wide' }, h('h2', {}, 'Queues'), this.list, this.limits),
      this.outbox.element,
      this.processes.element,
    );
  }

  /** Each part for itself: what waits in the outbox matters most while the queues cannot be read. */
  async refresh(change: Change | null): Promise<void> {
    const parts = await Promise.allSettled([
      this.showQueues(change),
      this.activity.refresh(),
      this.outbox.refresh(),
      this.processes.refresh(),
      this.showLimits(),
    ]);
    const failed = parts.find((part) => part.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async showQueues(change: Change | null): Promise<void> {
    const queues = await this.page.queues(change);
    this.showVerdict(queues);
    this.tiles.replaceChildren(tiles(totalsOf(queues)));
    this.activity.suggest(queues);
    this.queues.showIn(this.list, queues, 'There are no queues.');
  }

  private showVerdict(queues: readonly Queue[]): void {
    const { kind, text, href } = verdictOf(queues, serverNow());
    this.verdict.className = `verdict ${kind}`;
    // Said again by a screen reader only when it says something else.
    if (this.verdict.textContent === text) return;
    this.verdict.replaceChildren(href === undefined ? text : h('a', { href }, text));
  }

  private async showLimits(): Promise<void> {
    const { capabilities } = await this.page.engine();
    if (capabilities.latencyMetrics || this.limits.hasChildNodes()) return;
    this.activity.leaveOutTimes();
    this.limits.append(notice('This engine keeps no waiting and running times, and counts no retries.'));
  }

  private cells(stats: Queue): Array<Child | Child[]> {
    const { queue, counts, rates, latency } = stats;
    const failing = failureRate(rates.completedPerMinute, rates.failedPerMinute);
    return [
      [
        h('a', { class: 'name', href: `#/tasks?${new URLSearchParams({ queue }).toString()}` }, queue),
        ' ',
        stats.paused && mark('paused', 'paused'),
        ' ',
        stats.foreign && mark('foreign', '', 'Belongs to another program: it is shown here, and never changed.'),
        ' ',
        !stats.configured && !stats.foreign && mark('not configured here', '', 'This process does not know the queue.'),
      ],
      ...TASK_STATES.map((state) => {
        if (counts[state] === 0) return h('span', { class: 'zero' }, '0');
        const target = new URLSearchParams({ state, queue });
        return h('a', { class: state, href: `#/tasks?${target.toString()}` }, shortCount(counts[state]));
      }),
      `${count(counts.running)}\u00a0/\u00a0${count(stats.workers)}`,
      rate(rates.completedPerMinute),
      failingLink(queue, failing),
      `${durationOrNone(latency.waitP50)} / ${durationOrNone(latency.waitP95)}`,
      `${durationOrNone(latency.runP50)} / ${durationOrNone(latency.runP95)}`,
      moment(stats.oldestAvailableAt),
      !this.page.readOnly && !stats.foreign && h('div', { class: 'actions' }, this.pauseButton(stats)),
    ];
  }

  private pauseButton({ queue, paused }: Queue): HTMLElement {
    const toggle = (): void =>
      this.page.act(
        () => (paused ? api.resumeQueue(queue) : api.pauseQueue(queue)),
        `${paused ? 'Resumed' : 'Paused'}: ${queue}`,
      );
    return button(paused ? 'Resume' : 'Pause', toggle);
  }
}

function failingLink(queue: string, failing: number | null): Child {
  if (failing === null) return '–';
  if (failing === 0) return percent(failing);
  return h('a', { class: 'failed', href: `#/errors?${new URLSearchParams({ queue }).toString()}` }, percent(failing));
}
