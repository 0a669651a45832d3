import type { TaskFilter, TaskOrder, TaskState } from '../../../contract/index.js';
import type { OpenSqliteStore } from '../sqlite-store.js';
import type { Transaction } from '../store/transaction.js';

/** Changed in one transaction; claims and enqueues of others come between. */
export const BATCH = 200;

/**
 * Changes the tasks that meet a filter, in their order: those that arrive or change their state meanwhile may be left out.
 *
 * @param change changes some of them in a transaction, and returns how many it did
 * @returns how many were changed in all
 */
export async function changeFound(
  { writer, finder }: Pick<OpenSqliteStore, 'writer' | 'finder'>,
  filter: TaskFilter,
  states: readonly TaskState[],
  order: TaskOrder,
  change: (transaction: Transaction, keys: ReadonlyArray<{ readonly seq: number }>) => number,
): Promise<number> {
  let changed = 0;
  for await (const { found } of finder.walk(filter, states, BATCH, order)) {
    for (let start = 0; start < found.length; start += BATCH) {
      const keys = found.slice(start, start + BATCH).map(({ seq }) => ({ seq }));
      changed += await writer.write((transaction) => change(transaction, keys));
    }
  }
  return changed;
}
