import type { Task } from '../../../../engine/index.js';
import { button, h, notice } from '../dom.js';
import { jsonTree } from './json-tree.js';

/** Params as a tree, to read and to copy. */
export function paramsBlock(task: Task): HTMLElement {
  if (task.paramsUnreadable) return notice('The stored text is no JSON.');
  const said = h('span', { role: 'status' });
  const copy = (): void => {
    // Absent where the page came by plain HTTP from another machine.
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const written = clipboard?.writeText(JSON.stringify(task.params, null, 2)) ?? Promise.reject(new Error());
    written.then(
      () => (said.textContent = 'Copied'),
      () => (said.textContent = 'The browser does not let this page copy.'),
    );
  };
  return h('div', {}, h('div', { class: 'json' }, jsonTree(task.params)), button('Copy as JSON', copy), ' ', said);
}
