import type { QueueEvents } from 'bullmq';
import { clearTimeout, setTimeout } from '../../clock/index.js';
import type { EngineChange } from '../port/index.js';
import { taskIdOf } from './job-ids.js';
import { hearEveryEvent } from './patches/every-event.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';

/** Changes that come within this time are told of together, in milliseconds. */
const TOGETHER_MS = 20;
/** The same while somebody waits for one. */
const SOON_MS = 1;
/** How long after a failure the server is asked again. */
const RETRY_MS = 1_000;

type Listener = (change: EngineChange) => void;

/** Tells of changes by the events that BullMQ keeps of every queue. It listens while somebody listens to it. */
export class EventWatch {
  private readonly listeners = new Set<Listener>();
  private readonly heard = new Map<string, QueueEvents>();
  /** Those of the listeners that wait for a change. */
  private readonly waiting = new Set<Listener>();
  private readonly changed = new Map<string | null, Set<string>>();
  private timer: NodeJS.Timeout | null = null;
  private retry: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(
    private readonly set: QueueSet,
    private readonly registry: Registry,
    /** Each event of the library's own queue, as it comes in. */
    private readonly onOwn: (fields: Readonly<Record<string, string>>) => void,
  ) {}

  add(listener: Listener, soon = false): () => void {
    this.listeners.add(listener);
    if (soon) this.waiting.add(listener);
    this.listen();
    return () => {
      this.listeners.delete(listener);
      this.waiting.delete(listener);
    };
  }

  /** Hears what other processes ask of this one. */
  async hearOwn(): Promise<void> {
    await this.hear(this.set.own.name, null).waitUntilReady();
  }

  announce(queue: string | null, ...taskIds: string[]): void {
    if (this.listeners.size === 0 || this.closed) return;
    let ids = this.changed.get(queue);
    if (!ids) this.changed.set(queue, (ids = new Set()));
    for (const id of taskIds) ids.add(id);
    this.timer ??= setTimeout(() => this.tell(), this.waiting.size > 0 ? SOON_MS : TOGETHER_MS);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of [this.timer, this.retry]) if (timer) clearTimeout(timer);
    this.listeners.clear();
    this.waiting.clear();
    await Promise.all([...this.heard.values()].map((events) => this.set.end(events)));
    this.heard.clear();
  }

  /** Queues that are noted later are heard from then on: the note itself is an event. Tried again until it succeeds. */
  private listen(): void {
    if (this.closed || this.listeners.size === 0) return;
    this.hearAll().catch(() => this.listenLater());
  }

  private async hearAll(): Promise<void> {
    this.hear(this.set.own.name, null);
    await this.registry.refresh(true);
    for (const queue of await this.registry.shownQueues()) if (!this.closed) this.hear(queue, queue);
  }

  private listenLater(): void {
    if (this.closed || this.retry) return;
    this.retry = setTimeout(() => {
      this.retry = null;
      this.listen();
    }, RETRY_MS);
    this.retry.unref();
  }

  private hear(name: string, queue: string | null): QueueEvents {
    let events = this.heard.get(name);
    if (!events) {
      // A change before the first event that is heard has to be looked for.
      events = this.set.events(name, () => this.announce(queue));
      this.heard.set(name, events);
      hearEveryEvent(events, (event, details) => this.onEvent(queue, event, details));
      // BullMQ never forgets that it was not ready: what met no server is made anew.
      const made = events;
      made.waitUntilReady().catch(() => {
        if (this.heard.get(name) === made) this.heard.delete(name);
        void this.set.end(made);
        this.listenLater();
      });
    }
    return events;
  }

  private onEvent(queue: string | null, event: string, details: unknown): void {
    const fields = (typeof details === 'object' && details !== null ? details : {}) as Record<string, string>;
    if (queue === null) {
      this.onOwn({ ...fields, event });
      if (event === 'noted') this.listen();
    }
    this.announce(queue, ...(fields.jobId === undefined ? [] : [taskIdOf(fields.jobId)]));
  }

  private tell(): void {
    this.timer = null;
    const changes = [...this.changed];
    this.changed.clear();
    for (const [queue, ids] of changes) {
      for (const listener of this.listeners) listener({ queue, taskIds: [...ids] });
    }
  }
}
