import type { Task } from '../../../../engine/index.js';
import { h, notice } from '../dom.js';
import { copyButton } from './copy-button.js';
import { jsonTree } from './json-tree.js';

/** Params as a tree, to read and to copy. */
export function paramsBlock(task: Task): HTMLElement {
  if (task.paramsUnreadable) return notice('The stored text is no JSON.');
  const copy = copyButton('Copy as JSON', () => JSON.stringify(task.params, null, 2));
  return h('div', {}, h('div', { class: 'json' }, jsonTree(task.params)), copy);
}
