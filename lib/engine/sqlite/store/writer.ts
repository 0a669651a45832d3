import { monotonicTime, setImmediate, setTimeout } from '../../../clock/index.js';
import type { EngineLogger } from '../../port/index.js';
import { StoreError, type TaskEvent } from '../../../contract/index.js';
import type { Database } from './database.js';
import type { Connection } from './connection.js';
import { describeProcess } from '../process/lock-holder.js';
import { WriterBusyError } from '../process/writers-note.js';
import { HostTransactionError, isBusy, isSqliteFault, storeError } from './sqlite-errors.js';
import { type CommitListener, Transaction } from './transaction.js';

/** Runs its statements at once and returns; it may run again where the transaction it was in could not commit. */
export type Operation<T> = (transaction: Transaction) => T;

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly since: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** How long a write waits for a lock that another process holds, before it is refused. */
export const LOCK_PATIENCE_MS = 30_000;
/**
 * For so long the lock is asked for in each turn of the event loop: about as long as a batch of another process and its
 * commit take. Two that drain one store together do a quarter more than one for it, and less than one without.
 */
const ASK_IN_EACH_TURN_MS = 6;
/** Between two of them, in milliseconds, where the engine has a thread of its own. */
const ASK_AGAIN_AFTER_MS = 0.1;
const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));
/** After that, between two attempts to get the lock. Spread, so that two waiting processes do not keep step. */
const LOCK_RETRY_MS = { min: 0.5, max: 4 };
/**
 * A batch that has taken this long is committed, so that the event loop turns; the rest follows in the next one. Where a
 * commit itself takes longer, as on a busy disk, a batch may take as long as that one.
 */
const BATCH_BOUNDS_MS = { min: 4, max: 8 };
const NOTHING_STORED = 'Nothing was stored';
const UNKNOWN = 'It cannot be told whether this was stored';

/** Lets a transaction through, or never returns. */
export interface Gate {
  pass(write: () => void): void;
}

/**
 * All writes of this process go through here, many to a transaction: what is asked for in one turn of the event loop
 * is committed together, with one fsync, and only then do the callers' promises resolve.
 *
 * A transaction begins and ends within one turn (better-sqlite3 is synchronous), so nothing else of this process can
 * fall inside it, and the write lock is never held while the process does something else.
 *
 *     idle ── write() ──> scheduled ── next turn ──> committing ──> idle, or scheduled when more has come
 *                             ^                          │
 *                             └────── lock is busy ──────┘  (in the next turns, then with pauses)
 */
export class Writer {
  private waiting: Waiting[] = [];
  private scheduled = false;
  private closed = false;
  private lastCommitMs = 0;
  /** Since when somebody else has had the lock; null while nobody is in the way. */
  private busySince: number | null = null;
  private told = false;
  /** Told of each commit, one after the other. */
  readonly listeners = new Set<CommitListener>();
  /** Told after each commit what happened to tasks in it, where anything did. Nothing is noted where there are none. */
  readonly hearers = new Set<(events: readonly TaskEvent[]) => void>();

  private readonly turn = (): void => {
    if (this.gate) this.gate.pass(this.commit);
    else this.commit();
  };

  /**
   * @param host the app's own connection to the same file, where there is one. While a transaction is open on it nothing
   *   is written here: what it has read would be outdated by our commit, and SQLite would refuse its next write at once
   *   (https://sqlite.org/isolation.html, SQLITE_BUSY_SNAPSHOT).
   * @param tellAfter milliseconds for which another process may have the lock before that is told
   * @param gate what every transaction passes; none where the process ends with this thread
   */
  constructor(
    private readonly connection: Connection,
    private readonly host: Pick<Database, 'inTransaction'> | null,
    private readonly logger: EngineLogger,
    private readonly tellAfter = LOCK_PATIENCE_MS,
    private readonly gate: Gate | null = null,
  ) {}

  /**
   * Resolves with what `operation` returned once that is durable.
   * @throws StoreError when it could not be stored, and whatever `operation` itself throws
   */
  write<T>(operation: Operation<T>): Promise<T> {
    if (this.closed) return Promise.reject(new StoreError('The task store is closed'));
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ operation, since: monotonicTime(), resolve, reject });
      this.schedule();
    });
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Commits what is waiting and takes nothing more. */
  async close(): Promise<void> {
    const last = this.waiting.length > 0 ? this.write(() => undefined).catch(() => undefined) : undefined;
    this.closed = true;
    await last;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.turn);
  }

  private retryLater(): void {
    const now = monotonicTime();
    this.busySince ??= now;
    if (now - this.busySince < ASK_IN_EACH_TURN_MS) {
      // In a thread of its own nothing else waits for this loop, and whoever has the lock may need the core.
      if (this.gate) Atomics.wait(NOBODY_WAKES, 0, 0, ASK_AGAIN_AFTER_MS);
      setImmediate(this.turn);
      return;
    }
    const pause = LOCK_RETRY_MS.min + Math.random() * (LOCK_RETRY_MS.max - LOCK_RETRY_MS.min);
    setTimeout(this.turn, pause);
  }

  private readonly commit = (): void => {
    try {
      this.begin();
    } catch (error) {
      this.refuse(error);
      return;
    }
    this.busySince = null;
    this.told = false;
    const batch = this.waiting;
    this.waiting = [];
    this.scheduled = false;
    const done = this.runTogether(batch);
    if (done < batch.length) this.waiting = [...batch.slice(done), ...this.waiting];
    if (this.waiting.length > 0) this.schedule();
  };

  private begin(): void {
    if (this.host?.inTransaction) throw new HostTransactionError();
    this.connection.assertInPlace();
    this.connection.begin();
  }

  /** The transaction could not even begin: those who have waited long enough are told, the others wait on. */
  private refuse(error: unknown): void {
    const busy = isBusy(error);
    const now = monotonicTime();
    const patient: Waiting[] = [];
    for (const waiting of this.waiting) {
      if (busy && now - waiting.since < LOCK_PATIENCE_MS) patient.push(waiting);
      else waiting.reject(storeError(error, busy ? this.whyBusy() : NOTHING_STORED));
    }
    this.waiting = patient;
    if (busy) this.tellOfHolder(now);
    if (patient.length > 0) return this.retryLater();
    this.busySince = null;
    this.scheduled = false;
  }

  private whyBusy(): string {
    const { writing } = this.connection;
    return writing ? `${NOTHING_STORED}, as ${describeProcess(writing)} is in the middle of a write` : NOTHING_STORED;
  }

  private tellOfHolder(now: number): void {
    if (this.told || this.busySince === null || now - this.busySince < this.tellAfter) return;
    this.told = true;
    const { writing, path } = this.connection;
    if (!writing) return;
    const remedy =
      writing.state === 'stopped' ? `let it go on (kill -CONT ${writing.pid}), or end it` : 'look what keeps it';
    this.logger.warn(
      `Nothing could be written to ${path} for ${Math.round((now - this.busySince) / 1_000)} s: ${describeProcess(writing)} ` +
        `is in the middle of a write. All processes wait for it: ${remedy}.`,
    );
  }

  /** Runs a batch in the transaction that has begun, as far as time allows; returns how many operations it took. */
  private runTogether(batch: readonly Waiting[]): number {
    const transaction = new Transaction(this.connection.database, this.hearers.size > 0 ? [] : null);
    const results: unknown[] = [];
    const longest = Math.min(Math.max(this.lastCommitMs, BATCH_BOUNDS_MS.min), BATCH_BOUNDS_MS.max);
    const deadline = monotonicTime() + longest;
    let committed = false;
    try {
      for (const { operation } of batch) {
        results.push(operation(transaction));
        if (monotonicTime() > deadline) break;
      }
      transaction.finish();
      const ran = monotonicTime();
      this.connection.commit();
      committed = true;
      this.connection.assertCommitted();
      this.lastCommitMs = monotonicTime() - ran;
    } catch (error) {
      this.connection.rollback();
      this.recover(batch, error, committed ? UNKNOWN : NOTHING_STORED);
      return batch.length;
    }
    results.forEach((result, index) => batch[index]!.resolve(result));
    this.announce(transaction);
    return results.length;
  }

  /** One operation spoilt a batch: each runs again in a transaction of its own, so that only the one at fault fails. */
  private recover(batch: readonly Waiting[], error: unknown, said: string): void {
    if (error instanceof WriterBusyError) {
      this.waiting = [...batch, ...this.waiting];
      return;
    }
    if (batch.length === 1 || isSqliteFault(error)) {
      for (const waiting of batch) waiting.reject(isSqliteFault(error) ? storeError(error, said) : error);
      return;
    }
    for (const waiting of batch) this.runAlone(waiting);
  }

  private runAlone(waiting: Waiting): void {
    try {
      this.begin();
    } catch (error) {
      if (!isBusy(error)) return waiting.reject(storeError(error, NOTHING_STORED));
      this.waiting.push(waiting);
      return;
    }
    this.runTogether([waiting]);
  }

  private announce(transaction: Transaction): void {
    for (const listener of this.listeners) this.guarded(() => listener.committed(transaction));
    const { events } = transaction;
    if (events && events.length > 0) for (const hear of this.hearers) this.guarded(() => hear(events));
  }

  private guarded(listen: () => void): void {
    try {
      listen();
    } catch (error) {
      this.logger.error(`After a commit: ${String(error)}`, error instanceof Error ? error.stack : undefined);
    }
  }
}
