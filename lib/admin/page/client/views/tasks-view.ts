import type { TaskSummary } from '../../../../engine/index.js';
import { TASK_STATES } from '../../../../engine/task.js';
import type { QueueStats } from '../../../../dispatcher/task-dispatcher.types.js';
import { api } from '../api.js';
import { cell, h, notice, table } from '../dom.js';
import { count, moment } from '../format.js';
import type { Change } from '../live.js';
import { Selection } from '../selection.js';
import { filterQuery } from '../task-query.js';
import type { Page, View } from '../view.js';
import { actionButtons } from './actions.js';
import { badge } from './badge.js';
import { BulkBar } from './bulk-bar.js';

/** Those that are written; the state is chosen. */
const WRITTEN_FILTERS = ['queue', 'name', 'search'] as const;

/** A list of tasks, newest first, by state and filter. */
export class TasksView implements View {
  private readonly tabs = h('nav', { class: 'tabs', 'aria-label': 'States' });
  private readonly selection = new Selection();
  private readonly bulk: BulkBar;
  private readonly query: URLSearchParams;
  private readonly body = h('tbody');
  private readonly list = h('div', {}, notice('Reading …'));
  private readonly more = h('button', { type: 'button', hidden: true, onclick: () => this.readMore() }, 'Show older');
  private readonly rows = new Map<string, { readonly text: string; readonly element: HTMLElement }>();
  private first: readonly TaskSummary[] = [];
  private older: readonly TaskSummary[] = [];
  private cursor: string | null = null;
  private reading = false;
  private again = false;
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    link: URLSearchParams,
  ) {
    this.query = filterQuery(link);
    this.bulk = new BulkBar(page, this.selection, this.query, () => this.showSelection());
    const content = h('div', {}, this.filterForm(), this.bulk.element, this.list, this.more);
    this.element = h('section', {}, h('h1', {}, 'Tasks'), h('div', { class: 'sided' }, this.tabs, content));
    this.showTabs([]);
  }

  async refresh(change: Change | null): Promise<void> {
    // A burst of changes is read once more at its end, not once each.
    this.again = this.reading;
    if (this.reading) return;
    this.reading = true;
    try {
      this.showTabs(change?.queues ?? (await api.queues()));
      const { items, nextCursor } = await api.tasks(this.query);
      this.first = items;
      if (this.older.length === 0) this.cursor = nextCursor;
      this.showRows();
    } finally {
      this.reading = false;
    }
    if (this.again) await this.refresh(null);
  }

  private readMore(): void {
    this.page.act(async () => {
      const query = new URLSearchParams(this.query);
      if (this.cursor !== null) query.set('cursor', this.cursor);
      const { items, nextCursor } = await api.tasks(query);
      this.older = [...this.older, ...items];
      this.cursor = nextCursor;
      this.showRows();
    }, '');
  }

  /** Rows that did not change stay, so that a list that is updated does not take the focus away. */
  private showRows(): void {
    const shown = new Map([...this.first, ...this.older].map((task) => [task.id, task]));
    const elements = [...shown.values()].map((task) => this.rowOf(task));
    for (const id of this.rows.keys()) if (!shown.has(id)) this.rows.delete(id);
    const current = [...this.body.children];
    if (elements.length !== current.length || elements.some((element, index) => element !== current[index])) {
      this.body.replaceChildren(...elements);
    }
    if (elements.length === 0) this.list.replaceChildren(notice('No tasks here.'));
    else if (!this.body.isConnected) {
      const columns = ['Task', 'State', 'Queue', 'Attempt', 'Enqueued', 'Runs / ran', ''];
      if (!this.page.readOnly) columns.unshift('');
      this.list.replaceChildren(table(columns, this.body));
    }
    this.showSelection();
    this.more.hidden = this.cursor === null;
  }

  private rowOf(task: TaskSummary): HTMLElement {
    const text = JSON.stringify(task);
    const known = this.rows.get(task.id);
    if (known?.text === text) return known.element;
    const element = this.row(task);
    this.rows.set(task.id, { text, element });
    return element;
  }

  private row(task: TaskSummary): HTMLElement {
    const { progress, error } = task;
    return h(
      'tr',
      { 'data-id': task.id },
      !this.page.readOnly && cell('', this.checkbox(task)),
      cell(
        'Task',
        h('a', { href: `#/tasks/${encodeURIComponent(task.id)}` }, task.name),
        error && h('span', { class: 'error-line' }, `${error.name}: ${error.message}`),
      ),
      cell('State', badge(task.state), progress && task.state === 'running' && ` ${Math.round(progress.percent)} %`),
      cell('Queue', task.queue),
      cell('Attempt', task.maxAttempts === null ? `${task.attempt}` : `${task.attempt} of ${task.maxAttempts}`),
      cell('Enqueued', moment(task.createdAt)),
      cell('Runs / ran', moment(task.finishedAt ?? task.startedAt ?? task.runAt)),
      cell('', h('div', { class: 'actions' }, ...actionButtons(task, this.page))),
    );
  }

  private checkbox({ id, name }: TaskSummary): HTMLElement {
    const box = h('input', { type: 'checkbox', 'aria-label': `Choose ${name} ${id}` });
    box.addEventListener('click', (event) => {
      const shown = [...this.body.rows].map((row) => row.dataset.id!);
      this.selection.set(id, box.checked, event.shiftKey, shown);
      this.showSelection();
    });
    return box;
  }

  private showSelection(): void {
    for (const row of this.body.rows) {
      const box = row.querySelector<HTMLInputElement>('input[type=checkbox]');
      if (box) box.checked = this.selection.has(row.dataset.id!);
    }
    this.bulk.show();
  }

  private showTabs(queues: readonly QueueStats[]): void {
    const queue = this.query.get('queue');
    const counted = queues.filter((stats) => queue === null || stats.queue === queue);
    const tab = (label: string, state: string | null, total: number | null): HTMLElement => {
      const query = new URLSearchParams(this.query);
      if (state === null) query.delete('state');
      else query.set('state', state);
      const current = this.query.get('state') === state;
      const number = total === null ? '' : h('span', { class: 'count' }, count(total));
      return h('a', { href: `#/tasks?${query.toString()}`, 'aria-current': current && 'page' }, label, ' ', number);
    };
    const states = TASK_STATES.map((state) => {
      const total = counted.reduce((sum, stats) => sum + stats.counts[state], 0);
      return tab(state, state, total);
    });
    this.tabs.replaceChildren(tab('all', null, null), ...states);
  }

  private filterForm(): HTMLElement {
    const inputs = WRITTEN_FILTERS.map((name) =>
      h('input', { name, type: 'search', value: this.query.get(name) ?? '', placeholder: name, 'aria-label': name }),
    );
    const form = h('form', { class: 'filter' }, ...inputs, h('button', {}, 'Filter'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const query = new URLSearchParams(this.query);
      for (const input of inputs) {
        if (input.value.trim() === '') query.delete(input.name);
        else query.set(input.name, input.value.trim());
      }
      this.page.go(`#/tasks?${query.toString()}`);
    });
    return form;
  }
}
