import type { AttemptOutcome, TaskState } from '../../lib/index.js';
import type { Entry, Expected } from './ledger.js';

/** A call of a handler. */
export interface Run {
  readonly process: string;
  readonly attempt: number;
  readonly start: number;
  /** When it ended by itself or with its process; Infinity where neither is known. */
  end: number;
  how: 'done' | 'threw' | 'aborted' | 'cut off';
}

/** A task as it stands in the store when all is over. */
export interface StoredTask {
  readonly id: string;
  readonly name: string;
  /** What names it, whatever its id; null where its params have none. */
  readonly key: string | null;
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
  acknowledged: { readonly at: number; readonly expected: Expected } | null;
  rolledBack: boolean;
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

export interface History {
  readonly tasks: ReadonlyMap<string, TaskHistory>;
  readonly excuses: readonly Excuse[];
  readonly faults: readonly FaultEntry[];
  readonly entries: readonly Entry[];
  readonly refused: number;
  readonly store: StoreTraits;
}

/** What of a store the rules have to know. */
export interface StoreTraits {
  /**
   * The answer to what ends an attempt may be lost on the line, and the next attempt with it: that one then counts, although
   * no handler was called.
   */
  readonly losesAnswers: boolean;
  /** From this time on, in milliseconds since the epoch, ticks that are late may be left out: the schedule was paused. */
  readonly ticksUntil: number;
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
  store: StoreTraits = { losesAnswers: false, ticksUntil: Infinity },
): History {
  const tasks = new Map<string, TaskHistory>();
  const excuses: Excuse[] = [];
  const faults: FaultEntry[] = [];
  const open = new Map<string, Set<Run>>();
  let refused = 0;

  const taskOf = (id: string): TaskHistory => {
    let task = tasks.get(id);
    if (!task) {
      task = { id, acknowledged: null, rolledBack: false, cancelledAt: null, runs: [], stored: null };
      tasks.set(id, task);
    }
    return task;
  };

  for (const entry of entries) {
    switch (entry.event) {
      case 'start': {
        const { process, attempt, at } = entry;
        const run: Run = { process, attempt, start: at, end: Infinity, how: 'cut off' };
        taskOf(entry.task).runs.push(run);
        let running = open.get(process);
        if (!running) open.set(process, (running = new Set()));
        running.add(run);
        break;
      }
      case 'end': {
        const run = tasks
          .get(entry.task)
          ?.runs.findLast(({ process, attempt }) => process === entry.process && attempt === entry.attempt);
        if (!run) throw new Error(`The ledger has an end without a start: ${JSON.stringify(entry)}`);
        run.end = entry.at;
        run.how = entry.how;
        open.get(entry.process)?.delete(run);
        break;
      }
      case 'acknowledged':
        taskOf(entry.task).acknowledged = { at: entry.at, expected: entry.expected };
        break;
      case 'rolled-back':
        taskOf(entry.task).rolledBack = true;
        break;
      case 'cancelled':
        taskOf(entry.task).cancelledAt = entry.at;
        break;
      case 'refused':
        refused += 1;
        break;
      case 'booted':
        excuses.push({ process: entry.process, from: entry.from, until: entry.at + slack });
        break;
      case 'stalled':
        // A machine that starves one thread for long starves the others, too.
        excuses.push({
          process: entry.process,
          from: entry.from,
          until: entry.at + slack + STARVED * (entry.at - entry.from),
        });
        break;
      case 'gone':
        excuses.push({ process: entry.process, from: entry.at, until: Infinity });
        // One that shuts down still ends what it runs.
        if (entry.how !== 'terminated') for (const run of open.get(entry.process) ?? []) run.end = entry.at;
        break;
      case 'fault':
        faults.push({ fault: entry.fault, process: entry.process, from: entry.at, until: entry.until });
        if (SILENCING.has(entry.fault)) {
          const late = entry.process === null ? RECONNECT : 0;
          excuses.push({ process: entry.process, from: entry.at, until: entry.until + slack + late });
        }
        break;
      case 'born':
        break;
    }
  }
  for (const task of stored) taskOf(task.id).stored = task;
  return { tasks, excuses, faults, entries, refused, store };
}
