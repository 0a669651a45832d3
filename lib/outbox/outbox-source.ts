import type { NotStored } from './handing-over.js';
import type { OutboxRow, WaitingRow } from './outbox-table.js';

/** Puts rows into the store. Resolves to those that it did not take. */
export type HandOver = (rows: readonly OutboxRow[]) => Promise<NotStored>;

/** The app's database as the relay sees it: committed rows only. */
export interface OutboxSource {
  /**
   * Hands the first rows to `store`, in order, and deletes them when it resolved. Resolves to how many are done with, 0 too
   * where another process is at it.
   */
  relay(handOver: HandOver): Promise<number>;
  /** Rows were stored that can be deleted only when the app's transaction has ended. */
  readonly blocked: boolean;
  waiting(): Promise<WaitingRow[]>;
  close(): Promise<void>;
}
