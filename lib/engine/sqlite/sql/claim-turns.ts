import type { RateLimit } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { CLAIMED_COLUMNS, type ClaimedRow, KEY_AT } from './claimed-row.js';
import { type FlowColumns, flowIn } from './flow-rows.js';
import { MAY_COUNT } from './slots.js';

/**
 * The first entries of `tasks_task_turn`, which holds available tasks with a key alone, in this very order. What is held is
 * not in it: the cost is that of the tasks taken.
 */
export const NEXT_TURNS = `
  SELECT ${CLAIMED_COLUMNS}
    FROM tasks_task
   WHERE state = 'available' AND key IS NOT NULL AND parked IS NULL AND queue = ?
   ORDER BY priority DESC, turn, seq
   LIMIT (? + 0)`;

/** @param others what else is set */
const claimed = (others: string): string => `
  UPDATE tasks_task
     SET state = 'running', attempt = attempt + 1, worker = ?, started_at = ?, cancel_requested = 0, progress = NULL${others}
   WHERE seq IN (SELECT value FROM json_each(?))`;

/** Takes their leases. */
export const CLAIM_TURNS = claimed('');

/** Those of tasks without a key, which have an empty one from then on, by which they count among what runs. */
export const CLAIM_KEYLESS = claimed(`, key = ''`);

/** Reads `tasks_task_key`, up to as many as may run. */
export const RUNNING_IN_QUEUE = `
  SELECT count(*) AS running FROM (
    SELECT 1 FROM tasks_task WHERE queue = ? AND state = 'running' AND ${MAY_COUNT} AND key IS NOT NULL LIMIT (? + 0))`;

/** How a queue is claimed from that is not a plain one. */
export interface FlowLimits {
  /** Whether tasks may be claimed ahead of the free workers: not where who comes next, or how many run, is of all processes. */
  readonly ahead: boolean;
  /** Most tasks that may be claimed now. */
  readonly most: number;
  readonly fair: boolean;
  /** Of each key; absent where keys have none. */
  readonly keyRateLimit?: RateLimit;
}

/** Undefined for a plain queue, which has neither a limit over all processes nor tasks with keys. */
export function flowLimits(
  database: Database,
  row: FlowColumns & { readonly name: string; readonly keyed: 1 | null },
): FlowLimits | undefined {
  if (row.keyed === null && row.flow === null && row.flow_set === null) return undefined;
  const { fair: isFair, globalConcurrency, rateLimit, keyRateLimit, ...others } = flowIn(row);
  const isPlain = !isFair && !globalConcurrency && !rateLimit && !keyRateLimit && others.keyConcurrency === undefined;
  if (isPlain && row.keyed === null) return undefined;
  const fair = isFair === true;
  const limits = { fair, ...(keyRateLimit && { keyRateLimit }) };
  const isLimited = rateLimit !== undefined || keyRateLimit !== undefined;
  if (globalConcurrency === undefined) return { ahead: !fair && !isLimited, most: Infinity, ...limits };
  const count = statement<[string, number], { running: number }>(database, RUNNING_IN_QUEUE);
  return { ahead: false, most: globalConcurrency - count.get(row.name, globalConcurrency)!.running, ...limits };
}

/** The next tasks of a queue, with a key and without. Turns are fair among keys; what has none came before there were any. */
export function nextTurns(
  database: Database,
  queue: string,
  plain: readonly ClaimedRow[],
  wanted: number,
  { most, fair }: FlowLimits,
): readonly ClaimedRow[] {
  const limit = Math.min(wanted, most);
  if (limit <= 0) return [];
  const keyed = statement<[string, number], ClaimedRow>(database, NEXT_TURNS).raw().all(queue, limit);
  if (plain.length === 0) return keyed;
  const merged: ClaimedRow[] = [];
  for (let one = 0, other = 0; merged.length < limit && (one < plain.length || other < keyed.length);) {
    const [left, right] = [plain[one], keyed[other]];
    const isPlain = left !== undefined && (right === undefined || isBefore(left, right, fair));
    merged.push(isPlain ? left : right!);
    if (isPlain) one += 1;
    else other += 1;
  }
  return merged;
}

function isBefore(plain: ClaimedRow, keyed: ClaimedRow, fair: boolean): boolean {
  if (plain[3] !== keyed[3]) return plain[3] > keyed[3];
  return fair || plain[0] < keyed[0];
}

export function claimTurns(database: Database, worker: string, now: number, rows: readonly ClaimedRow[]): void {
  const keyless: number[] = [];
  const keyed: number[] = [];
  for (const row of rows) (row[KEY_AT] === null ? keyless : keyed).push(row[0]);
  for (const [sql, seqs] of [[CLAIM_TURNS, keyed] as const, [CLAIM_KEYLESS, keyless] as const]) {
    if (seqs.length > 0) statement<[string, number, string]>(database, sql).run(worker, now, JSON.stringify(seqs));
  }
}
