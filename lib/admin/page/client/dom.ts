export type Child = Node | string | null | undefined | false;

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

export function button(label: string, onclick: () => void, kind = ''): HTMLButtonElement {
  return h('button', { type: 'button', class: kind, onclick }, label);
}

export function notice(text: string): HTMLElement {
  return h('p', { class: 'notice' }, text);
}

export function taskHref(id: string): string {
  return `#/tasks/${encodeURIComponent(id)}`;
}

/** Puts the elements in, in their order; one that stands where it belongs is not touched, so it keeps its focus. */
export function arrange(parent: Element, elements: readonly Element[]): void {
  const wanted = new Set(elements);
  const gone = [...parent.children].filter((child) => !wanted.has(child));
  for (const child of gone) child.remove();
  let place = parent.firstElementChild;
  for (const element of elements) {
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}
