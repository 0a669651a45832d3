import { openDialog } from './components/dialog.js';
import { h } from './dom.js';

export interface Shortcut {
  /** One key, or two that are pressed one after the other, as `g t`. */
  readonly keys: string;
  readonly does: string;
  run(): void;
}

/**
 * Listens to keys, but not where somebody writes, answers a dialog or means the browser.
 * @returns what shows the help sheet
 */
export function listenToKeys(shortcuts: readonly Shortcut[]): () => void {
  const help = (): void => showHelp(all);
  const all = [...shortcuts, { keys: '?', does: 'This help', run: help }];
  let first = '';
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === 'Shift') return;
    const target = event.target as HTMLElement;
    if (target.matches('input:not([type=checkbox]), textarea, select') || target.closest('dialog')) return;
    const pressed = [`${first} ${event.key}`, event.key];
    const found = all.find(({ keys }) => pressed.includes(keys));
    first = event.key;
    if (!found) return;
    event.preventDefault();
    first = '';
    found.run();
  });
  return help;
}

function showHelp(shortcuts: readonly Shortcut[]): void {
  const lines = shortcuts.flatMap(({ keys, does }) => [
    h('dt', {}, ...keys.split(' ').map((key) => h('kbd', {}, key))),
    h('dd', {}, does),
  ]);
  const close = h('button', { type: 'button', autofocus: true }, 'Close');
  const dialog = openDialog('Keyboard', h('dl', {}, ...lines), close);
  close.addEventListener('click', () => dialog.close());
}
