import { clearInterval, clearTimeout, monotonicTime, setInterval, setTimeout } from '../../../clock/index.js';
import type { EngineChange, EngineLogger } from '../../port/index.js';
import { NoteWatch } from '../process/note-watch.js';
import type { Connection } from './connection.js';
import { statement } from './statement.js';
import type { CommitListener, Committed } from './transaction.js';
import type { Writer } from './writer.js';

/** How soon a commit of another process is seen, while this one works on queues or somebody watches. */
const LOOK_EVERY_MS = 10;
/** The same while somebody waits for one. */
const LOOK_SOON_EVERY_MS = 2;
/** How soon otherwise: for what any process does when its time comes, whoever stored it. */
const LOOK_SELDOM_MS = 1_000;
/** After a word that somebody writes, and before the next is heeded: by then most commits are made. */
const LOOK_AGAIN_AFTER_MS = 1;
/** How soon the note is watched again, where it could not be or was replaced. */
const WATCH_AGAIN_AFTER_MS = 1_000;
const REPEAT_ERROR_AFTER_MS = 10_000;

type Listener = (change: EngineChange) => void;

/**
 * Tells who is interested what changed: commits of this process, with what they touched, and commits of others, which
 * SQLite counts (`PRAGMA data_version`, https://sqlite.org/pragma.html#pragma_data_version) and about which no more is
 * known. Asking for the count reads a word of shared memory. It is asked for at once where the system tells that somebody
 * has written, and again and again in any case; where others commit all the time, only then.
 */
export class CommitWatch implements CommitListener {
  private readonly listeners = new Set<Listener>();
  /** Those of the listeners that wait for a change. */
  private readonly waiting = new Set<Listener>();
  private timer?: NodeJS.Timeout;
  private every = 0;
  private version: number;
  private keepLooking = false;
  private silentUntil = 0;
  /** When a word that somebody writes is next worth a look: others commit all the time until then. */
  private heedAt = 0;
  /** A second look after such a word, which comes before the commit. */
  private lookAgain: NodeJS.Timeout | null = null;
  private watchAt = 0;
  private readonly notes: NoteWatch;
  private stopped = false;

  constructor(
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly logger: EngineLogger,
    private readonly onForeignCommit: () => void,
  ) {
    this.version = this.readVersion();
    this.notes = new NoteWatch(connection.path, () => this.heed());
    this.arrange();
  }

  add(listener: Listener, soon = false): () => void {
    this.listeners.add(listener);
    if (soon) this.waiting.add(listener);
    this.arrange();
    return () => {
      this.listeners.delete(listener);
      this.waiting.delete(listener);
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

  committed({ touched }: Committed): void {
    for (const [queue, taskIds] of touched) this.tell({ queue, taskIds });
  }

  /** Looks no more, whatever is asked of it afterwards: the file is about to be closed. */
  stop(): void {
    this.stopped = true;
    this.listeners.clear();
    this.waiting.clear();
    this.keepLooking = false;
    clearInterval(this.timer);
    if (this.lookAgain) clearTimeout(this.lookAgain);
    this.notes.stop();
    this.writer.listeners.delete(this);
  }

  private arrange(): void {
    if (this.stopped) return;
    const isWatched = this.listeners.size > 0;
    if (isWatched) this.writer.listeners.add(this);
    else this.writer.listeners.delete(this);
    const often = this.waiting.size > 0 ? LOOK_SOON_EVERY_MS : LOOK_EVERY_MS;
    this.lookEvery(this.keepLooking || isWatched ? often : LOOK_SELDOM_MS);
    if (this.keepLooking) this.timer?.ref();
    else this.timer?.unref();
  }

  private lookEvery(milliseconds: number): void {
    if (this.every === milliseconds) return;
    this.every = milliseconds;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.lookInTurn(), milliseconds);
  }

  private lookInTurn(): void {
    const now = monotonicTime();
    if (this.every === LOOK_SELDOM_MS) this.notes.stop();
    else if (now >= this.watchAt) {
      this.watchAt = now + WATCH_AGAIN_AFTER_MS;
      this.notes.start();
    }
    this.look();
  }

  /** Somebody writes, or has written. */
  private heed(): void {
    if (this.lookAgain || this.stopped || monotonicTime() < this.heedAt) return;
    this.look();
    this.lookAgain = setTimeout(() => {
      this.lookAgain = null;
      if (!this.stopped) this.look();
    }, LOOK_AGAIN_AFTER_MS).unref();
  }

  private look(): void {
    if (!this.connection.isReady()) return;
    try {
      const version = this.readVersion();
      if (version === this.version) return;
      this.version = version;
      this.heedAt = monotonicTime() + LOOK_EVERY_MS;
      this.onForeignCommit();
      this.tell({ queue: null, taskIds: [] });
    } catch (error) {
      // Looked for again in a moment; told once in a while, for it may stay like this.
      const now = monotonicTime();
      if (now < this.silentUntil) return;
      this.silentUntil = now + REPEAT_ERROR_AFTER_MS;
      this.logger.error(`Cannot see what other processes change: ${String(error)}`);
    }
  }

  private tell(change: EngineChange): void {
    for (const listener of this.listeners) listener(change);
  }

  private readVersion(): number {
    return statement<[], { data_version: number }>(this.connection.database, 'PRAGMA data_version').get()!.data_version;
  }
}
