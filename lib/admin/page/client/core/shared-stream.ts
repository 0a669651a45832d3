import type { Change } from './live.js';
import { eventsUrl } from '../api.js';

export interface StreamEvents {
  /** @param isAnew what happened meanwhile was not told */
  opened(isAnew: boolean): void;
  changed(change: Change): void;
  /** It broke, and is tried again. */
  lost(): void;
}

type Word =
  | { readonly kind: 'opened'; readonly isAnew: boolean }
  | { readonly kind: 'changed'; readonly change: Change }
  | { readonly kind: 'lost' }
  /** Of a tab that has just been opened. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'retry' };

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 10_000;
/** Of one panel, wherever it is mounted. */
const NAME = `nestjs-tasks ${eventsUrl().pathname}`;

/**
 * The stream of changes, of which all tabs of a browser share one: a browser has six connections to a server, and a stream
 * holds one for as long as it lasts. The tab that has the lock reads it and tells the others; when it is closed, the browser
 * gives the lock to the next.
 *
 *     following ──the lock is given──> leading
 *     leading:  connecting ──it answers──> open ──it breaks──> waiting ──1, 2, 4, 8, 10, 10 … s──> connecting
 *
 * Where a browser has no locks, as on plain HTTP from another machine, each tab has a stream while somebody sees it.
 */
export class SharedStream {
  private readonly channel: BroadcastChannel | null;
  private source: EventSource | null = null;
  private timer = 0;
  private failures = 0;
  private isLeading = false;
  private isOpen = false;
  /** Something may have changed that nobody told. */
  private isBehind = false;

  constructor(private readonly events: StreamEvents) {
    const { locks } = navigator as { locks?: LockManager };
    this.channel = locks ? new BroadcastChannel(NAME) : null;
    if (this.channel && locks) {
      this.channel.addEventListener('message', ({ data }: MessageEvent<Word>) => this.hear(data));
      this.say({ kind: 'hello' });
      void locks.request(NAME, () => this.lead());
    } else this.readWhileSeen();
    addEventListener('online', () => this.retry());
  }

  /** At once, because a person asked or the browser is online again. */
  retry(): void {
    if (this.isLeading && !this.isOpen) this.connect();
    else if (!this.isLeading) this.say({ kind: 'retry' });
  }

  /** For as long as the tab is there. */
  private lead(): Promise<never> {
    this.isLeading = true;
    this.connect();
    return new Promise(() => undefined);
  }

  private readWhileSeen(): void {
    this.isLeading = true;
    const follow = (): void => {
      if (!document.hidden) {
        if (this.source === null) this.connect();
        return;
      }
      clearTimeout(this.timer);
      this.source?.close();
      this.source = null;
      this.isOpen = false;
      this.isBehind = true;
    };
    document.addEventListener('visibilitychange', follow);
    follow();
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.source?.close();
    const source = new EventSource(eventsUrl());
    this.source = source;
    source.addEventListener('open', () => {
      const isAnew = this.isBehind;
      this.failures = 0;
      this.isOpen = true;
      this.isBehind = false;
      this.tell({ kind: 'opened', isAnew });
    });
    source.addEventListener('change', (event: MessageEvent<string>) =>
      this.tell({ kind: 'changed', change: JSON.parse(event.data) as Change }),
    );
    source.addEventListener('error', () => this.lost(source));
  }

  private lost(source: EventSource): void {
    // The browser would try again by itself, as often as each two seconds for ever.
    source.close();
    if (source !== this.source) return;
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures++;
    this.isOpen = false;
    this.isBehind = true;
    this.timer = window.setTimeout(() => this.connect(), wait);
    this.tell({ kind: 'lost' });
  }

  /** To this tab and to the others. */
  private tell(word: Word): void {
    this.hear(word);
    this.say(word);
  }

  private say(word: Word): void {
    this.channel?.postMessage(word);
  }

  private hear(word: Word): void {
    switch (word.kind) {
      case 'opened':
        this.events.opened(word.isAnew);
        return;
      case 'changed':
        this.events.changed(word.change);
        return;
      case 'lost':
        // The next to lead begins where this one left off: behind.
        this.isBehind = true;
        this.events.lost();
        return;
      case 'hello':
        if (this.isLeading && this.isOpen) this.say({ kind: 'opened', isAnew: false });
        else if (this.isLeading && this.failures > 0) this.say({ kind: 'lost' });
        return;
      case 'retry':
        if (this.isLeading) this.retry();
    }
  }
}
