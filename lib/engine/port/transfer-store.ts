import {
  listOf,
  type PauseSelector,
  type QueueFlow,
  type ScheduleStatus,
  type TaskAttempt,
  type TaskLog,
  type TaskProgress,
  type TaskState,
  type WorkerInfo,
} from '../../contract/index.js';
import type { NewTask } from './new-task.js';

/** States of tasks that are moved from one store to another. What runs is waited for; what completed or was cancelled stays. */
export const MOVED_STATES = ['scheduled', 'available', 'retryable', 'failed'] as const satisfies readonly TaskState[];
export type MovedState = (typeof MOVED_STATES)[number];

/**
 * All that a store knows of a task that does not run. The params are the real ones: such a task goes from one store to
 * another and is never logged or shown.
 */
export interface StoredTask extends NewTask {
  readonly state: MovedState;
  /** Number of the last attempt; 0 before the first. */
  readonly attempt: number;
  /** Attempts that do not count against the retries. */
  readonly excusedAttempts: number;
  /** How many in a row ended with the death of their process. */
  readonly lostAttempts: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** When retention deletes it; null: never, or when the store that it is in says. */
  readonly expiresAt: number | null;
  readonly progress: TaskProgress | null;
  /** When it took the unique key that it has, and when that is released at the latest; absent where it has taken none. */
  readonly keyTaken?: { readonly at: number; readonly expiresAt: number | null };
  /** Attempts that ended. */
  readonly attempts: readonly TaskAttempt[];
  readonly logs: readonly TaskLog[];
}

/** Characters of the tasks that a move has in hand at a time, about: params may take a mebibyte each, and logs more. */
export const MOVED_AT_A_TIME = 4 * 1024 * 1024;

/** About how many characters a task takes, with all that is on record of it. */
export function sizeOfStored({ params, attempts, logs }: Pick<StoredTask, 'params' | 'attempts' | 'logs'>): number {
  let size = params.length;
  for (const { error } of attempts) size += error ? error.message.length + (error.stack?.length ?? 0) : 0;
  for (const { message } of logs) size += message.length;
  return size;
}

/** A store's knowledge beside its tasks. */
export interface StoreBook {
  readonly schedules: readonly ScheduleStatus[];
  /** Names of queues. */
  readonly paused: readonly string[];
  /** Pauses of some tasks; absent where the store has none. */
  readonly pauses?: readonly PauseSelector[];
  /** What queues let run that were set at run time, by their names; absent where the store keeps no such thing. */
  readonly flows?: ReadonlyMap<string, QueueFlow>;
  /** By the task's name, as in `TaskEngine.noteSensitive`. */
  readonly sensitive: ReadonlyMap<string, readonly string[]>;
  /** By name, as in `Sharing.secret`. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** What a store was told at run time to let run. */
export interface StoreLimits {
  readonly pauses: readonly PauseSelector[];
  /** By queue. */
  readonly flows: Readonly<Record<string, QueueFlow>>;
}

/** See `ProcessIdentity` of the SQLite engine. */
export interface MoveOwner {
  readonly host: string;
  readonly pid: number;
  readonly pidSpace: string;
  readonly pidBirth: string | null;
}

/**
 * Stands in both stores from the beginning of a move to its end. While it does, no process can begin to work on the store.
 *
 *     source: copying ──all is in the target and was compared──> moved ──all was deleted──> (none)
 *     target: copying ──all was deleted in the source──> (none)
 */
export interface MoveMark {
  /** Id of the move: its two marks have the same. */
  readonly id: string;
  readonly role: 'source' | 'target';
  readonly phase: 'copying' | 'moved';
  /** The other store, as a person reads it. */
  readonly other: string;
  /** When the move began: the time by which a task counts as due, on both sides. */
  readonly at: number;
  /** Queues of the target that were paused when the move began. */
  readonly paused: readonly string[];
  /** What else kept tasks of the target from starting then; absent where the store keeps no such thing. */
  readonly limits?: StoreLimits;
  /** The report of what was compared and found equal; null before. */
  readonly report: string | null;
  /** The process that carries it out, null where it has given up, and a number that grows while it does. */
  readonly owner: MoveOwner | null;
  readonly beat: number;
}

/**
 * A store as one end of a move. Kept beside `TaskEngine`: an app never needs it, and an engine may be without.
 *
 * The caller sees to it that nothing works on the store: it writes a mark, and then asks for the {@link workers}.
 */
export interface TransferStore {
  readMark(): Promise<MoveMark | null>;
  /** Null takes it away. */
  writeMark(mark: MoveMark | null): Promise<void>;

  /** The processes that are alive and work on the store, as a person reads it. */
  workers(): Promise<readonly string[]>;
  /** Tasks and workflows that no other store takes, as a person reads it. */
  unmovable(): Promise<readonly string[]>;
  /**
   * Takes back the tasks of processes that are gone, as the engine would, and what a move that was killed left half-done.
   * Resolves to what is still held, and by whom.
   */
  settle(role: MoveMark['role']): Promise<readonly string[]>;

  /** Queues and names of what is moved, each once; the name is null where the store does not know it without reading all. */
  movedKinds(): Promise<ReadonlyArray<{ readonly queue: string; readonly name: string | null }>>;
  /** Tasks in {@link MOVED_STATES}, of each queue those first that are served first. */
  exportTasks(): AsyncGenerator<StoredTask>;
  /** Stores tasks at the end of their queues. Resolves when they are durable. One whose id is stored is left as it is. */
  importTasks(tasks: readonly StoredTask[]): Promise<void>;
  /** The ids, of these, under which the store has a task that has ended and is not exported: it takes no other under them. */
  endedAmong(tasks: ReadonlyArray<Pick<StoredTask, 'id' | 'queue'>>): Promise<readonly string[]>;
  /** Resolves when all that was imported survives a crash of the machine; to false where the store promises no such thing. */
  flush(): Promise<boolean>;
  /** Ids that are not there are passed over. */
  removeTasks(tasks: ReadonlyArray<Pick<StoredTask, 'id' | 'queue'>>): Promise<void>;

  exportBook(): Promise<StoreBook>;
  /** Replaces schedules of the same name, pauses the queues, and leaves a secret as it is that the store has. */
  importBook(book: StoreBook): Promise<void>;
  removeSchedules(names: readonly string[]): Promise<void>;
  resumeQueues(names: readonly string[]): Promise<void>;
  /** Takes back all that was paused, queues aside, or set at run time, but for this. Absent where the store keeps no such thing. */
  restoreLimits?(limits: StoreLimits): Promise<void>;

  close(): Promise<void>;
}

/** A process that is in the way of a move. */
export function describeWorker({ pid, host, queues }: Pick<WorkerInfo, 'pid' | 'host' | 'queues'>): string {
  return `process ${pid} on ${host}, which works on ${listOf(Object.keys(queues))}`;
}

/** The message for a process that would work on a store meanwhile. */
export function movingMessage({ role, other }: MoveMark): string {
  const where = role === 'source' ? `to ${other}` : `here from ${other}`;
  return (
    `The tasks of this store are being moved ${where}, and no process can work on them until that is done. ` +
    'Run the same "nestjs-tasks migrate" again to finish it, or with --abandon to give it up.'
  );
}
