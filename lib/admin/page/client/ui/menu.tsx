import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

const GAP_PX = 4;

interface Props {
  readonly label: string;
  readonly text?: string;
  readonly children: ComponentChildren;
}

/**
 * What is seldom needed, behind a button. It lies over the page, so that no table that scrolls cuts it off; the browser
 * closes it on Escape and when something else is pressed. What is in a part with `data-stays` leaves it open.
 */
export function Menu({ label, text = '⋯', children }: Props): JSX.Element {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const items = useRef<HTMLDivElement>(null);
  // At once: a browser that opens it does so by itself, and says it once.
  useLayoutEffect(() => {
    const element = items.current!;
    const onToggle = (event: Event): void => setOpen((event as ToggleEvent).newState === 'open');
    element.addEventListener('toggle', onToggle);
    return () => element.removeEventListener('toggle', onToggle);
  }, []);
  useLayoutEffect(() => {
    if (isOpen) place(items.current!, opener.current!);
  }, [isOpen]);
  return (
    <div class="menu">
      <button ref={opener} type="button" class="quiet" aria-label={label} aria-expanded={isOpen} popovertarget={id}>
        {text}
      </button>
      <div
        ref={items}
        id={id}
        popover="auto"
        class="menu-items"
        role="group"
        aria-label={label}
        onClick={(event) => {
          if (!(event.target as HTMLElement).closest('[data-stays]')) items.current?.hidePopover();
        }}
      >
        {isOpen && children}
      </div>
    </div>
  );
}

/** Below its button, or above where there is no room, and within the page. */
function place(items: HTMLElement, opener: HTMLElement): void {
  const { left, right, top, bottom } = opener.getBoundingClientRect();
  const { width, height } = items.getBoundingClientRect();
  const isBelow = bottom + GAP_PX + height <= innerHeight || top < height;
  const isLeft = left + width <= innerWidth;
  items.style.top = `${isBelow ? bottom + GAP_PX : top - GAP_PX - height}px`;
  items.style.left = `${Math.max(GAP_PX, isLeft ? left : right - width)}px`;
}
