import type { AttemptOutcome, TaskState } from '../../lib/contract/index.js';
import { Clocks } from './clocks.js';
import type { Asked, Entry } from './ledger.js';
import type { Window } from './windows.js';

/** A call of a handler. */
export interface Run {
  readonly process: string;
  readonly attempt: number;
  readonly name: string;
  /** JSON text; null for a task of a schedule. */
  readonly params: string | null;
  readonly start: number;
  /** What the clock of its process said at the start, in milliseconds. */
  readonly clock: number;
  /** When it ended by itself or with its process; Infinity where neither is known. */
  end: number;
  how: 'done' | 'threw' | 'aborted' | 'cut off';
}

/** A task as it stands in the store when all is over. */
export interface StoredTask {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** JSON text. */
  readonly params: string;
  readonly priority: number;
  readonly state: TaskState;
  readonly runAt: number;
  /** Number of the last attempt. */
  readonly attempt: number;
  readonly attempts: readonly StoredAttempt[];
}

export interface StoredAttempt {
  readonly attempt: number;
  readonly worker: string;
  readonly outcome: AttemptOutcome | null;
}

/** All that is known of one task. Times are those of the ledger. */
export interface TaskHistory {
  readonly id: string;
  /** `from`: when it was asked for; `relayed`: it came into the store later than it was acknowledged. */
  acknowledged: { readonly from: number; readonly at: number; readonly asked: Asked; readonly relayed: boolean } | null;
  rolledBack: boolean;
  cancelAsked: boolean;
  /** When the caller was told that it is cancelled. */
  cancelledAt: number | null;
  readonly runs: Run[];
  stored: StoredTask | null;
}

/** A time in which a process may lose what it holds, through no fault of the engine. `process` null: any of them. */
export interface Excuse {
  readonly process: string | null;
  readonly from: number;
  readonly until: number;
}

export interface FaultEntry {
  readonly fault: string;
  readonly process: string | null;
  readonly from: number;
  readonly until: number;
}

/** A process that was ready to work, until it was gone. */
export interface Life extends Window {
  readonly process: string;
  /** False: it only enqueues. */
  readonly works: boolean;
}

/** A time in which a queue was paused, or may have been. */
export interface Pause {
  readonly queue: string;
  /** It was about to be paused, and had been resumed. */
  readonly around: Window;
  /** It was paused for certain; null where nobody was told. */
  readonly certain: Window | null;
}

export interface History {
  readonly tasks: ReadonlyMap<string, TaskHistory>;
  readonly lives: readonly Life[];
  readonly pauses: readonly Pause[];
  readonly clocks: Clocks;
  readonly excuses: readonly Excuse[];
  readonly faults: readonly FaultEntry[];
  readonly entries: readonly Entry[];
  readonly refused: number;
  readonly store: StoreTraits;
}

/** What of a store and of the end of a round the rules have to know. */
export interface StoreTraits {
  /**
   * Whether it is reached over a line. The answer to what ends an attempt may be lost there, and the next attempt with it:
   * that one then counts, although no handler was called.
   */
  readonly isRemote: boolean;
  /** Milliseconds of the processes' lease. */
  readonly lease: number;
  /** So many attempts in a row that end with their process, and a task fails. */
  readonly maxLostAttempts: number;
  /** Whether ended tasks are deleted when their retention is over, and not at some later end of another. */
  readonly deletesInTime: boolean;
  /** When the schedule was paused, in milliseconds since the epoch. */
  readonly pausedAt: number;
  /** When the store was read at the end, in microseconds of the ledger. */
  readonly readAt: number;
}

/** Faults in which a process that lives can give no sign of it. */
const SILENCING = new Set(['stop', 'read-only', 'server-kill', 'server-restart', 'cut', 'refuse', 'slow']);

const STARVED = 5;
/** How long a process may take to reach its server again, in microseconds. */
const RECONNECT = 10_000_000;

/**
 * Puts together what the processes noted and what the store says.
 * @param slack how long after a fault its consequences may still show, in microseconds
 */
export function buildHistory(
  entries: readonly Entry[],
  stored: readonly StoredTask[],
  slack: number,
  store: StoreTraits,
): History {
  const builder = new Builder(slack);
  for (const entry of entries) builder.add(entry);
  for (const task of stored) builder.taskOf(task.id).stored = task;
  const { tasks, excuses, faults, refused, clocks, lives, pauses } = builder.end();
  return { tasks, excuses, faults, entries, refused, clocks, lives, pauses, store };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

class Builder {
  readonly tasks = new Map<string, TaskHistory>();
  readonly excuses: Excuse[] = [];
  readonly faults: FaultEntry[] = [];
  readonly clocks = new Clocks();
  readonly lives: Mutable<Life>[] = [];
  readonly pauses: Pause[] = [];
  refused = 0;
  private readonly stalls: (Window & { readonly process: string })[] = [];
  private readonly open = new Map<string, Set<Run>>();
  private readonly pausing = new Map<string, { readonly from: number; since: number | null; until: number | null }>();
  /** When a process was about to pause a queue, and when a queue was last about to be resumed. */
  private readonly asked = new Map<string, number>();
  private readonly resuming = new Map<string, number>();

  constructor(private readonly slack: number) {}

  taskOf(id: string): TaskHistory {
    let task = this.tasks.get(id);
    if (!task) {
      const unknown = { acknowledged: null, rolledBack: false, cancelAsked: false, cancelledAt: null, stored: null };
      this.tasks.set(id, (task = { id, ...unknown, runs: [] }));
    }
    return task;
  }

  add(entry: Entry): void {
    switch (entry.event) {
      case 'start':
        return this.addStart(entry);
      case 'end':
        return this.addEnd(entry);
      case 'acknowledged': {
        const { from, at, asked, relayed } = entry;
        this.taskOf(entry.task).acknowledged = { from, at, asked, relayed };
        return;
      }
      case 'rolled-back':
        this.taskOf(entry.task).rolledBack = true;
        return;
      case 'cancelling':
        this.taskOf(entry.task).cancelAsked = true;
        return;
      case 'cancelled':
        this.taskOf(entry.task).cancelledAt = entry.at;
        return;
      case 'refused':
        this.refused += 1;
        return;
      case 'clock':
        return this.clocks.set(entry.process, entry.at, entry.now, entry.offset);
      case 'pausing':
      case 'paused':
      case 'resuming':
      case 'resumed':
        return this.addPause(entry);
      case 'booted':
        this.lives.push({ process: entry.process, works: entry.works, from: entry.at, until: Infinity });
        this.excuse(entry.process, entry.from, entry.at + this.slack);
        return;
      case 'stalled':
        this.stalls.push({ process: entry.process, from: entry.from, until: entry.at });
        return;
      case 'gone':
        return this.addEndOf(entry);
      case 'exited':
        return this.clocks.end(entry.process, entry.at);
      case 'fault':
        return this.addFault(entry);
      case 'said':
      case 'born':
    }
  }

  end(): this {
    for (const { process, from, until } of this.stalls) {
      // A machine that starves one thread for long starves the others, too: of its process, and where that was not stopped, of all.
      this.excuse(process, from, until + this.slack + STARVED * (until - from));
      const stopped = this.faults.some((one) => one.fault === 'stop' && one.process === process && one.from < until);
      if (!stopped) this.excuse(null, from, until + this.slack);
    }
    for (const queue of this.pausing.keys()) this.closePause(queue, Infinity);
    return this;
  }

  private addStart({ task, process, attempt, at, name, params, clock }: Entry & { event: 'start' }): void {
    const run: Run = { process, attempt, name, params, start: at, clock, end: Infinity, how: 'cut off' };
    this.taskOf(task).runs.push(run);
    let running = this.open.get(process);
    if (!running) this.open.set(process, (running = new Set()));
    running.add(run);
  }

  private addEnd(entry: Entry & { event: 'end' }): void {
    const run = this.tasks
      .get(entry.task)
      ?.runs.findLast(({ process, attempt }) => process === entry.process && attempt === entry.attempt);
    if (!run) throw new Error(`The ledger has an end without a start: ${JSON.stringify(entry)}`);
    run.end = entry.at;
    run.how = entry.how;
    this.open.get(entry.process)?.delete(run);
  }

  private addEndOf({ process, at, how }: Entry & { event: 'gone' }): void {
    this.excuse(process, at, Infinity);
    const isShutDown = how === 'terminated';
    if (!isShutDown) this.clocks.end(process, at);
    const life = this.lives.find((one) => one.process === process);
    if (life) life.until = Math.min(life.until, at);
    // One that shuts down still ends what it runs.
    if (!isShutDown) for (const run of this.open.get(process) ?? []) run.end = at;
  }

  private addFault({ fault, process, at, until }: Entry & { event: 'fault' }): void {
    this.faults.push({ fault, process, from: at, until });
    if (!SILENCING.has(fault)) return;
    this.excuse(process, at, until + this.slack + (process === null ? RECONNECT : 0));
  }

  private excuse(process: string | null, from: number, until: number): void {
    this.excuses.push({ process, from, until });
  }

  /**
   * Several processes may pause and resume a queue, and be told late. It is paused for certain from when one was told so,
   * if none resumed it meanwhile, until the next resumes it.
   */
  private addPause({
    event,
    queue,
    at,
    process,
  }: Entry & { event: 'pausing' | 'paused' | 'resuming' | 'resumed' }): void {
    const asking = `${process} ${queue}`;
    if (event === 'pausing') this.asked.set(asking, at);
    if (event === 'resuming') this.resuming.set(queue, at);
    const isPause = event === 'pausing' || event === 'paused';
    if (isPause && !this.pausing.has(queue)) this.pausing.set(queue, { from: at, since: null, until: null });
    const open = this.pausing.get(queue);
    if (!open) return;
    const undisturbed = (this.resuming.get(queue) ?? 0) < (this.asked.get(asking) ?? 0);
    if (event === 'paused' && undisturbed && open.until === null) open.since ??= at;
    if (event === 'resuming') open.until ??= at;
    if (event === 'resumed') this.closePause(queue, at);
  }

  private closePause(queue: string, at: number): void {
    const { from, since, until } = this.pausing.get(queue)!;
    this.pausing.delete(queue);
    const certain = since !== null && (until ?? at) > since ? { from: since, until: until ?? at } : null;
    this.pauses.push({ queue, around: { from, until: at }, certain });
  }
}
