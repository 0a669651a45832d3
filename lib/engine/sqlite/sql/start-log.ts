import type { RateLimit } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/** Starts of one limit are told apart by so many times within its span at most: a log of a million starts is as short. */
const GRAINS = 1_024;

/** Rows of starts that count no more. */
export const FORGET_STARTS = `DELETE FROM tasks_start WHERE name = ? AND at <= ?`;

/** Takes how long a place may be lent; a place that is lent counts from the latest time at which its start may be. */
export const USED_PLACES = `
  SELECT coalesce(sum(count), 0) AS used,
         min(CASE WHEN task > 0 THEN at - ? ELSE at END) AS first,
         max(CASE WHEN task > 0 THEN at - ? ELSE at END) AS last
    FROM tasks_start WHERE name = ?`;

export const COUNT_USED = `SELECT coalesce(sum(count), 0) FROM tasks_start WHERE name = ? AND at > ?`;

export const LEND_PLACE = `
  INSERT INTO tasks_start (name, at, task, attempt, worker, count) VALUES (?, ?, ?, ?, ?, 1)
  ON CONFLICT DO NOTHING`;

export const ADD_STARTS = `
  INSERT INTO tasks_start (name, at, task, attempt, worker, count) VALUES (?, ?, 0, 0, '', ?)
  ON CONFLICT (name, at, task) DO UPDATE SET count = count + excluded.count`;

/** By the lease, so that nobody else's place is given back. */
export const TAKE_PLACES_BACK = `
  DELETE FROM tasks_start WHERE task = ? AND task > 0 AND attempt = ? AND worker = ?
  RETURNING name`;

/** A key that waits is looked at by the next claim. */
export const LOOK_AT_KEY = `UPDATE tasks_key_limit SET at = 0 WHERE name = ? AND waits = 1`;

export const LENT_TO_WORKER = `SELECT task, attempt FROM tasks_start WHERE worker = ? AND task > 0`;

/** Starts that are noted for later than the clock shows: it was set back. */
const TAKE_LATER_STARTS = `DELETE FROM tasks_start WHERE name = ? AND task = 0 AND at > ? RETURNING count`;
const LATER_LENT = `UPDATE tasks_start SET at = ? WHERE name = ? AND task > 0 AND at > ?`;

/** A limit, as the store knows it. */
export interface NamedLimit extends RateLimit {
  /** `queue:`, `limit:` or `key:`, and what it is of. */
  readonly name: string;
}

/** The lease of a task: see `ClaimedTask`. */
export interface Lease {
  readonly seq: number;
  readonly attempt: number;
  readonly worker: string;
}

export interface Places {
  /** Starts that fit into the limit now. */
  readonly free: number;
  /** When the next place may be free. */
  readonly nextAt: number;
}

/** How often to look for a place whose time is over, but whose start is not noted yet. */
const LOOK_AGAIN_MS = 20;
/** Where places become free more often than that, those of so long are taken together, by one transaction. */
const TOGETHER_MS = 4;

const KEY = 'key:';

/** The names of limits in the store. */
export const limitOfQueue = (queue: string): string => `queue:${queue}`;
export const limitNamed = (name: string): string => `limit:${name}`;
export const limitOfKey = (queue: string, key: string): string => `${KEY}${JSON.stringify([queue, key])}`;
/** Names of the limits of a queue's keys are from the first on, and before the second. */
export const limitsOfKeys = (queue: string): readonly [from: string, before: string] => {
  const start = `${KEY}[${JSON.stringify(queue)}`;
  return [`${start},`, `${start}-`];
};

/**
 * The places of a limit. Its rule: a start at `t` counts in all of `[t, t + per)`, so that no span of that length, wherever
 * it begins, has more than `max` starts.
 *
 *     free ──claim──> lent, to one attempt ──the handler was called──> started, at that time ──per is over──> free
 *                        │
 *                        └──handed back unstarted, or its process died before──> free
 *
 * A lent place has a row of its own, by the lease. It counts until `per` after the last moment at which that lease lets its
 * attempt begin: so a place is neither lost nor used twice, whatever becomes of the process, and no counter is kept.
 * Starts are counted together by the time at which they were.
 */
export function placesOf(transaction: Transaction, limit: NamedLimit, now: number, lentFor: number): Places {
  const { database } = transaction;
  statement<[string, number]>(database, FORGET_STARTS).run(limit.name, now - limit.per);
  const read = (): UsedRow =>
    statement<[number, number, string], UsedRow>(database, USED_PLACES).get(lentFor, lentFor, limit.name)!;
  let row = read();
  if (row.last !== null && row.last >= now + grainOf(limit)) {
    bringBack(database, limit, now, lentFor);
    row = read();
  }
  const nextAt = (row.first ?? now) + limit.per;
  const soon = limit.per / limit.max < TOGETHER_MS ? now + TOGETHER_MS : now;
  return {
    free: Math.max(0, limit.max - row.used),
    nextAt: nextAt > now ? Math.max(nextAt, soon) : now + LOOK_AGAIN_MS,
  };
}

/** How many places of a limit are used, for a reader. */
export function usedPlaces(database: Database, { name, per }: NamedLimit, now: number): number {
  return statement<[string, number], number>(database, COUNT_USED)
    .pluck()
    .get(name, now - per)!;
}

interface UsedRow {
  readonly used: number;
  readonly first: number | null;
  readonly last: number | null;
}

/** What is noted as later than now was by now at the latest. */
function bringBack(database: Database, limit: NamedLimit, now: number, lentFor: number): void {
  const counts = statement<[string, number], number>(database, TAKE_LATER_STARTS).pluck().all(limit.name, now);
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (count > 0) addStarts(database, limit.name, now, count);
  statement<[number, string, number]>(database, LATER_LENT).run(now + lentFor, limit.name, now + lentFor);
}

/** Lends a place to each of the attempts. */
export function lendPlaces(
  { database }: Transaction,
  limit: NamedLimit,
  leases: readonly Lease[],
  now: number,
  lentFor: number,
): void {
  const lend = statement<[string, number, number, number, string]>(database, LEND_PLACE);
  for (const { seq, attempt, worker } of leases) lend.run(limit.name, now + lentFor, seq, attempt, worker);
}

/** The attempt has not started and does not: its places are free again. */
export function giveBackPlaces({ database }: Transaction, { seq, attempt, worker }: Lease): void {
  const names = statement<[number, number, string], string>(database, TAKE_PLACES_BACK).pluck();
  for (const name of names.all(seq, attempt, worker)) {
    if (name.startsWith(KEY)) statement<[string]>(database, LOOK_AT_KEY).run(name);
  }
}

/** The attempt started at `at`, or before it. Nothing happens where that is noted. */
export function noteStart(
  { database }: Transaction,
  { seq, attempt, worker }: Lease,
  limits: readonly NamedLimit[],
  at: number,
): void {
  const taken = statement<[number, number, string], string>(database, TAKE_PLACES_BACK).pluck();
  for (const name of taken.all(seq, attempt, worker)) {
    const limit = limits.find((each) => each.name === name);
    addStarts(database, name, limit ? roundUp(at, grainOf(limit)) : at, 1);
  }
}

/** Of a worker that is dead: what it had begun has started by now, the rest never does. */
export function settlePlacesOf(
  transaction: Transaction,
  worker: string,
  hasBegun: (seq: number, attempt: number) => boolean,
  now: number,
): void {
  const lent = statement<[string], { task: number; attempt: number }>(transaction.database, LENT_TO_WORKER).all(worker);
  for (const { task: seq, attempt } of lent) {
    if (hasBegun(seq, attempt)) noteStart(transaction, { seq, attempt, worker }, [], now);
    else giveBackPlaces(transaction, { seq, attempt, worker });
  }
}

function addStarts(database: Database, name: string, at: number, count: number): void {
  statement<[string, number, number]>(database, ADD_STARTS).run(name, at, count);
}

/** Starts are noted at a time that is later by less than this, where there may be very many. */
function grainOf({ max, per }: RateLimit): number {
  return max <= GRAINS ? 1 : Math.max(1, Math.ceil(per / GRAINS));
}

function roundUp(at: number, grain: number): number {
  return Math.ceil(at / grain) * grain;
}
