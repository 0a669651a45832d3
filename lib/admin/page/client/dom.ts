type Child = Node | string | null | undefined | false;

interface Attributes {
  readonly class?: string;
  readonly onclick?: () => void;
  readonly [attribute: string]: string | boolean | null | undefined | (() => void);
}

/**
 * Makes an element. Whatever text comes in becomes text: no string of a task is ever read as HTML.
 * @param attributes false, null and undefined ones are left out; true stands without a value
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => child != null && child !== false));
  return element;
}

/** Cells of a table that become labelled lines where there is no room for columns. */
export function cell(label: string, ...children: readonly Child[]): HTMLTableCellElement {
  return h('td', { 'data-label': capital(label) }, h('div', {}, ...children));
}

export function table(headings: readonly string[], body: HTMLElement): HTMLTableElement {
  const titles = headings.map((heading) => h('th', { scope: 'col' }, capital(heading)));
  return h('table', {}, h('thead', {}, h('tr', {}, ...titles)), body);
}

function capital(label: string): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

export function notice(text: string): HTMLElement {
  return h('p', { class: 'notice' }, text);
}
