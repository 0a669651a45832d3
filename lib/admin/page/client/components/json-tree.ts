import { h } from '../dom.js';

/** Levels that stand open at first. */
const OPEN_LEVELS = 2;
/** Children drawn of one array or object; the rest is counted, and all of it can be copied. */
const MAX_CHILDREN = 200;
/** Below this, the rest is written as one line: the browser's layout goes no deeper well. */
const MAX_LEVELS = 40;

/** A value as a tree that opens and closes; parts that are closed are made when they are opened. */
export function jsonTree(value: unknown, label: string | null = null, level = 0): HTMLElement {
  const name = label === null ? '' : h('span', { class: 'json-key' }, `${label}: `);
  if (value === null || typeof value !== 'object' || level >= MAX_LEVELS) {
    const text = JSON.stringify(value) ?? String(value);
    return h('div', { class: 'json-leaf' }, name, h('span', { class: `json-${typeof value}` }, text));
  }
  const isArray = Array.isArray(value);
  const entries = Object.entries(value);
  const size = isArray ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) return h('div', { class: 'json-leaf' }, name, isArray ? '[]' : '{}');

  const children = h('div', { class: 'json-children' });
  const fill = (): void => {
    if (children.hasChildNodes()) return;
    const shown = entries.slice(0, MAX_CHILDREN).map(([key, child]) => jsonTree(child, key, level + 1));
    const rest = entries.length - shown.length;
    children.append(...shown, rest > 0 ? `… and ${rest.toLocaleString()} more` : '');
  };
  const isOpen = level < OPEN_LEVELS;
  if (isOpen) fill();
  const details = h(
    'details',
    { open: isOpen },
    h('summary', {}, name, h('span', { class: 'json-size' }, size)),
    children,
  );
  details.addEventListener('toggle', fill);
  return details;
}
