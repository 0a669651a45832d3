import type { OutboxRow } from './outbox-table.js';

/** Characters of params that are handed over together, about. */
const MAX_TOGETHER = 4 * 1_024 * 1_024;

/**
 * The first of some rows, with their params, as many as are handed over together: a hundred small ones, or a few large.
 * @param paramsOf reads those of a row that came without, as they are large; undefined where it is gone
 */
export async function handful(
  rows: readonly OutboxRow[],
  paramsOf: (position: OutboxRow['position']) => Promise<string | undefined>,
): Promise<readonly OutboxRow[]> {
  const whole: OutboxRow[] = [];
  let size = 0;
  for (const row of rows) {
    // What came with its params is in memory anyway. Where the large one fails, it tells whether the store is there.
    if (size >= MAX_TOGETHER && row.params === null) break;
    const params = row.params ?? (await paramsOf(row.position));
    if (params === undefined) continue;
    whole.push({ ...row, params });
    size += String(params).length;
  }
  return whole;
}
