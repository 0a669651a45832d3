import type { EngineChange, EngineLogger } from '../task-engine.js';
import type { Database } from './connection.js';
import { statement } from './statement.js';
import type { Committed } from './transaction.js';

/** How soon a commit of another process is seen, while this one works on queues or somebody watches. */
const LOOK_EVERY_MS = 10;
const REPEAT_ERROR_AFTER_MS = 10_000;

type Listener = (change: EngineChange) => void;

/**
 * Tells who is interested what changed: commits of this process, with what they touched, and commits of others, which
 * SQLite counts (`PRAGMA data_version`, https://sqlite.org/pragma.html#pragma_data_version) and about which no more is
 * known. Asking for the count reads a word of shared memory; there is nothing cheaper to watch.
 */
export class ChangeWatch {
  private readonly listeners = new Set<Listener>();
  private timer?: NodeJS.Timeout;
  private version: number;
  private keepLooking = false;
  private silentUntil = 0;

  constructor(
    private readonly database: Database,
    private readonly logger: EngineLogger,
    private readonly onForeignCommit: () => void,
  ) {
    this.version = this.readVersion();
  }

  add(listener: Listener): () => void {
    this.listeners.add(listener);
    this.arrange();
    return () => {
      this.listeners.delete(listener);
      this.arrange();
    };
  }

  /**
   * Looks for others' commits from now on, and keeps the process alive: it has work to wait for.
   */
  keepAwake(awake: boolean): void {
    this.keepLooking = awake;
    this.arrange();
  }

  announce({ touched }: Committed): void {
    if (this.listeners.size === 0) return;
    for (const [queue, taskIds] of touched) this.tell({ queue, taskIds });
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.listeners.clear();
    this.keepLooking = false;
  }

  private arrange(): void {
    const wanted = this.keepLooking || this.listeners.size > 0;
    if (!wanted) {
      clearInterval(this.timer);
      this.timer = undefined;
      return;
    }
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    if (this.keepLooking) this.timer.ref();
    else this.timer.unref();
  }

  private look(): void {
    try {
      const version = this.readVersion();
      if (version === this.version) return;
      this.version = version;
      this.onForeignCommit();
      this.tell({ queue: null, taskIds: [] });
    } catch (error) {
      // Looked for again in a moment; told once in a while, for it may stay like this.
      const now = performance.now();
      if (now < this.silentUntil) return;
      this.silentUntil = now + REPEAT_ERROR_AFTER_MS;
      this.logger.error(`Cannot see what other processes change: ${String(error)}`);
    }
  }

  private tell(change: EngineChange): void {
    for (const listener of this.listeners) listener(change);
  }

  private readVersion(): number {
    return statement<[], { data_version: number }>(this.database, 'PRAGMA data_version').get()!.data_version;
  }
}
