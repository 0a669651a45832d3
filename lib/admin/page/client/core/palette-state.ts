import { signal } from '@preact/signals';

export const isPaletteOpen = signal(false);

/** What was written before there was a field for it: people write on at once, and the palette may still be on its way. */
let ahead = '';

export function openPalette(): void {
  if (isPaletteOpen.value) return;
  ahead = '';
  isPaletteOpen.value = true;
  document.addEventListener('keydown', keep, true);
}

export function closePalette(): void {
  document.removeEventListener('keydown', keep, true);
  isPaletteOpen.value = false;
}

/** What was written ahead; from here on, the field takes it. */
export function writtenAhead(): string {
  document.removeEventListener('keydown', keep, true);
  return ahead;
}

/** Without it, letters would be taken for shortcuts. */
function keep(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') closePalette();
  else if (event.key === 'Backspace') ahead = ahead.slice(0, -1);
  else if (event.key.length === 1) ahead += event.key;
  else return;
  event.preventDefault();
  event.stopPropagation();
}
