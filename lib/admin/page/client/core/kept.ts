import { signal, type Signal } from '@preact/signals';

const PREFIX = 'nestjs-tasks.';

/** A value that this browser remembers; where it keeps nothing, for as long as the page is open. */
export function kept<T>(name: string, otherwise: T): Signal<T> {
  const value = signal<T>(stored(name) ?? otherwise);
  value.subscribe((now) => {
    try {
      if (now === otherwise) localStorage.removeItem(PREFIX + name);
      else localStorage.setItem(PREFIX + name, JSON.stringify(now));
    } catch {
      // Not every browser keeps something.
    }
  });
  return value;
}

function stored<T>(name: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null') as T | null;
  } catch {
    return null;
  }
}
