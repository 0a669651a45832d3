import type { OutboxRow, WaitingRow } from './outbox-table.js';

/** Puts rows into the store. Resolves to what is wrong with those that it refused, by position: they are set aside. */
export type HandOver = (rows: readonly OutboxRow[]) => Promise<ReadonlyMap<OutboxRow['position'], string>>;

/** The app's database as the relay sees it: committed rows only. */
export interface OutboxSource {
  /**
   * Hands the first rows to `store`, in order, and deletes them when it resolved. Resolves to how many there were, 0 too
   * where another process is at it.
   */
  relay(handOver: HandOver): Promise<number>;
  /** Rows were stored that can be deleted only when the app's transaction has ended. */
  readonly blocked: boolean;
  waiting(): Promise<WaitingRow[]>;
  close(): Promise<void>;
}
