import type { TaskSummary } from '../../../../engine/index.js';
import { TASK_STATES } from '../../../../engine/task.js';
import { api } from '../api.js';
import type { Queue } from '../api-types.js';
import { actionButtons } from '../components/action-buttons.js';
import { badge } from '../components/badge.js';
import { BulkBar } from '../components/bulk-bar.js';
import { Table, type Column } from '../components/table.js';
import { TaskFilters } from '../components/task-filters.js';
import type { Change } from '../connection.js';
import { button, h, notice, taskHref, type Child } from '../dom.js';
import { moment, shortCount } from '../format.js';
import { Selection } from '../selection.js';
import { isCountedByQueues, listLink, listQuery } from '../task-query.js';
import type { Page, View } from '../view.js';

const COLUMNS: readonly Column[] = [
  { label: 'Task', isWide: true },
  { label: 'State' },
  { label: 'Queue' },
  { label: 'Attempt', isNumber: true },
  { label: 'Enqueued' },
  { label: 'Runs\u00a0/\u00a0ran' },
  { label: 'Actions', isHidden: true },
];
const CHOICE: Column = { label: 'Choose', isHidden: true };

/** A list of tasks by state and filter. */
export class TasksView implements View {
  readonly title = 'Tasks';
  private readonly tabs = h('nav', { class: 'states', 'aria-label': 'States' });
  private readonly countNote = h(
    'p',
    { class: 'notice', hidden: true },
    'Counts are of all tasks, whatever the filter.',
  );
  private readonly selection = new Selection();
  private readonly bulk: BulkBar;
  private readonly link: URLSearchParams;
  private readonly filters: TaskFilters;
  private readonly table: Table<TaskSummary>;
  private readonly list = h('div', { class: 'panel scroll' }, notice('Reading …'));
  private readonly more = button('Show more', () => this.readMore());
  private first: readonly TaskSummary[] = [];
  private further: readonly TaskSummary[] = [];
  private cursor: string | null = null;
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    link: URLSearchParams,
  ) {
    this.link = listLink(link);
    this.filters = new TaskFilters(page, this.link);
    this.bulk = new BulkBar(page, this.selection, this.link, () => this.showSelection());
    this.table = new Table(
      'Tasks',
      page.readOnly ? COLUMNS : [CHOICE, ...COLUMNS],
      ({ id }) => id,
      (task) => this.cells(task),
    );
    this.more.hidden = true;
    const sides = h('div', {}, this.tabs, this.countNote);
    const content = h('div', {}, this.filters.element, this.bulk.element, this.list, this.more);
    this.element = h('section', {}, h('h1', {}, 'Tasks'), h('div', { class: 'sided' }, sides, content));
    this.showTabs([]);
  }

  async refresh(change: Change | null): Promise<void> {
    const queues = await this.page.queues(change);
    this.showTabs(queues);
    this.filters.suggest(queues);
    const { items, nextCursor } = await api.tasks(listQuery(this.link));
    this.first = items;
    if (this.further.length === 0) this.cursor = nextCursor;
    this.showRows();
  }

  private readMore(): void {
    this.page.act(async () => {
      const query = listQuery(this.link);
      if (this.cursor !== null) query.set('cursor', this.cursor);
      const { items, nextCursor } = await api.tasks(query);
      this.further = [...this.further, ...items];
      this.cursor = nextCursor;
      this.showRows();
    }, '');
  }

  private showRows(): void {
    const tasks = [...this.first, ...this.further];
    this.table.show(tasks);
    if (tasks.length > 0) {
      if (!this.table.element.isConnected) this.list.replaceChildren(this.table.element);
    } else this.list.replaceChildren(notice('No tasks here.'));
    this.showSelection();
    this.more.hidden = this.cursor === null;
  }

  private cells(task: TaskSummary): Array<Child | Child[]> {
    const { progress, error } = task;
    const cells: Array<Child | Child[]> = [
      [
        h('a', { class: 'name', href: taskHref(task.id) }, task.name),
        error && h('span', { class: 'error-line' }, `${error.name}: ${error.message}`),
      ],
      [badge(task.state), progress && task.state === 'running' && ` ${Math.round(progress.percent)} %`],
      task.queue,
      task.maxAttempts === null ? `${task.attempt}` : `${task.attempt} of ${task.maxAttempts}`,
      moment(task.createdAt),
      moment(task.finishedAt ?? task.startedAt ?? task.runAt),
      h('div', { class: 'actions' }, ...actionButtons(task, this.page)),
    ];
    return this.page.readOnly ? cells : [this.checkbox(task), ...cells];
  }

  private checkbox({ id, name, queue }: TaskSummary): Child {
    if (this.page.isForeign(queue)) return null;
    const box = h('input', { type: 'checkbox', 'aria-label': `Choose ${name} ${id}` });
    box.addEventListener('click', (event) => {
      const shown = this.table.shown.map((row) => row.dataset.key!);
      this.selection.set(id, box.checked, event.shiftKey, shown);
      this.showSelection();
    });
    return box;
  }

  private showSelection(): void {
    for (const row of this.table.shown) {
      const box = row.querySelector<HTMLInputElement>('input[type=checkbox]');
      if (box) box.checked = this.selection.has(row.dataset.key!);
    }
    this.bulk.show();
  }

  private showTabs(queues: readonly Queue[]): void {
    const queue = this.link.get('queue');
    const counted = queues.filter((stats) => queue === null || stats.queue === queue);
    this.countNote.hidden = isCountedByQueues(this.link);
    const tab = (label: string, state: string | null, total: number): HTMLElement => {
      const link = new URLSearchParams(this.link);
      if (state === null) link.delete('state');
      else link.set('state', state);
      const current = this.link.get('state') === state;
      const number = h('span', { class: 'count' }, shortCount(total));
      const attributes = { class: state ?? 'all', 'aria-current': current && 'page' };
      return h('a', { href: `#/tasks?${link.toString()}`, ...attributes }, h('span', {}, label), ' ', number);
    };
    const states = TASK_STATES.map((state) => {
      const total = counted.reduce((sum, stats) => sum + stats.counts[state], 0);
      return tab(state, state, total);
    });
    const focused = [...this.tabs.children].indexOf(document.activeElement!);
    const total = counted.flatMap((stats) => Object.values(stats.counts)).reduce((sum, number) => sum + number, 0);
    this.tabs.replaceChildren(tab('all', null, total), ...states);
    (this.tabs.children[focused] as HTMLElement | undefined)?.focus();
  }
}
