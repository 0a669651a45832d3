import { ACTION_STATES } from '../../../../engine/task-engine.js';
import type { ActionResult, TaskAction } from '../../../../engine/index.js';
import { api } from '../api.js';
import { button, h, taskHref } from '../dom.js';
import { count, plural } from '../format.js';
import type { Selection } from '../selection.js';
import { countMatching, filterOf } from '../task-query.js';
import type { Page } from '../view.js';
import { ACTION_LABELS } from './action-buttons.js';
import { ask } from './dialog.js';

const ACTIONS = Object.keys(ACTION_LABELS) as TaskAction[];
/** Most refused tasks that are named; the others are counted. */
const MAX_SHOWN_REFUSED = 50;

/** What may be done to all chosen tasks at once, and what came of it. */
export class BulkBar {
  private readonly text = h('span', { role: 'status' });
  private readonly report = h('div', { class: 'report', hidden: true });
  private readonly matching = button('Choose all that match', () => this.chooseAll());
  private readonly bar: HTMLElement;
  readonly element: HTMLElement;

  /** @param link of the list, whose filter "all that match" means */
  constructor(
    private readonly page: Page,
    private readonly selection: Selection,
    private readonly link: URLSearchParams,
    private readonly onSelection: () => void,
  ) {
    const buttons = ACTIONS.map((action) =>
      button(`${ACTION_LABELS[action]} chosen`, () => void this.run(action), action === 'delete' ? 'danger' : ''),
    );
    this.bar = h(
      'div',
      { class: 'bulk', role: 'toolbar', 'aria-label': 'Chosen tasks', hidden: true },
      this.text,
      this.matching,
      ...buttons,
      button('Choose none', () => this.clear()),
    );
    this.element = h('div', {}, this.bar, this.report);
  }

  show(): void {
    const { chosen, isAllMatching, isEmpty } = this.selection;
    this.bar.hidden = isEmpty;
    const text = isAllMatching ? 'All that match are chosen' : `${count(chosen.length)} chosen`;
    if (this.text.textContent !== text) this.text.textContent = text;
    // The API has no action on every task there is, whatever its state.
    this.matching.hidden = isAllMatching || Object.keys(filterOf(this.link)).length === 0;
  }

  private chooseAll(): void {
    this.selection.chooseAllMatching();
    this.onSelection();
  }

  private clear(): void {
    this.selection.clear();
    this.onSelection();
  }

  private async run(action: TaskAction): Promise<void> {
    const { isAllMatching, chosen } = this.selection;
    const label = ACTION_LABELS[action];
    let number = count(chosen.length);
    if (isAllMatching) {
      try {
        number = await countMatching(action, this.link, await this.page.queues(null));
      } catch (error) {
        this.page.act(() => Promise.reject(error as Error), '');
        return;
      }
    }
    const text = isAllMatching
      ? 'All that match the filter when it is done, shown here or not. Those whose state does not allow it stay as they are.'
      : 'Those whose state does not allow it stay as they are, and are named.';
    const title = `${label}: ${number} ${number === '1' ? 'task' : 'tasks'}?`;
    if (!(await ask({ title, text, confirm: `${label} ${number}`, isHarmless: action !== 'delete' }))) return;
    this.page.act(
      async () => {
        const target = isAllMatching ? { filter: filterOf(this.link) } : { ids: chosen };
        const result = await api.bulk(action, target);
        this.selection.clear();
        this.onSelection();
        this.showRefused(action, result);
        return result;
      },
      ({ changed, refused }) => `${label}: ${count(changed)} changed, ${count(refused.length)} refused`,
    );
  }

  private showRefused(action: TaskAction, { refused }: ActionResult): void {
    this.report.hidden = refused.length === 0;
    if (refused.length === 0) return;
    const lines = refused
      .slice(0, MAX_SHOWN_REFUSED)
      .map(({ id, state }) => h('li', {}, h('a', { href: taskHref(id) }, id), ` is ${state ?? 'not there any more'}`));
    const rest = refused.length - lines.length;
    this.report.replaceChildren(
      h(
        'div',
        { class: 'panel-head' },
        h('h2', {}, 'Left as they were'),
        button('Close', () => (this.report.hidden = true)),
      ),
      h('p', {}, `${ACTION_LABELS[action]} is for tasks that are ${ACTION_STATES[action].join(', ')}.`),
      h('ul', {}, ...lines),
      rest > 0 ? h('p', {}, `and ${plural(rest, 'other')}`) : '',
    );
  }
}
