import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface DialogQuestion {
  readonly title: string;
  /** What it means, and what it is about. */
  readonly text: ComponentChildren;
  /** On the button that says yes. */
  readonly confirm: string;
  /** Nothing is lost by it. */
  readonly isHarmless?: boolean;
}

interface Asked extends DialogQuestion {
  readonly answer: (isYes: boolean) => void;
}

const asked = signal<Asked | null>(null);

/** Asks back; false where nobody said yes. */
export function ask(question: DialogQuestion): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (isYes) => {
        asked.value = null;
        resolve(isYes);
      },
    };
  });
}

/** The question that is open, on the frame of the page. */
export function OpenQuestion(): JSX.Element | null {
  const question = asked.value;
  if (question === null) return null;
  const { title, text, confirm, isHarmless, answer } = question;
  return (
    <Dialog key={title} title={title} onClose={() => answer(false)}>
      <div class="question">{text}</div>
      <div class="actions">
        <button type="button" class={isHarmless ? 'primary' : 'danger'} onClick={() => answer(true)}>
          {confirm}
        </button>
        <button type="button" autofocus onClick={() => answer(false)}>
          Go back
        </button>
      </div>
    </Dialog>
  );
}

export interface DialogProps {
  readonly title: string;
  readonly class?: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A modal dialog. The browser keeps the focus inside, closes on Escape and gives the focus back to where it was. */
export function Dialog({ title, class: kind = '', onClose, children }: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const isClosed = useRef(false);
  // Told of Escape twice: at once, unless somebody closes dialogs without end, and when the browser comes to it.
  const close = (): void => {
    if (isClosed.current) return;
    isClosed.current = true;
    onClose();
  };
  // At once: what is written next is meant for it.
  useLayoutEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    dialog.querySelector<HTMLElement>('[autofocus]')?.focus();
    return () => {
      isClosed.current = true;
      // Nothing else can have the focus while it is open.
      dialog.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={element} class={kind} aria-labelledby="dialog-title" onCancel={close} onClose={close}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
