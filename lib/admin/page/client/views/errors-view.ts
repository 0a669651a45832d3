import { api } from '../api.js';
import type { FailureGroup } from '../api-types.js';
import { ask } from '../components/dialog.js';
import { sparkline } from '../components/sparkline.js';
import { Table } from '../components/table.js';
import { button, h, notice, taskHref, type Child } from '../dom.js';
import { count, moment, plural } from '../format.js';
import type { Change } from '../connection.js';
import type { Page, View } from '../view.js';

/** Failures grouped by task and message: a hundred that say the same are one thing to put right. */
export class ErrorsView implements View {
  readonly title = 'Errors';
  private readonly table: Table<FailureGroup>;
  private readonly list = h('div', { class: 'panel scroll' }, notice('Reading …'));
  private readonly looked = h('p', { class: 'notice' });
  private readonly query: URLSearchParams;
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    link: URLSearchParams,
  ) {
    const fields = ['queue', 'name'].map((field) => [field, link.get(field) ?? '']).filter(([, value]) => value !== '');
    this.query = new URLSearchParams(fields);
    this.table = new Table(
      'Groups of errors',
      [
        { label: 'Error', isWide: true },
        { label: 'Failed', isNumber: true },
        { label: 'Last 24 hours' },
        { label: 'First' },
        { label: 'Last' },
        { label: 'Queues' },
        { label: 'Actions', isHidden: true },
      ],
      ({ key }) => key,
      (group) => this.cells(group),
    );
    this.element = h('section', {}, h('h1', {}, 'Errors'), this.narrowed(), this.list, this.looked);
  }

  async refresh(change: Change | null): Promise<void> {
    const [{ items, looked, complete }] = await Promise.all([api.errors(this.query), this.page.queues(change)]);
    this.table.showIn(this.list, items, 'No failed tasks.');
    const text = complete ? '' : `Of the newest ${count(looked)} failed tasks; there are older ones.`;
    if (this.looked.textContent !== text) this.looked.textContent = text;
  }

  private narrowed(): Child {
    if (this.query.size === 0) return null;
    const text = [...this.query].map(([field, value]) => `${field === 'name' ? 'task' : field} ${value}`).join(', ');
    return h(
      'p',
      { class: 'chip' },
      `Only ${text}. `,
      button('Show all', () => this.page.go('#/errors')),
    );
  }

  private cells(group: FailureGroup): Array<Child | Child[]> {
    const { key, name, error, count: number, points, firstAt, lastAt, queues, sampleId } = group;
    const tasks = new URLSearchParams({ state: 'failed', error: key });
    const lately = points.reduce((sum, value) => sum + value, 0);
    const spark = sparkline(
      points,
      `${plural(lately, 'failure')} in the last 24 hours, ${points.at(-1) ?? 0} in this hour`,
    );
    const isOurs = !this.page.readOnly && !queues.some((queue) => this.page.isForeign(queue));
    return [
      [
        h('a', { class: 'name', href: `#/tasks?${tasks.toString()}` }, name),
        h('span', { class: 'error-text' }, h('strong', {}, error.name), `: ${error.message}`),
      ],
      h('strong', {}, count(number)),
      spark,
      moment(firstAt),
      moment(lastAt),
      queues.join(', '),
      h(
        'div',
        { class: 'actions' },
        h('a', { class: 'button', href: taskHref(sampleId), title: 'The last task that failed so' }, 'Example'),
        isOurs && button(`Retry all`, () => void this.retry(group)),
      ),
    ];
  }

  private async retry({ key, name, error, count: number }: FailureGroup): Promise<void> {
    const isSure = await ask({
      title: `Retry: ${plural(number, 'task')}?`,
      text: `All failed tasks ${name} with “${error.name}: ${error.message}” run again.`,
      confirm: `Retry ${count(number)}`,
      isHarmless: true,
    });
    if (!isSure) return;
    this.page.act(
      () => api.bulk('retry', { filter: { error: key } }),
      ({ changed, refused }) => `Retry: ${count(changed)} changed, ${count(refused.length)} refused`,
    );
  }
}
