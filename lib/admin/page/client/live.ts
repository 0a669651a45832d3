import type { QueueStats } from '../../../dispatcher/task-dispatcher.types.js';
import { eventsUrl } from './api.js';

export interface Change {
  /** Some of the tasks that changed: another process does not say which, and of very many not all are named. */
  readonly taskIds: readonly string[];
  readonly queues: readonly QueueStats[];
}

/** How often the page asks by itself where the stream of changes cannot be had. */
const POLL_INTERVAL_MS = 5_000;

/**
 * Tells of changes as they come. The browser reconnects by itself after a cut; where the app refuses the stream, it is
 * asked for again from time to time, and `poll` is called meanwhile.
 */
export function watchChanges(onChange: (change: Change) => void, poll: () => void): void {
  const connect = (): void => {
    const source = new EventSource(eventsUrl());
    source.addEventListener('change', (event: MessageEvent<string>) => onChange(JSON.parse(event.data) as Change));
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => {
        poll();
        connect();
      }, POLL_INTERVAL_MS);
    });
  };
  connect();
}
