import { signal } from '@preact/signals';
import type { Queue } from '../api-types.js';
import { api, ApiError } from '../api.js';
import { SharedStream } from './shared-stream.js';

export interface Change {
  /** Some of the tasks that changed: another process does not say which, and of very many not all are named. */
  readonly taskIds: readonly string[];
  readonly queues: readonly Queue[];
}

/** How the page learns of changes: as they come, from time to time, or not at all. */
export type Link = 'connecting' | 'open' | 'polling' | 'lost';

export const link = signal<Link>('connecting');
/** Whether what is shown follows changes. */
export const isLive = signal(true);
/** Something changed while it did not. */
export const hasNews = signal(false);
/** The queues as they were told last; null before. */
export const queues = signal<readonly Queue[] | null>(null);

type Listener = (change: Change | null) => void;
const listeners = new Set<Listener>();

/** @param listener called with a change, and with null where it is not known what changed. @returns what ends it */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Has all that is shown read anew. */
export function readAll(): void {
  for (const listener of listeners) listener(null);
}

export function toggleLive(): void {
  isLive.value = !isLive.value;
  if (isLive.value && hasNews.value) readAll();
  hasNews.value = false;
}

let stream: SharedStream | null = null;

export function connect(): void {
  stream = new SharedStream({
    opened: (isAnew) => {
      const before = link.value;
      link.value = 'open';
      // Whatever happened meanwhile was not told.
      if (before === 'lost' || before === 'polling' || isAnew) tell(null);
    },
    changed: (change) => {
      queues.value = change.queues;
      tell(change);
    },
    lost: () => void poll(),
  });
}

export function tryNow(): void {
  stream?.retry();
}

function tell(change: Change | null): void {
  if (isLive.value) for (const listener of listeners) listener(change);
  else hasNews.value = true;
}

/** The app may refuse the stream alone: it serves 100 at most. */
async function poll(): Promise<void> {
  if (link.value === 'open' || link.value === 'connecting') link.value = 'lost';
  const answers = await api.engine().then(
    () => true,
    (error: unknown) => !(error instanceof ApiError && error.status === 0),
  );
  if (link.value !== 'lost' && link.value !== 'polling') return;
  link.value = answers ? 'polling' : 'lost';
  if (answers) tell(null);
}
