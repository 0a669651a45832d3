import { h } from '../dom.js';

const KEY = 'nestjs-tasks.theme';
const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Light, dark, or as the system has it; remembered in this browser. */
export function themeChoice(): HTMLElement {
  const known = stored();
  const options = THEMES.map((theme) => h('option', { value: theme, selected: theme === known }, theme));
  const select = h('select', { 'aria-label': 'Colours' }, ...options);
  select.addEventListener('change', () => {
    apply(select.value as Theme);
    try {
      localStorage.setItem(KEY, select.value);
    } catch {
      // A browser that keeps nothing has it for as long as the page is open.
    }
  });
  apply(known);
  return select;
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function stored(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === text) ?? 'system';
  } catch {
    return 'system';
  }
}
