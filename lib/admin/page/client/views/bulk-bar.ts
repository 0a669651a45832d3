import type { ActionResult, TaskAction } from '../../../../engine/index.js';
import { api } from '../api.js';
import { ask } from '../dialog.js';
import { h } from '../dom.js';
import type { Selection } from '../selection.js';
import { countMatching, filterOf } from '../task-query.js';
import type { Page } from '../view.js';
import { ACTION_LABELS } from './actions.js';

const ACTIONS = Object.keys(ACTION_LABELS) as TaskAction[];
/** Most refused tasks that are named; the others are counted. */
const MAX_SHOWN_REFUSED = 20;

/** What may be done to all chosen tasks at once, and what came of it. */
export class BulkBar {
  private readonly text = h('span', { role: 'status' });
  private readonly report = h('div', { class: 'report', hidden: true });
  private readonly matching = h('button', { type: 'button', onclick: () => this.chooseAll() });
  private readonly bar: HTMLElement;
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    private readonly selection: Selection,
    private readonly query: URLSearchParams,
    private readonly onSelection: () => void,
  ) {
    const buttons = ACTIONS.map((action) =>
      h(
        'button',
        { type: 'button', class: action === 'delete' ? 'danger' : '', onclick: () => void this.run(action) },
        `${ACTION_LABELS[action]} chosen`,
      ),
    );
    const clear = h('button', { type: 'button', onclick: () => this.clear() }, 'Choose none');
    this.bar = h(
      'div',
      { class: 'bulk', role: 'toolbar', 'aria-label': 'Chosen tasks', hidden: true },
      this.text,
      this.matching,
      ...buttons,
      clear,
    );
    this.element = h('div', {}, this.bar, this.report);
  }

  show(): void {
    const { chosen, isAllMatching, isEmpty } = this.selection;
    this.bar.hidden = isEmpty;
    const text = isAllMatching ? 'All that match are chosen' : `${chosen.length.toLocaleString()} chosen`;
    if (this.text.textContent !== text) this.text.textContent = text;
    this.matching.textContent = 'Choose all that match';
    // The API has no action on every task there is, whatever its state.
    this.matching.hidden = isAllMatching || this.query.size === 0;
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
    const filter = filterOf(this.query);
    const label = ACTION_LABELS[action];
    let number = chosen.length.toLocaleString();
    if (isAllMatching) {
      try {
        number = await countMatching(action, filter);
      } catch (error) {
        this.page.act(() => Promise.reject(error as Error), '');
        return;
      }
    }
    const text = isAllMatching
      ? 'All that match the filter when it is done, shown here or not. Those whose state does not allow it stay as they are.'
      : 'Those whose state does not allow it stay as they are, and are named.';
    const title = `${label}: ${number} ${number === '1' ? 'task' : 'tasks'}?`;
    if (!(await ask({ title, text, confirm: `${label} ${number}` }))) return;
    this.page.act(
      async () => {
        const result = await api.bulk(action, isAllMatching ? { filter } : { ids: chosen });
        this.selection.clear();
        this.onSelection();
        this.showRefused(result);
        return result;
      },
      ({ changed, refused }) =>
        `${label}: ${changed.toLocaleString()} changed, ${refused.length.toLocaleString()} refused`,
    );
  }

  private showRefused({ refused }: ActionResult): void {
    this.report.hidden = refused.length === 0;
    const lines = refused
      .slice(0, MAX_SHOWN_REFUSED)
      .map(({ id, state }) =>
        h('li', {}, h('a', { href: `#/tasks/${encodeURIComponent(id)}` }, id), ` is ${state ?? 'not there any more'}`),
      );
    const rest = refused.length - lines.length;
    this.report.replaceChildren(
      h('h2', {}, 'Left as they were'),
      h('ul', {}, ...lines),
      rest > 0 ? h('p', {}, `and ${rest.toLocaleString()} more`) : '',
    );
  }
}
