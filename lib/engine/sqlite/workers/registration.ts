import { join } from 'node:path';
import { type Database, IN_MEMORY } from '../connection.js';
import { deleteWorker, insertWorker, workerExists } from '../statements/worker-rows.js';
import type { Transaction } from '../transaction.js';
import { assertNotMoving } from '../transfer/move-mark.js';
import type { Writer } from '../writer.js';
import { Heartbeat } from './heartbeat.js';
import { ownIdentity } from './process-identity.js';

/** Beats in one lease: several may be missed before anybody thinks that the process is dead. */
const BEATS_PER_LEASE = 10;

/** Where the heartbeats of a store are kept; null where no other process can share it. */
export function heartbeatFolder(path: string): string | null {
  return path === IN_MEMORY ? null : join(`${path}-workers`);
}

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
  private readonly queues: Record<string, number> = {};
  private retry?: NodeJS.Timeout;

  /**
   * @param lease milliseconds
   * @param newId makes a worker's id
   */
  constructor(
    private readonly folder: string | null,
    private readonly lease: number,
    private readonly startedAt: number,
    private readonly newId: () => string,
  ) {
    this.currentId = newId();
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

  /**
   * Called within the transaction of every claim: a lease is only ever written under an id that is registered.
   * Returns false where this process had been taken for dead; it is then registered under a new id.
   */
  ensure(transaction: Transaction): boolean {
    if (workerExists(transaction.database, this.currentId)) return true;
    this.heartbeat?.stop().catch(() => undefined);
    this.heartbeat = null;
    this.currentId = this.newId();
    this.insert(transaction);
    const { database } = transaction;
    // A transaction is over when the turn is: committed, or rolled back and the row with it.
    queueMicrotask(() => {
      if (isThere(database, this.currentId)) this.beatWhenPossible(this.currentId);
    });
    return false;
  }

  async leave(writer: Writer): Promise<void> {
    const { heartbeat } = this;
    this.heartbeat = null;
    clearTimeout(this.retry);
    await heartbeat?.stop();
    await writer.write((transaction) => deleteWorker(transaction, this.currentId));
  }

  private beat(): void {
    if (this.folder === null) return;
    this.heartbeat ??= Heartbeat.start(this.folder, this.currentId, this.beatEvery);
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
    insertWorker(transaction, { ...ownIdentity(), id: this.currentId, startedAt: this.startedAt, queues: this.queues });
  }
}

/** Where that cannot be told the row may be there, and is then known to whoever finds the heartbeat. */
function isThere(database: Database, id: string): boolean {
  try {
    return workerExists(database, id);
  } catch {
    return true;
  }
}
