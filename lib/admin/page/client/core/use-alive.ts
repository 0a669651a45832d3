import { useLayoutEffect, useRef } from 'preact/hooks';

/** Whether a part of the page is still shown, for an answer that comes late. */
export function useAlive(): { readonly current: boolean } {
  const isAlive = useRef(true);
  useLayoutEffect(
    () => () => {
      isAlive.current = false;
    },
    [],
  );
  return isAlive;
}
