import type { Queue } from '../api-types.js';
import { button, h } from '../dom.js';
import { WITHIN } from '../task-query.js';
import type { Page } from '../view.js';

const WRITTEN = ['queue', 'name', 'search'] as const;
const BETWEEN = 'between';

/** What a list of tasks is narrowed by beside the state. What is chosen goes into the address, and from there to the list. */
export class TaskFilters {
  private readonly queues = h('datalist', { id: 'queue-names' });
  private readonly time: HTMLSelectElement;
  private readonly between: HTMLElement;
  private readonly from = h('input', { type: 'datetime-local', step: '1', 'aria-label': 'Enqueued from' });
  private readonly to = h('input', { type: 'datetime-local', step: '1', 'aria-label': 'Enqueued before' });
  private readonly order: HTMLSelectElement;
  private readonly written: readonly HTMLInputElement[];
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    private readonly link: URLSearchParams,
  ) {
    this.written = WRITTEN.map((name) =>
      h('input', {
        name,
        type: 'search',
        value: link.get(name),
        placeholder: name === 'search' ? 'Id, params or error' : name === 'name' ? 'Task' : 'Queue',
        'aria-label': name,
        list: name === 'queue' && 'queue-names',
        autocomplete: 'off',
      }),
    );
    const isBetween = link.has('from') || link.has('to');
    const times: Array<[string, string]> = [
      ['', 'any time'],
      ...Object.entries(WITHIN).map(([value, { label }]): [string, string] => [value, label]),
      [BETWEEN, 'between …'],
    ];
    this.time = select('Enqueued', times, isBetween ? BETWEEN : (link.get('within') ?? ''));
    this.order = select(
      'Order',
      [
        ['', 'newest first'],
        ['oldest', 'oldest first'],
      ],
      link.get('order') ?? '',
    );
    this.from.value = localText(link.get('from'));
    this.to.value = localText(link.get('to'));
    this.between = h('span', { class: 'between', hidden: !isBetween }, this.from, ' to ', this.to);
    this.time.addEventListener('change', () => {
      this.between.hidden = this.time.value !== BETWEEN;
      if (this.time.value !== BETWEEN) this.go();
    });
    this.order.addEventListener('change', () => this.go());
    const form = h(
      'form',
      { class: 'filter', role: 'search', 'aria-label': 'Tasks' },
      ...this.written,
      this.time,
      this.between,
      this.order,
      h('button', {}, 'Filter'),
      this.queues,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.go();
    });
    this.element = h('div', {}, form, this.errorChip());
    void this.showLimits();
  }

  suggest(queues: readonly Queue[]): void {
    if (this.queues.children.length === queues.length) return;
    this.queues.replaceChildren(...queues.map(({ queue }) => h('option', { value: queue })));
  }

  private go(): void {
    const link = new URLSearchParams(this.link);
    const set = (name: string, value: string): void => (value === '' ? link.delete(name) : link.set(name, value));
    for (const { name, value } of this.written) set(name, value.trim());
    const isBetween = this.time.value === BETWEEN;
    set('within', isBetween ? '' : this.time.value);
    set('from', isBetween ? utcText(this.from.value) : '');
    set('to', isBetween ? utcText(this.to.value) : '');
    set('order', this.order.value);
    this.page.go(`#/tasks?${link.toString()}`);
  }

  private errorChip(): HTMLElement | string {
    if (!this.link.has('error')) return '';
    const all = (): void => {
      const link = new URLSearchParams(this.link);
      link.delete('error');
      this.page.go(`#/tasks?${link.toString()}`);
    };
    return h('p', { class: 'chip' }, 'Tasks of one group of errors. ', button('Show all errors', all));
  }

  private async showLimits(): Promise<void> {
    const engine = await this.page.engine().catch(() => null);
    if (engine?.capabilities.listOrder === 'state' && !this.link.has('state')) {
      this.order.title = 'This engine lists by state first, and by time within a state.';
    }
  }
}

function select(label: string, options: ReadonlyArray<readonly [string, string]>, value: string): HTMLSelectElement {
  const element = h(
    'select',
    { 'aria-label': label },
    ...options.map(([option, text]) => h('option', { value: option, selected: option === value }, text)),
  );
  return element;
}

/** A moment of the link as its field has it: in the time zone of whoever looks. */
function localText(utc: string | null): string {
  if (utc === null || !Number.isSafeInteger(Number(utc))) return '';
  const time = Number(utc);
  const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return Number.isNaN(local.getTime()) ? '' : local.toISOString().slice(0, 19);
}

function utcText(local: string): string {
  const time = Date.parse(local);
  return Number.isNaN(time) ? '' : String(time);
}
