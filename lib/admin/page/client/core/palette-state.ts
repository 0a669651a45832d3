import { signal } from '@preact/signals';

export const isPaletteOpen = signal(false);

/** What was written before there was a field for it: people write on at once, and the palette may still be on its way. */
let ahead = '';
let isEntered = false;

export function openPalette(): void {
  if (isPaletteOpen.value) return;
  ahead = '';
  isEntered = false;
  isPaletteOpen.value = true;
  document.addEventListener('keydown', keep, true);
}

export function closePalette(): void {
  document.removeEventListener('keydown', keep, true);
  isPaletteOpen.value = false;
}

/** What was written ahead, and whether Enter was pressed; from here on, the field takes it. */
export function writtenAhead(): { readonly text: string; readonly isEntered: boolean } {
  document.removeEventListener('keydown', keep, true);
  return { text: ahead, isEntered };
}

/** Without it, letters would be taken for shortcuts, and Enter would press what has the focus. */
function keep(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') closePalette();
  else if (event.key === 'Enter') isEntered = true;
  else if (isEntered) return;
  else if (event.key === 'Backspace') ahead = ahead.slice(0, -1);
  else if (event.key.length === 1) ahead += event.key;
  else return;
  event.preventDefault();
  event.stopPropagation();
}
