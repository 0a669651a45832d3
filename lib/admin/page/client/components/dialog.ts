import { h } from '../dom.js';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** On the button that says yes. */
  readonly confirm: string;
  /** Nothing is lost by it. */
  readonly isHarmless?: boolean;
}

/** Asks back. The browser keeps the focus inside, closes on Escape and gives the focus back to where it was. */
export function ask({ title, text, confirm, isHarmless }: Question): Promise<boolean> {
  const no = h('button', { type: 'button', autofocus: true }, 'Keep as it is');
  const yes = h('button', { type: 'button', class: isHarmless ? 'primary' : 'danger' }, confirm);
  const dialog = openDialog(title, h('p', {}, text), h('div', { class: 'actions' }, yes, no));
  return new Promise((resolve) => {
    yes.addEventListener('click', () => dialog.close('yes'));
    no.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'));
  });
}

/** A modal dialog that is gone once it is closed. */
export function openDialog(title: string, ...content: readonly HTMLElement[]): HTMLDialogElement {
  const heading = h('h2', { id: 'dialog-title' }, title);
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, heading, ...content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
