import type { RateLimit } from '../../../contract/index.js';
import type { ConsumeOptions } from '../../port/index.js';
import type { Transaction } from '../store/transaction.js';
import type { ClaimedRow } from './claimed-row.js';
import { limitClosedUntil } from './closed-limits.js';
import { type KeyGate, KeyLimits } from './key-limits.js';
import { isAbout, type Pause } from './pause-rows.js';
import { park, unparkNext } from './parked-tasks.js';
import {
  lendPlaces,
  type Lease,
  limitNamed,
  limitOfQueue,
  type NamedLimit,
  type Places,
  placesOf,
} from './start-log.js';

/** Tasks that one claim parks at most, so that others come to write in between. */
const MAX_PARKED = 1_000;

/** What lets the tasks of a queue wait: its own rate limit, those that queues share, and pauses of some tasks. */
interface Gated extends Pick<ConsumeOptions, 'rateLimit' | 'limits'> {
  /** The rate limit of each key; absent where keys have none. */
  readonly keyRateLimit?: RateLimit | undefined;
  readonly pauses: readonly Pause[];
}

/** A task, as far as limits count it. */
interface Counted {
  readonly name: string;
  readonly traits?: { readonly key?: string };
}

interface Gate extends Places {
  readonly limit: NamedLimit;
}

/** The limits and pauses that tasks of a queue pass through on their way to a worker, within one claim. */
export class Gates {
  /** Of the queue itself; null: it has none. */
  private readonly own: Gate | null;
  /** Of limits that queues share, by the name of the task. */
  private readonly shared = new Map<string, Gate>();
  /** Of each key; null: keys have none. */
  private readonly keys: KeyLimits | null;
  private readonly pauses: readonly Pause[];
  /** So many were parked that there may be others behind them. */
  isInterrupted = false;

  constructor(
    private readonly transaction: Transaction,
    private readonly queue: string,
    { rateLimit, limits, keyRateLimit, pauses }: Gated,
    private readonly now: number,
    private readonly lentFor: number,
  ) {
    this.pauses = pauses;
    this.own = rateLimit ? this.gate({ ...rateLimit, name: limitOfQueue(queue) }) : null;
    this.keys = keyRateLimit ? new KeyLimits(transaction, queue, keyRateLimit, now, lentFor) : null;
    const byName = new Map<string, Gate>();
    for (const [task, { name, max, per }] of Object.entries(limits ?? {})) {
      let gate = byName.get(name);
      if (!gate) byName.set(name, (gate = this.sharedGate({ name: limitNamed(name), max, per })));
      this.shared.set(task, gate);
    }
  }

  /** Whether a limit of the queue, or one that queues share, counts any of its tasks. With one of keys none are claimed ahead. */
  get isLimited(): boolean {
    return this.own !== null || this.shared.size > 0;
  }

  /** How many tasks may pass the queue's own limit. */
  get free(): number {
    return this.own?.free ?? Infinity;
  }

  /** Lets tasks into the line again that were parked, as far as there are places. */
  open(most: number): void {
    for (const { limit, free } of new Set(this.shared.values())) {
      if (free > 0) unparkNext(this.transaction, limit.name, this.queue, Math.min(free, most));
    }
    this.keys?.open(most);
  }

  /** The first tasks of the line that may start, after those before them that may not were parked. */
  passing(most: number, find: (most: number) => readonly ClaimedRow[]): readonly ClaimedRow[] {
    for (let parked = 0; parked < MAX_PARKED;) {
      const found = find(most);
      const left = new Map<Gate, number>();
      const before = parked;
      const openings = this.keys?.openings;
      for (const row of found) {
        const [seq, , name] = row;
        const pause = this.pauses.find((each) => isAbout(each, this.queue, row));
        if (pause) {
          park(this.transaction, pause.reason, seq);
          parked += 1;
          continue;
        }
        const { shared, own } = this.gatesOf(name, row[12]);
        const full = [shared, own].find((gate) => gate && (left.get(gate) ?? gate.free) <= 0);
        if (full) {
          if (full === own) this.keys!.park(own, seq);
          else park(this.transaction, full.limit.name, seq);
          parked += 1;
          continue;
        }
        for (const gate of [shared, own]) if (gate) left.set(gate, (left.get(gate) ?? gate.free) - 1);
      }
      if (parked === before && this.keys?.openings === openings) return found;
    }
    this.isInterrupted = true;
    return [];
  }

  /** Lends the tasks their places; returns the limits of each. */
  lend<Task extends Lease & Counted>(tasks: readonly Task[]): Array<Task & { limits?: NamedLimit[] }> {
    const byKey = new Map<KeyGate, number>();
    const lent = tasks.map((task) => {
      const { shared, own } = this.gatesOf(task.name, task.traits?.key ?? null);
      if (own) byKey.set(own, (byKey.get(own) ?? 0) + 1);
      const gates = [this.own, shared, own].filter((gate) => gate !== null && gate !== undefined);
      if (gates.length === 0) return task;
      const limits = gates.map(({ limit }) => limit);
      for (const limit of limits) lendPlaces(this.transaction, limit, [task], this.now, this.lentFor);
      return { ...task, limits };
    });
    this.keys?.settle(byKey);
    return lent;
  }

  /** When there may be a place again, after so many tasks were taken; null where there is one in each limit. */
  nextAt(taken: readonly Counted[]): number | null {
    if (this.own && this.own.free <= taken.length) return this.own.nextAt;
    const gates = [...new Set(this.shared.values())];
    const used = (gate: Gate): number => taken.filter(({ name }) => this.shared.get(name) === gate).length;
    const full = gates.filter((gate) => gate.free <= used(gate)).map(({ nextAt }) => nextAt);
    const ofKeys = this.keys?.nextAt ?? null;
    const times = ofKeys === null ? full : [...full, ofKeys];
    return times.length === 0 ? null : Math.min(...times);
  }

  private gatesOf(name: string, key: string | null): { shared: Gate | undefined; own: KeyGate | null } {
    return { shared: this.shared.get(name), own: this.keys?.of(key) ?? null };
  }

  private gate(limit: NamedLimit): Gate {
    return { limit, ...placesOf(this.transaction, limit, this.now, this.lentFor) };
  }

  private sharedGate(limit: NamedLimit): Gate {
    const closed = limitClosedUntil(this.transaction.database, limit.name, this.now);
    return closed === null ? this.gate(limit) : { limit, free: 0, nextAt: closed };
  }
}
