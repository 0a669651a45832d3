import { CLAIM_TASKS, NEXT_TASKS } from '../../lib/engine/sqlite/sql/claim-tasks.js';
import { COMPLETE_TASKS, END_TASK, INSERT_ATTEMPT, INSERT_ATTEMPTS } from '../../lib/engine/sqlite/sql/end-tasks.js';
import { NEXT_EXPIRY, PRUNE_TASKS } from '../../lib/engine/sqlite/sql/prune-tasks.js';

/** A statement of the SQLite engine, what is replaced in it, and with what: how an engine is made to be wrong. */
export type Alteration = readonly [sql: string, from: string, to: string];

export const NO_FENCING: readonly Alteration[] = [
  [END_TASK, `attempt = ? AND worker = ? AND state = 'running'`, `? > 0 AND ? <> ''`],
  ...inEach(
    COMPLETE_TASKS.values(),
    `attempt = column2 AND worker = ? AND state = 'running'`,
    `column2 > 0 AND ? <> ''`,
  ),
  // Else the record of the lost attempt is in the way: a second fence.
  ...inEach([INSERT_ATTEMPT, ...INSERT_ATTEMPTS.values()], 'INSERT INTO', 'INSERT OR REPLACE INTO'),
];

export const CLAIMS_WHAT_RUNS = inClaims(`state = 'available'`, `state IN ('available', 'running')`);

export const IN_THE_ORDER_OF_ARRIVAL = inClaims('ORDER BY priority DESC, seq', 'ORDER BY seq');

/** Deletes ended tasks `early` milliseconds before their retention is over. */
export function deletesEarly(early: number): readonly Alteration[] {
  return [
    [NEXT_EXPIRY, 'SELECT expires_at', `SELECT expires_at - ${early} AS expires_at`],
    [PRUNE_TASKS, 'expires_at <= ?', `expires_at - ${early} <= ?`],
  ];
}

/** In what is read to be claimed, and in what claims it. */
export function inClaims(from: string, to: string): readonly Alteration[] {
  return inEach([NEXT_TASKS, CLAIM_TASKS], from, to);
}

/** The altered statements by the original ones. */
export function alteredStatements(alterations: readonly Alteration[]): ReadonlyMap<string, string> {
  const altered = new Map<string, string>();
  for (const [sql, from, to] of alterations) {
    const before = altered.get(sql) ?? sql;
    if (!before.includes(from)) throw new Error(`There is no "${from}" in ${before}`);
    altered.set(sql, before.replace(from, to));
  }
  return altered;
}

function inEach(statements: Iterable<string>, from: string, to: string): Alteration[] {
  return [...statements].map((sql) => [sql, from, to]);
}
