import { join } from 'node:path';
import { IN_MEMORY } from '../connection.js';
import { deleteWorker, insertWorker, workerExists } from '../statements/worker-rows.js';
import type { Transaction } from '../transaction.js';
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
 */
export class Registration {
  private current: { readonly id: string; readonly heartbeat: Heartbeat | null };
  private readonly queues: Record<string, number> = {};

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
    this.current = this.beginLife();
  }

  get id(): string {
    return this.current.id;
  }

  /** Notes that this process works on `queue`. */
  async serve(writer: Writer, queue: string, concurrency: number): Promise<void> {
    this.queues[queue] = concurrency;
    await writer.write((transaction) => this.insert(transaction));
  }

  /**
   * Called within the transaction of every claim: a lease is only ever written under an id that is registered.
   * Returns false where this process had been taken for dead; it is then registered under a new id.
   */
  ensure(transaction: Transaction): boolean {
    if (workerExists(transaction.database, this.current.id)) return true;
    const former = this.current;
    this.current = this.beginLife();
    void former.heartbeat?.stop();
    this.insert(transaction);
    return false;
  }

  async leave(writer: Writer): Promise<void> {
    const { id, heartbeat } = this.current;
    try {
      await writer.write((transaction) => deleteWorker(transaction, id));
    } finally {
      await heartbeat?.stop();
    }
  }

  private beginLife() {
    const id = this.newId();
    const heartbeat = this.folder ? Heartbeat.start(this.folder, id, this.lease / BEATS_PER_LEASE) : null;
    return { id, heartbeat };
  }

  private insert(transaction: Transaction): void {
    insertWorker(transaction, {
      ...ownIdentity(),
      id: this.current.id,
      startedAt: this.startedAt,
      queues: this.queues,
    });
  }
}
