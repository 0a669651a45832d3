import { signal } from '@preact/signals';
import { fromHere, go } from './place.js';
import { readAll } from './live.js';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isError: boolean;
  /** Takes back what it tells of; null where that cannot be taken back as it was. */
  readonly undo: (() => void) | null;
}

/** What went well need not be read for longer; what did not stays. */
const SHOWN_MS = 8_000;
/** What can be taken back is there for longer: a person has to see that it was a mistake. */
const UNDO_SHOWN_MS = 20_000;

export const toasts = signal<readonly Toast[]>([]);
let next = 0;

export function say(text: string, isError = false, undo: (() => void) | null = null): void {
  const toast = { id: (next += 1), text, isError, undo };
  toasts.value = [...toasts.value.slice(-2), toast];
  if (!isError) setTimeout(() => unsay(toast.id), undo === null ? SHOWN_MS : UNDO_SHOWN_MS);
}

export function unsay(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export interface ActOptions<T> {
  /** Hash of the page to go to, unless the person has gone elsewhere by then. */
  readonly target?: string | undefined;
  /** Takes it back as it was, where it can be. */
  readonly undo?: ((result: T) => Promise<unknown>) | undefined;
}

/**
 * Runs what a person asked for, says what came of it and has all that is shown read anew, or goes on to another page.
 * @param done said when it went well, and how it went where that is not known before; nothing where it is empty
 * @returns whether it went well
 */
export async function act<T>(
  work: () => Promise<T>,
  done: string | ((result: T) => string),
  { target, undo }: ActOptions<T> = {},
): Promise<boolean> {
  const isHere = fromHere();
  try {
    const result = await work();
    const text = typeof done === 'string' ? done : done(result);
    if (text !== '') say(text, false, undo ? () => void act(() => undo(result), `Undone: ${text}`) : null);
    if (target === undefined || !isHere()) readAll();
    else go(target);
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
    readAll();
    return false;
  }
}
