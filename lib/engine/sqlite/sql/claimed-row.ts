/** Params of more than this are read for each task that is taken, and none of them ahead. */
const LARGE_BYTES = 16 * 1024;

/** What is read of each task that is taken. */
export const CLAIMED_COLUMNS = `
         seq, id, name, priority, attempt + 1, excused, max_attempts, run_at, created_at, settings, sensitive, traits, key, lost,
         CASE WHEN octet_length(params) <= ${LARGE_BYTES} THEN params END`;

/** As an array: a quarter of a claim's cost would be naming the columns of each row. */
export type ClaimedRow = [
  seq: number,
  id: string,
  name: string,
  priority: number,
  attempt: number,
  excused: number,
  maxAttempts: number | null,
  runAt: number,
  createdAt: number,
  settings: string | null,
  sensitive: string | null,
  traits: string | null,
  key: string | null,
  lost: number,
  params: string | null,
];

/** Where the key of a {@link ClaimedRow} is. */
export const KEY_AT = 12;
