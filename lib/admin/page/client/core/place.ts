import { signal } from '@preact/signals';
import { addressOf, type PageAddress } from '../router.js';
import { takeKey } from '../sign-in/key-fragment.js';

/** Where the address leads. */
export const place = signal<PageAddress>(addressOf(location.hash));

/** Entries of the browser's history that something is remembered of. */
const MAX_VISITS = 50;
const visits = new Map<number, { scroll: number; readonly kept: Map<string, unknown> }>();
let visit = visitOf() ?? newVisit();
let isReturn = false;

// What is shown is read first: the browser would scroll a page that is still empty.
history.scrollRestoration = 'manual';
addEventListener('hashchange', () => {
  // Whoever is let in may open the address of the log once more, in the same tab.
  takeKey();
  visitNow().scroll = scrollY;
  const before = visitOf();
  isReturn = before !== null;
  visit = before ?? newVisit();
  place.value = addressOf(location.hash);
});

/** The number that the browser's history has for what is shown; null for what was not shown before. */
function visitOf(): number | null {
  const { visit: number } = (history.state ?? {}) as { readonly visit?: unknown };
  return typeof number === 'number' ? number : null;
}

function newVisit(): number {
  const number = Date.now() + Math.random();
  history.replaceState({ visit: number }, '');
  return number;
}

function visitNow(): { scroll: number; readonly kept: Map<string, unknown> } {
  let known = visits.get(visit);
  if (!known) visits.set(visit, (known = { scroll: 0, kept: new Map() }));
  for (const oldest of visits.keys()) {
    if (visits.size <= MAX_VISITS) break;
    visits.delete(oldest);
  }
  return known;
}

/** What belongs to this showing of a page: somebody who goes back to it finds it as it was. */
export function keptWithVisit<T>(name: string, make: () => T): T {
  const { kept } = visitNow();
  if (!kept.has(name)) kept.set(name, make());
  return kept.get(name) as T;
}

/** How long what was shown may take to be as high again. */
const MAX_SCROLL_WAIT_MS = 3_000;

/** To the beginning of the page, or where somebody goes back to it, to where it was left. */
export function scrollOnArrival(): void {
  scrollTo(0, 0);
  const { scroll } = visitNow();
  if (!isReturn || scroll === 0) return;
  const [arrived, until] = [visit, performance.now() + MAX_SCROLL_WAIT_MS];
  const scrollOn = (): void => {
    if (visit !== arrived || scrollY > 0 || performance.now() > until) return;
    if (document.documentElement.scrollHeight - innerHeight >= scroll) scrollTo(0, scroll);
    else requestAnimationFrame(scrollOn);
  };
  scrollOn();
}

/** Tells later whether a person is still where they were: an answer that comes late leads nobody away who has gone on. */
export function fromHere(): () => boolean {
  const asked = visit;
  return () => visit === asked;
}

export function go(hash: string): void {
  location.hash = hash;
}

/** Another query on the same page: nothing new in the history of the browser, where it is a matter of taste. */
export function replaceQuery(query: URLSearchParams): void {
  const text = query.toString();
  history.replaceState(history.state, '', `#${place.value.path}${text === '' ? '' : `?${text}`}`);
  place.value = addressOf(location.hash);
}

/** @param query left out where it is empty or undefined */
export function href(path: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? `#${path}` : `#${path}?${new URLSearchParams(given).toString()}`;
}

export const taskHref = (id: string): string => `#/tasks/${encodeURIComponent(id)}`;
export const workflowHref = (id: string): string => `#/workflows/${encodeURIComponent(id)}`;
export const queueHref = (queue: string): string => `#/queues/${encodeURIComponent(queue)}`;
export const nameHref = (name: string): string => `#/names/${encodeURIComponent(name)}`;
