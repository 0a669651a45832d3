import type { TaskState } from '../../../../engine/index.js';
import { h } from '../dom.js';

export function badge(state: TaskState): HTMLElement {
  return h('span', { class: `badge ${state}` }, state);
}
