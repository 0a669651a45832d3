import { arrange, h, notice, type Child } from '../dom.js';

export interface Column {
  readonly label: string;
  /** Figures stand under each other, at the right. */
  readonly isNumber?: boolean;
  /** Takes what room the others leave. */
  readonly isWide?: boolean;
  /** Said, and not shown: what stands in the column says it to whoever sees it. */
  readonly isHidden?: boolean;
}

const FOCUSABLE = 'a[href], button, input, select, summary, [tabindex]';

/**
 * A table whose rows stay as long as what they show does: a list that is updated takes the focus from nobody, and what
 * is open stays open. Where there is no room for columns, rows become labelled lines. The roles are written out because
 * browsers forget them then.
 */
export class Table<T> {
  private readonly body = h('tbody', { role: 'rowgroup' });
  private readonly rows = new Map<string, { readonly text: string; readonly element: HTMLElement }>();
  readonly element: HTMLTableElement;

  /**
   * @param caption what a person hears who does not see it
   * @param keyOf tells one item from another
   * @param cellsOf one for each column
   * @param textOf what a row shows, where that is not all of the item
   */
  constructor(
    caption: string,
    private readonly columns: readonly Column[],
    private readonly keyOf: (item: T) => string,
    private readonly cellsOf: (item: T) => ReadonlyArray<Child | readonly Child[]>,
    private readonly textOf: (item: T) => string = (item) => JSON.stringify(item),
  ) {
    const heads = columns.map((column) => {
      const { label, isHidden } = column;
      const content = isHidden ? h('span', { class: 'unseen' }, label) : label;
      return h('th', { scope: 'col', role: 'columnheader', class: kindOf(column) }, content);
    });
    this.element = h(
      'table',
      { role: 'table', 'aria-label': caption },
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads)),
      this.body,
    );
  }

  get shown(): readonly HTMLTableRowElement[] {
    return [...this.body.rows];
  }

  show(items: readonly T[]): void {
    const keys = new Set<string>();
    const elements: HTMLElement[] = [];
    let focus: (() => void) | null = null;
    for (const item of items) {
      const key = this.keyOf(item);
      if (keys.has(key)) continue;
      keys.add(key);
      const text = this.textOf(item);
      const known = this.rows.get(key);
      if (known?.text === text) {
        elements.push(known.element);
        continue;
      }
      const element = this.rowOf(key, item);
      if (known) focus ??= focusLike(known.element, element);
      this.rows.set(key, { text, element });
      elements.push(element);
    }
    for (const key of this.rows.keys()) if (!keys.has(key)) this.rows.delete(key);
    arrange(this.body, elements);
    focus?.();
  }

  /** Shows `items` in `place`, or there what is said where there are none. */
  showIn(place: HTMLElement, items: readonly T[], whenNone: string): void {
    this.show(items);
    const shown = items.length > 0 ? this.element : notice(whenNone);
    if (place.firstChild !== shown) place.replaceChildren(shown);
  }

  private rowOf(key: string, item: T): HTMLElement {
    const cells = this.cellsOf(item).map((content, index) => {
      const column = this.columns[index]!;
      const { label, isHidden } = column;
      const children = Array.isArray(content) ? (content as readonly Child[]) : [content as Child];
      const attributes = { role: 'cell', class: kindOf(column), 'data-label': isHidden ? '' : label };
      return h('td', attributes, h('div', {}, ...children));
    });
    return h('tr', { role: 'row', 'data-key': key }, ...cells);
  }
}

function kindOf({ isNumber, isWide, isHidden }: Column): string {
  return isNumber ? 'number' : isWide ? 'wide' : isHidden ? 'side' : '';
}

/** What gives the focus to the part of a new row that stands where the focused one of the old row did. */
function focusLike(before: HTMLElement, after: HTMLElement): (() => void) | null {
  if (!before.contains(document.activeElement)) return null;
  const index = [...before.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement!);
  return () => after.querySelectorAll<HTMLElement>(FOCUSABLE)[index]?.focus();
}
