export interface Shortcut {
  /** One key, or two that are pressed one after the other, as `g t`. */
  readonly keys: string;
  readonly does: string;
  run(): void;
}

/** Listens to keys, but not where somebody writes, answers a dialog or means the browser. @returns what ends it */
export function listenToKeys(shortcuts: readonly Shortcut[]): () => void {
  let first = '';
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === 'Shift') return;
    const target = event.target as HTMLElement;
    if (target.matches('input:not([type=checkbox]), textarea, select') || target.closest('dialog')) return;
    const pressed = [`${first} ${event.key}`, event.key];
    const found = shortcuts.find(({ keys }) => pressed.includes(keys));
    first = event.key;
    if (!found) return;
    event.preventDefault();
    first = '';
    found.run();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

/** The rows of the page that can be gone through. */
function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('main tbody tr')];
}

/** From the row that has the focus to one before or after it; to the first where none has it. */
export function moveInRows(by: number): void {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[at === -1 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
  next?.querySelector<HTMLElement>('a.name, a[href], button')?.focus();
}

/** To what can be done to the chosen rows, which stands far behind them. */
export function focusActions(): void {
  document.querySelector<HTMLElement>('.bulk button')?.focus();
}

/** @param extend to this row from the one that was touched before */
export function chooseRow(extend: boolean): void {
  const box = document.activeElement?.closest('tr')?.querySelector<HTMLElement>('input[type=checkbox]');
  box?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: extend }));
}
