import { clearTimeout, monotonicTime, setTimeout, sleep, turn } from '../clock/index.js';
import { inCleanContext } from '../context/index.js';
import { hasEnded, messageOf, StoreError, TaskNotFoundError } from '../contract/index.js';
import { type AwaitedTask, type EngineChange, MAX_CHANGED_IDS, type TaskEngine } from '../engine/port/index.js';

/** Tasks whose standing is asked for in one go. */
const READ_AT_ONCE = 500;
/** All that are waited for are looked at so often even where nobody tells of a change. */
const LOOK_EVERY_MS = 2_000;
/** After all were looked at, they are looked at again no sooner than after so many times the time which that took. */
const REST_FACTOR = 4;
/** How long a store that does not answer is asked again, and how soon. */
const FAULT_PATIENCE_MS = 10_000;
const RETRY_AFTER_FAULT_MS = 250;
/** A task that the outbox still has to hand over is not in the store for a while. */
const OUTBOX_PATIENCE_MS = 10_000;
/** A task that moves within a store may be met in neither of its places; one that is gone is so at the second look too. */
const MAX_MISSES = 2;

/** Somebody who waits for the end of a task. */
export interface Waiter {
  readonly id: string;
  /** Called with how the task stands at each look; what it throws ends the waiting. */
  look(task: AwaitedTask): void;
  end(task: AwaitedTask): void;
  fail(error: unknown): void;
}

interface Waiting {
  readonly waiters: Set<Waiter>;
  readonly since: number;
  seen: boolean;
  misses: number;
}

/**
 * Tells waiters of the ends of their tasks, whichever process ended them: by one watch over the store for all, and by looking
 * at each task once after the watch has begun, so that none ends unseen in between.
 */
export class EndWatch {
  private readonly waiting = new Map<string, Waiting>();
  /** Ids to look at next. */
  private readonly due = new Set<string>();
  /** Something changed and it is not known what. */
  private allDue = false;
  private restsUntil = -Infinity;
  private reading = false;
  private stopWatching: (() => void) | null = null;
  private timer: NodeJS.Timeout | null = null;
  private faultSince: number | null = null;
  private onIdle: (() => void) | null = null;

  /** @param patience for how long a store that does not answer is asked again, in milliseconds */
  constructor(
    private readonly engine: Pick<TaskEngine, 'inspecting' | 'watching' | 'relaying'>,
    private readonly patience = FAULT_PATIENCE_MS,
  ) {}

  get isIdle(): boolean {
    return this.waiting.size === 0;
  }

  add(waiter: Waiter): void {
    const { id } = waiter;
    let found = this.waiting.get(id);
    if (!found) {
      found = { waiters: new Set(), since: monotonicTime(), seen: false, misses: 0 };
      this.waiting.set(id, found);
    }
    found.waiters.add(waiter);
    this.watch();
    this.due.add(id);
    this.read();
  }

  remove(waiter: Waiter): void {
    const found = this.waiting.get(waiter.id);
    if (!found?.waiters.delete(waiter) || found.waiters.size > 0) return;
    this.waiting.delete(waiter.id);
    this.due.delete(waiter.id);
    if (!this.isIdle) return;
    this.stop();
    this.onIdle?.();
  }

  /** Resolves when nobody waits any more. */
  async idle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  failAll(errorOf: (id: string) => unknown): void {
    for (const [id, { waiters }] of this.waiting) for (const waiter of waiters) waiter.fail(errorOf(id));
  }

  private watch(): void {
    if (this.stopWatching) return;
    inCleanContext(() => {
      this.stopWatching = this.engine.watching.watch((change) => this.changed(change), { soon: true });
      this.lookAgainIn(LOOK_EVERY_MS);
    });
  }

  private stop(): void {
    this.stopWatching?.();
    this.stopWatching = null;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.allDue = false;
    this.faultSince = null;
  }

  /** Keeps the process alive: somebody waits. */
  private lookAgainIn(milliseconds: number): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.allDue = true;
      this.read();
      this.lookAgainIn(LOOK_EVERY_MS);
    }, milliseconds);
  }

  private changed({ taskIds }: EngineChange): void {
    if (taskIds.length === 0 || taskIds.length >= MAX_CHANGED_IDS) this.allDue = true;
    else for (const id of taskIds) if (this.waiting.has(id)) this.due.add(id);
    if (this.allDue || this.due.size > 0) this.read();
  }

  private read(): void {
    if (this.reading) return;
    this.reading = true;
    void inCleanContext(() => this.readAll());
  }

  private async readAll(): Promise<void> {
    // Those who begin to wait in one turn are looked at together.
    await turn();
    while (!this.isIdle && (this.due.size > 0 || this.takeAll())) await this.readSome();
    this.reading = false;
  }

  /** Whether all are to be looked at now; where it is too soon, they are a little later. */
  private takeAll(): boolean {
    if (!this.allDue) return false;
    const rest = this.restsUntil - monotonicTime();
    if (rest > 0) {
      this.lookAgainIn(Math.min(rest, LOOK_EVERY_MS));
      return false;
    }
    this.allDue = false;
    for (const id of this.waiting.keys()) this.due.add(id);
    return true;
  }

  private async readSome(): Promise<void> {
    const ids = [...this.due].slice(0, READ_AT_ONCE);
    for (const id of ids) this.due.delete(id);
    const began = monotonicTime();
    try {
      const { tasks, looked } = await this.engine.inspecting.awaited(ids);
      this.faultSince = null;
      for (const id of ids.slice(looked)) if (this.waiting.has(id)) this.due.add(id);
      this.tell(tasks, ids.slice(0, looked));
    } catch (error) {
      await this.onFault(ids, error);
    }
    const now = monotonicTime();
    const rest = Math.max(this.restsUntil, now) + REST_FACTOR * (now - began);
    this.restsUntil = Math.min(rest, now + LOOK_EVERY_MS);
  }

  private tell(tasks: readonly AwaitedTask[], looked: readonly string[]): void {
    const found = new Set<string>();
    for (const task of tasks) {
      found.add(task.id);
      const waiting = this.waiting.get(task.id);
      if (!waiting) continue;
      Object.assign(waiting, { seen: true, misses: 0 });
      for (const waiter of waiting.waiters) tellOne(waiter, task);
    }
    for (const id of looked) if (!found.has(id)) this.miss(id);
  }

  private miss(id: string): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    waiting.misses += 1;
    const isOnItsWay = this.engine.relaying && !waiting.seen && monotonicTime() < waiting.since + OUTBOX_PATIENCE_MS;
    if (isOnItsWay) return;
    if (waiting.misses < MAX_MISSES) this.due.add(id);
    else for (const waiter of waiting.waiters) waiter.fail(new TaskNotFoundError(id));
  }

  private async onFault(ids: readonly string[], error: unknown): Promise<void> {
    this.faultSince ??= monotonicTime();
    if (monotonicTime() - this.faultSince >= this.patience) {
      this.failAll((id) => {
        const what = `The end of task "${id}" is no longer waited for, as the task store does not answer`;
        return new StoreError(`${what}: ${messageOf(error)}`, { cause: error });
      });
      return;
    }
    for (const id of ids) if (this.waiting.has(id)) this.due.add(id);
    await sleep(RETRY_AFTER_FAULT_MS);
  }
}

function tellOne(waiter: Waiter, task: AwaitedTask): void {
  try {
    if (hasEnded(task.state)) waiter.end(task);
    else waiter.look(task);
  } catch (error) {
    waiter.fail(error);
  }
}
