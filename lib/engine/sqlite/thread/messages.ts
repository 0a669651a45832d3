import type { AbortCause, TaskEvent, TaskProgress } from '../../../contract/index.js';
import type { ConsumeOptions, EnqueueAnswer, Outcome } from '../../port/index.js';
import type { NewLog } from '../consumer/completer.js';
import type { FlatError } from './flat-error.js';
import type { FlatNewTask, FlatTask } from './flat-tasks.js';

/** The facets of the port whose methods are asked for by name: what they take and give is data. */
export type AskedFacet =
  'inspecting' | 'acting' | 'keying' | 'limiting' | 'scheduling' | 'auditing' | 'sharing' | 'stepping' | 'workflows';

/** Asked by the app's thread, and answered under the same number. Where it stands: what is asked, and what of. */
export type Question =
  | readonly ['open', path: string]
  | readonly ['close']
  /** Tasks of several calls, answered call by call; by null where each of all was stored. */
  | readonly ['enqueue', groups: ReadonlyArray<readonly FlatNewTask[]>]
  /** Which params are sensitive, by the task's name. */
  | readonly ['note', paths: ReadonlyArray<readonly [name: string, paths: readonly string[]]>]
  | readonly ['call', facet: AskedFacet, method: string, args: readonly unknown[]]
  /** A consumer that wants `demand` tasks, `room` of them for workers that are free. */
  | readonly ['consume', consumer: number, queue: string, options: ConsumeOptions, demand: number, room: number]
  /** Takes no more tasks: answered when the claim that is under way has delivered. */
  | readonly ['finish', consumer: number]
  | readonly ['leave', consumer: number];

export type ToThread =
  | readonly ['ask', number: number, question: Question]
  /** @param received tasks that had arrived when the consumer counted what it wants */
  | readonly ['want', consumer: number, demand: number, room: number, received: number]
  | readonly [
      'settle',
      consumer: number,
      key: number,
      outcome: Outcome,
      startedAt: number | null,
      endedAt: number | null,
    ]
  /** These attempts, each of which had begun, have completed. @param ends a key, its start and its end for each */
  | readonly [
      'completed',
      consumer: number,
      maxAttempts: number | null,
      keepFor: number | null,
      ends: readonly number[],
    ]
  /** The handler of a task that a limit counts was called by then. */
  | readonly ['called', consumer: number, key: number, at: number]
  | readonly ['report', consumer: number, key: number, progress: TaskProgress | null, logs: readonly NewLog[]]
  | readonly ['watch', on: boolean, soon: boolean]
  | readonly ['hear', on: boolean];

export type ToApp =
  /** The first of all. */
  | readonly ['ready', version: string]
  | readonly ['answer', number: number, value: unknown]
  | readonly ['fault', number: number, error: FlatError]
  /** This process is registered: what begins is noted under this name. */
  | readonly ['registered', worker: string, folder: string]
  | readonly ['unregistered', worker: string]
  | readonly ['deliver', consumer: number, delivery: FlatDelivery]
  | readonly ['pause', consumer: number]
  /** So many workers from now on. */
  | readonly ['resize', consumer: number, size: number]
  | readonly ['abort', consumer: number, key: number, cause: AbortCause, message: string]
  /** How the attempts of these tasks ended is durable. */
  | readonly ['stored', consumer: number, keys: readonly number[]]
  | readonly ['changed', queue: string | null, taskIds: readonly string[]]
  /** What the thread did to tasks, or was told to, and is stored. */
  | readonly ['happened', events: readonly TaskEvent[]]
  | readonly ['log', level: 'log' | 'warn' | 'error', message: string, stack: string | null];

/** What became of the tasks of one call; null: each was stored. */
export type GroupAnswer = null | readonly EnqueueAnswer[] | { readonly fault: FlatError };

/** Tasks that one claim brought for one consumer. */
export interface FlatDelivery {
  /** Of the first, in its consumer; each next one's is greater by one. */
  readonly key: number;
  /** On the process's steady clock, see `timeOfProcess`. */
  readonly claimedAt: number;
  readonly claimsAhead: boolean;
  readonly worker: string;
  /** Whether a limit counts when their handlers are called. */
  readonly limited: boolean;
  readonly tasks: readonly FlatTask[];
}
