import type { TaskState } from '../../../../engine/index.js';
import { h } from '../dom.js';

export function badge(state: TaskState): HTMLElement {
  return h('span', { class: `badge ${state}` }, state);
}

/** Something about a queue or a schedule that is out of the ordinary. */
export function mark(text: string, kind = '', title?: string): HTMLElement {
  return h('span', { class: `badge ${kind}`, title }, text);
}
