/**
 * The second click of a double one is for what the first was on: it does not answer the question that the first opened, and
 * does not press what lay under what the first closed.
 */
export function guardDoubleClicks(): void {
  let first: Element | null = null;
  const onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    if (event.detail <= 1) first = target;
    else if (!first?.isConnected || first.closest('dialog') !== target.closest('dialog')) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  document.addEventListener('click', onClick, true);
}
