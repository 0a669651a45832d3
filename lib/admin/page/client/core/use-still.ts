import { useRef } from 'preact/hooks';
import { present } from '../ui/time.js';

/** Whether somebody points at a part of the page, or has the focus in a table: what is there is about to be pressed. */
function isPointedAt(): boolean {
  return document.querySelector('main :is(.panel, .tiles):hover, main table :focus-visible') !== null;
}

/**
 * What was shown before while somebody points at the page, and what there is now when nobody does.
 * @param merge what of the present is shown in the place of the past; all that was there before if left out
 */
export function useStill<T>(now: T, merge: (before: T, now: T) => T = (before) => before): T {
  // Read once a second: the pointer leaves without a word.
  void present.value;
  const before = useRef<T | null>(null);
  const shown = before.current !== null && isPointedAt() ? merge(before.current, now) : now;
  before.current = shown;
  return shown;
}
