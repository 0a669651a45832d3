import { clearTimeout, monotonicTime, queueMicrotask, setTimeout } from '../../../clock/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { deleteWorker, insertWorker } from '../sql/worker-rows.js';
import type { Transaction } from '../store/transaction.js';
import { assertNotMoving } from '../transfer/move-mark.js';
import type { Writer } from '../store/writer.js';
import { Heartbeat } from './heartbeat.js';
import { ownIdentity } from './process-identity.js';
import type { StartNotes } from './starts.js';

const WORKER_EXISTS = `SELECT 1 FROM tasks_worker WHERE id = ?`;

/** Beats in one lease: several may be missed before anybody thinks that the process is dead. */
const BEATS_PER_LEASE = 10;

/**
 * This process as a worker of the store: its row, its heartbeat and its id, which stands on every lease it holds.
 *
 * A process that was silent for longer than its lease finds its row gone: its leases were taken. It then registers anew
 * under another id, so that nothing it still has in hand can be mistaken for what it claims from now on.
 *
 * The heartbeat begins after its row and ends before it: whoever is killed in between leaves a row, which is found, and
 * never a file that nobody knows of.
 */
export class Registration {
  private currentId: string;
  private heartbeat: Heartbeat | null = null;
  private currentStarts: StartNotes | null = null;
  /** The id under which a heartbeat and notes were last tried for. */
  private lastTried: string | null = null;
  private lastClaim = -Infinity;
  private readonly queues: Record<string, number> = {};
  private retry?: NodeJS.Timeout;

  /**
   * @param lease milliseconds
   * @param newId makes a worker's id
   * @param openStarts as {@link Starts.open}
   */
  constructor(
    private readonly folder: string | null,
    private readonly lease: number,
    private readonly startedAt: number,
    private readonly newId: () => string,
    private readonly openStarts: (folder: string, id: string) => StartNotes | null,
  ) {
    this.currentId = newId();
  }

  /** Where this process notes what it begins; null where nobody else could read it. */
  get starts(): StartNotes | null {
    return this.currentStarts;
  }

  get id(): string {
    return this.currentId;
  }

  /** Notes that this process works on `queue`. */
  async serve(writer: Writer, queue: string, concurrency: number): Promise<void> {
    this.queues[queue] = concurrency;
    await writer.write((transaction) => this.insert(transaction));
    this.beat();
  }

  /** Whether the row is there: nobody has taken this process for dead. */
  stands(database: Database): boolean {
    return statement<[string]>(database, WORKER_EXISTS).get(this.currentId) !== undefined;
  }

  /**
   * Called within the transaction of every claim: a lease is only ever written under an id that is registered.
   * Returns false where this process had been taken for dead; it is then registered under a new id.
   */
  ensure(transaction: Transaction): boolean {
    if (this.stands(transaction.database)) {
      this.beatAfterSilence();
      return true;
    }
    this.heartbeat?.stop().catch(() => undefined);
    this.heartbeat = null;
    this.currentStarts?.close();
    this.currentStarts = null;
    this.currentId = this.newId();
    this.insert(transaction);
    const { database } = transaction;
    // A transaction is over when the turn is: committed, or rolled back and the row with it.
    queueMicrotask(() => {
      if (this.mayStand(database)) this.beatWhenPossible(this.currentId);
    });
    return false;
  }

  async leave(writer: Writer): Promise<void> {
    const { heartbeat } = this;
    this.heartbeat = null;
    clearTimeout(this.retry);
    await heartbeat?.stop();
    this.currentStarts?.close();
    this.currentStarts = null;
    await writer.write((transaction) => deleteWorker(transaction, this.currentId));
  }

  /** Where that cannot be told the row may be there, and is then known to whoever finds the heartbeat. */
  private mayStand(database: Database): boolean {
    try {
      return this.stands(database);
    } catch {
      return true;
    }
  }

  /** Whoever is about to bury this process, which had been stopped, looks once more when its turn to write comes. */
  private beatAfterSilence(): void {
    const now = monotonicTime();
    if (now - this.lastClaim > this.lease / 2) this.heartbeat?.beat();
    this.lastClaim = now;
  }

  private beat(): void {
    if (this.folder === null) return;
    const isFirst = this.lastTried !== this.currentId;
    this.lastTried = this.currentId;
    this.heartbeat ??= Heartbeat.start(this.folder, this.currentId, this.beatEvery);
    // Notes that are opened later would leave out what has begun by then, as if it had never begun.
    if (isFirst) this.currentStarts = this.openStarts(this.folder, this.currentId);
  }

  /** A process that works goes on where its heart cannot beat for a while: on a full disk, in a read-only folder. */
  private beatWhenPossible(id: string): void {
    if (id !== this.currentId) return;
    try {
      this.beat();
    } catch {
      this.retry = setTimeout(() => this.beatWhenPossible(id), this.beatEvery).unref();
    }
  }

  private get beatEvery(): number {
    return this.lease / BEATS_PER_LEASE;
  }

  private insert(transaction: Transaction): void {
    assertNotMoving(transaction.database);
    const { currentId: id, startedAt, queues, lease } = this;
    insertWorker(transaction, { ...ownIdentity(), id, startedAt, queues, lease });
  }
}
