import type { Workload } from './workload.js';

/** One that stores and runs tasks in its own way. Tasks are told apart by an index that is never used twice in a store. */
export interface Contestant {
  /** Resolves when the task is as durable as this contestant makes it. */
  enqueue(index: number): Promise<void>;
  /** What this one can do at best for `callers` that ask at the same time; where missing, {@link enqueue} is called by each. */
  enqueueTogether?(from: number, callers: number): Promise<void>;
  /** Enqueues the indexes from `from` on in one call. */
  enqueueMany(from: number, count: number): Promise<void>;
  /** As {@link enqueueMany}, to be run at `at`, in milliseconds since 1970. */
  enqueueManyAt?(from: number, count: number, at: number): Promise<void>;
  /** Writes a row of the app's own and enqueues, in one transaction of the app. */
  enqueueWithin?(index: number): Promise<void>;
  /** Does what {@link start} would, short of taking tasks; for one that takes long to start. */
  prepare?(concurrency: number, workload: Workload): Promise<void>;
  /** Runs what waits and what comes, until {@link close}. */
  start(concurrency: number, workload: Workload): Promise<void>;
  /** How many stored tasks have not durably ended. */
  left(): Promise<number>;
  close(): Promise<void>;
}

export type ContestantClass = new (store: string) => Contestant;

/** What is told about a contestant without loading it. */
export interface ContestantInfo {
  readonly name: string;
  /** As the tables call it. */
  readonly title: string;
  /** Packages whose versions count. */
  readonly packages: readonly string[];
  /** What it is given as its store: the path of a file that is not there yet, or the address of an empty database. */
  readonly store: 'file' | 'redis' | 'postgres';
  /** Which Node.js runs it: the one that runs the benchmarks, or one that is new enough for the peers. */
  readonly node: 'current' | 'peers';
  /** What a task survives once `enqueue` has resolved. */
  readonly durability: string;
  /** What was set for speed, where its documentation says so, and what it cannot do. */
  readonly settings: string;
  /** Measures that take part only where a thousand tasks are a matter of less than a second. */
  readonly slow?: boolean;
  /** Names of the measures that it is for. Default: all that it can do. */
  readonly measures?: readonly string[];
  load(): Promise<ContestantClass>;
}
