import type { Queue } from './api-types.js';
import { eventsUrl } from './api.js';
import { h } from './dom.js';

export interface Change {
  /** Some of the tasks that changed: another process does not say which, and of very many not all are named. */
  readonly taskIds: readonly string[];
  readonly queues: readonly Queue[];
}

export interface ConnectionEvents {
  onChange(change: Change): void;
  /** The stream is there again: whatever happened meanwhile was not told. */
  onReturn(): void;
  /** Reads anew what is shown. Resolves to whether the app answers at all. */
  poll(): Promise<boolean>;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;

/**
 * The stream of changes.
 *
 *   connecting -> open      it answers: the banner goes, and after a loss everything is read anew
 *   open       -> waiting   it breaks: the banner says so
 *   waiting    -> connecting after 1, 2, 4, 8, 10, 10 … seconds, or at once when a person asks or the browser is online again
 *
 * While it waits, what is shown is read from time to time: the app may refuse the stream alone (it serves 100 at most).
 */
export class Connection {
  private readonly text = h('span', {});
  readonly banner = h(
    'div',
    { class: 'banner', role: 'status', hidden: true },
    this.text,
    h('button', { type: 'button', onclick: () => this.connect() }, 'Try now'),
  );
  private source: EventSource | null = null;
  private timer = 0;
  private failures = 0;

  constructor(private readonly events: ConnectionEvents) {
    addEventListener('online', () => {
      if (this.failures > 0) this.connect();
    });
  }

  connect(): void {
    clearTimeout(this.timer);
    this.source?.close();
    const source = new EventSource(eventsUrl());
    this.source = source;
    source.addEventListener('open', () => this.opened());
    source.addEventListener('change', (event: MessageEvent<string>) =>
      this.events.onChange(JSON.parse(event.data) as Change),
    );
    source.addEventListener('error', () => this.lost(source));
  }

  private opened(): void {
    const wasLost = this.failures > 0;
    this.failures = 0;
    this.banner.hidden = true;
    if (wasLost) this.events.onReturn();
  }

  private lost(source: EventSource): void {
    // The browser would try again by itself, as often as each two seconds for ever.
    source.close();
    if (source !== this.source) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures++;
    this.timer = window.setTimeout(() => this.connect(), wait);
    void this.events.poll().then((answers) => {
      if (this.source !== source) return;
      this.text.textContent = answers
        ? 'The app tells of no changes as they come: they are read from time to time.'
        : 'Connection lost. What is shown may be out of date; the page tries again by itself.';
      this.banner.hidden = false;
    });
  }
}
