import { signal } from '@preact/signals';

export type LaterViews = typeof import('../views/later-views.js');

/** What is not seen first, once it is here: it has a script of its own, which the overview does not wait for. */
export const laterViews = signal<LaterViews | null>(null);
/** It could not be loaded: the app is away, or has another version by now. */
export const isLaterMissing = signal(false);

let loading: Promise<void> | null = null;

/** Loads it, once. Never rejects. */
export function loadLater(): Promise<void> {
  return (loading ??= import('../views/later-views.js').then(
    (views) => {
      laterViews.value = views;
    },
    () => {
      isLaterMissing.value = true;
    },
  ));
}
