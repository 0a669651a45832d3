import { button, h } from '../dom.js';

/**
 * Copies a text, and says whether it did.
 * @param textOf asked when it is pressed
 */
export function copyButton(label: string, textOf: () => string): HTMLElement {
  const said = h('span', { role: 'status' });
  const copy = (): void => {
    // Absent where the page came by plain HTTP from another machine.
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const written = clipboard?.writeText(textOf()) ?? Promise.reject(new Error());
    written.then(
      () => (said.textContent = 'Copied'),
      () => (said.textContent = 'The browser does not let this page copy.'),
    );
  };
  return h('div', {}, button(label, copy), ' ', said);
}
