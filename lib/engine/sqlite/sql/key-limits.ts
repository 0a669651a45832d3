import type { RateLimit } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { park, unparkNext } from './parked-tasks.js';
import { FORGET_STARTS, limitOfKey, type NamedLimit, type Places, placesOf } from './start-log.js';

/*
 * The rate limit of each key of a queue. A key that nothing of is started costs nothing: there is a row of it as long as its
 * starts count, or its tasks wait for a place. Which keys are to be looked at is read from an index, those that are due first:
 * what a claim costs does not depend on how many keys, or tasks of them, wait.
 *
 *     no row ──a place is lent──> idle ──a task finds no place, and is parked──> waits ──`at`: places are free──┐
 *       ^                         │  ^                                             ^  │                         │
 *       └──`at`: no start counts──┘  └──────────────nothing is parked any more─────┼──┴──as many are unparked──┘
 *                                                                                  └── more are parked
 */

export const KEY_LIMIT = `SELECT waits, at FROM tasks_key_limit WHERE name = ?`;

export const PUT_KEY_LIMIT = `
  INSERT INTO tasks_key_limit (name, queue, waits, at) VALUES (?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET waits = excluded.waits, at = excluded.at`;

export const DROP_KEY_LIMIT = `DELETE FROM tasks_key_limit WHERE name = ?`;

/** Reads `tasks_key_limit_at`. */
export const DUE_KEY_LIMITS = `
  SELECT name FROM tasks_key_limit
   WHERE queue = ? AND waits = ? AND at <= ?
   ORDER BY at
   LIMIT (? + 0)`;

/** Reads the first entry of `tasks_key_limit_at`. */
export const NEXT_KEY_LIMIT = `
  SELECT at FROM tasks_key_limit WHERE queue = ? AND waits = 1
   ORDER BY at
   LIMIT 1`;

/** Reads the last start of a limit. */
export const LAST_START = `SELECT at FROM tasks_start WHERE name = ? ORDER BY at DESC LIMIT 1`;

/** When a key is looked at again whose tasks are in the line, and were not taken. */
const OPEN_AGAIN_MS = 1_000;
/** Idle keys of which a claim looks whether they are to be forgotten. */
const FORGOTTEN_AT_ONCE = 20;

interface KeyLimitRow {
  readonly waits: 0 | 1;
  readonly at: number;
}

/** A key's limit, within one claim. */
export interface KeyGate extends Places {
  readonly limit: NamedLimit;
  /** As it is stored. */
  readonly row: KeyLimitRow | undefined;
  /** Tasks of the key are parked for it. */
  waits: boolean;
  /** So many were let into the line again. */
  opened: number;
}

/** The limits of a queue's keys, within one claim. */
export class KeyLimits {
  /** By their names in the store. */
  private readonly gates = new Map<string, KeyGate>();
  private most = 0;
  /** How many keys had tasks let into the line again. */
  openings = 0;

  constructor(
    private readonly transaction: Transaction,
    private readonly queue: string,
    private readonly rate: RateLimit,
    private readonly now: number,
    private readonly lentFor: number,
  ) {}

  /** Lets tasks of the keys whose time has come into the line again, as far as there are places; forgets idle keys. */
  open(most: number): void {
    this.most = most;
    for (const name of this.due(1, most)) this.gate(name);
    for (const name of this.due(0, FORGOTTEN_AT_ONCE)) this.forget(name);
  }

  /** The limit of a task's key; null for a task that has none. */
  of(key: string | null): KeyGate | null {
    return key === null || key === '' ? null : this.gate(limitOfKey(this.queue, key));
  }

  /** Takes a task out of the line until its key has a place. */
  park(gate: KeyGate, seq: number): void {
    park(this.transaction, gate.limit.name, seq);
    gate.waits = true;
  }

  /** Notes when each key is to be looked at again, after places were lent to so many of its tasks. */
  settle(taken: ReadonlyMap<KeyGate, number>): void {
    for (const gate of this.gates.values()) this.note(gate, taken.get(gate) ?? 0);
  }

  /** When a key may have a place again for tasks that wait for it; null where none does. */
  get nextAt(): number | null {
    const next = statement<[string], number>(this.transaction.database, NEXT_KEY_LIMIT).pluck();
    return next.get(this.queue) ?? null;
  }

  private gate(name: string): KeyGate {
    let gate = this.gates.get(name);
    if (gate) return gate;
    const { database } = this.transaction;
    const limit = { ...this.rate, name };
    const row = statement<[string], KeyLimitRow>(database, KEY_LIMIT).get(name);
    const places = placesOf(this.transaction, limit, this.now, this.lentFor);
    gate = { ...places, limit, row, waits: row?.waits === 1, opened: 0 };
    this.gates.set(name, gate);
    // What has waited is in the line before what has come since.
    const wanted = gate.waits ? Math.min(gate.free, this.most) : 0;
    if (wanted > 0) {
      gate.opened = unparkNext(this.transaction, name, this.queue, wanted);
      gate.waits = gate.opened === wanted;
      if (gate.opened > 0) this.openings += 1;
    }
    return gate;
  }

  private note({ limit, row, free, nextAt, waits, opened }: KeyGate, taken: number): void {
    if (!waits) {
      if (taken === 0 && row === undefined) return;
      if (row?.waits !== 0) this.put(limit.name, 0, this.now + this.lentFor + limit.per);
      return;
    }
    const again = taken < opened ? this.now + OPEN_AGAIN_MS : this.now;
    const at = free > taken ? again : nextAt;
    if (row?.waits !== 1 || row.at !== at) this.put(limit.name, 1, at);
  }

  private forget(name: string): void {
    if (this.gates.has(name)) return;
    const { database } = this.transaction;
    statement<[string, number]>(database, FORGET_STARTS).run(name, this.now - this.rate.per);
    const last = statement<[string], number>(database, LAST_START).pluck().get(name);
    if (last === undefined) statement<[string]>(database, DROP_KEY_LIMIT).run(name);
    else this.put(name, 0, Math.max(this.now, last) + this.rate.per);
  }

  private put(name: string, waits: 0 | 1, at: number): void {
    const put = statement<[string, string, number, number]>(this.transaction.database, PUT_KEY_LIMIT);
    put.run(name, this.queue, waits, at);
  }

  private due(waits: 0 | 1, most: number): string[] {
    const due = statement<[string, number, number, number], string>(this.transaction.database, DUE_KEY_LIMITS);
    return due.pluck().all(this.queue, waits, this.now, most);
  }
}
