import type { EntityManager } from 'typeorm';
import type { AddTaskOptions, QueueTaskWhenOptions, TaskDispatcher } from '../queueing/index.js';
import type { Duration, EnqueuedTask, ParamsOf, ResultOf } from '../contract/index.js';
import type { StepContext, StepOptions, WaitOptions } from '../steps/index.js';
import type { NodeResults } from '../workflows/index.js';

/** Options of `task.call`: those of `queue`, and those of a step. */
export interface CallTaskOptions extends Omit<QueueTaskWhenOptions, 'id' | 'key' | 'with' | 'manager'>, StepOptions {}

/** `task.call<string>(…)` says what the result is, and not that the name is any. */
type NoResultType<Name extends string> = string extends Name ? never : unknown;

/**
 * What a handler knows about the attempt that it is running, and says about it.
 *
 * @publicApi
 */
export interface TaskContext {
  readonly id: string;
  /** The queue that the task is on. */
  readonly queueName: string;
  readonly name: string;
  /** Number of this attempt, 1 for the first. */
  readonly attempt: number;
  /** Attempts that are granted in all, with those added that did not count: `attempt === maxAttempts` is the last one. */
  readonly maxAttempts: number;
  /** When the task was enqueued, in UTC milliseconds. */
  readonly enqueuedAt: number;
  /**
   * Aborted when the task is cancelled, takes longer than its timeout, or the process shuts down; its `reason` is a
   * `TaskAbortedError` that says which. Hand it on to whatever takes a signal (`fetch`, `setTimeout`, queries): a handler
   * that has not ended five seconds later is no longer waited for.
   */
  readonly signal: AbortSignal;
  readonly dispatcher: TaskDispatcher;

  /**
   * Enqueues follow-up work, as a child of this task.
   *
   * @see {@link TaskDispatcher.queue} for what it takes, returns and throws
   */
  readonly queue: TaskDispatcher['queue'];

  /**
   * Says how far the attempt is; the last value wins.
   *
   * @param percent from 0 to 100; a number beyond is taken for the nearest. What is no number leaves the percentage as it was.
   * @param message what is being done, in up to 1,000 characters
   */
  progress(percent: number, message?: string): void;

  /**
   * Adds a line to the attempt's log, which the panel shows. Up to 1,000 lines an attempt and 8,192 characters a line are
   * kept. Values of `@Sensitive()` params are replaced.
   */
  log(message: string): void;

  /**
   * Runs a function once and records what it gives: in a later attempt of the task the record is given instead. One that was cut
   * off before it was recorded runs again. An error is not recorded: the step runs again with the task's next attempt.
   *
   * @param name of the step, which with the number of steps of that name begun before in the attempt is what it is known by
   * @param run is given the step's own `key`, the same in every attempt, and the signal of the attempt
   * @param options `key` tells apart steps of one name that run at the same time; `was` is the name that it had before
   * @returns what JSON makes of what `run` gives, the first time too: a Date comes back as a text, undefined as null
   * @throws StepNameError where a step of that name is under way or it stands within another; StepResultError where what it
   *   gives is no JSON, takes more than `maxResultSize`, or would bring the task over 10,000 steps or 32 MiB, on BullMQ 1,000 steps or 256 KiB;
   *   StepsNotSupportedError where the engine keeps none; StoreError; what `run` throws
   */
  step<Result>(
    name: string,
    run: (step: StepContext) => Result | Promise<Result>,
    options?: StepOptions,
  ): Promise<Result>;
  step<Result>(
    name: string,
    options: StepOptions,
    run: (step: StepContext) => Result | Promise<Result>,
  ): Promise<Result>;

  /**
   * As {@link step}, with a transaction of the app's own database, which the record is a part of: what `run` writes with its
   * manager is there exactly once. The tasks must be kept in that database: `TasksModule.forRoot({ dataSource: 'default' })`.
   *
   * Nothing else is written to the file meanwhile, so keep it short, and enqueue within it with `{ manager }`.
   *
   * @throws StepsNotSupportedError where the tasks are not in a database of the app; else as {@link step}
   */
  transaction<Result>(
    name: string,
    run: (manager: EntityManager) => Result | Promise<Result>,
    options?: StepOptions,
  ): Promise<Result>;
  transaction<Result>(
    name: string,
    options: StepOptions,
    run: (manager: EntityManager) => Result | Promise<Result>,
  ): Promise<Result>;

  /**
   * Ends the attempt, and has the handler called again when the time is over: a task that sleeps takes no worker, uses up no
   * attempt, and outlives restarts and deploys. Less than a second is waited for in place.
   *
   * @param duration from now, the first time that it is called; or a date
   * @throws TaskSuspended, which is to be let through; StepNameError, StepsNotSupportedError, InvalidArgumentError
   */
  sleep(name: string, duration: Duration | Date, options?: StepOptions): Promise<void>;

  /**
   * Waits for a signal of that name, sent with `tasks.signal()` before or meanwhile; each is taken once, in the order in which
   * they were sent. As with {@link sleep}, the attempt ends where there is none yet.
   *
   * @returns what was sent with it; null where `timeout` was over first
   * @throws as {@link sleep}
   */
  waitFor<Payload = unknown>(name: string, options?: WaitOptions): Promise<Payload | null>;

  /**
   * As {@link waitFor}, for the first of several signals.
   *
   * @returns its name and what was sent with it; nulls where `timeout` was over first
   */
  waitForAny<Name extends string, Payload = unknown>(
    names: readonly Name[],
    options?: WaitOptions,
  ): Promise<readonly [Name, Payload] | readonly [null, null]>;

  /**
   * Enqueues a task and waits for what its handler returns, which is kept for this. As with {@link sleep}, the attempt ends
   * meanwhile, so that it takes no worker. Several at once: `Promise.all(rows.map((row) => task.call(…)))`.
   *
   * The task is enqueued once in all attempts. One that has failed stays so in later attempts; where this task is retried by
   * hand, it is called anew.
   *
   * @param options those of {@link queue} but `id`, `with` and `manager`; `key` tells apart calls of tasks of one name that are
   *   begun in an order that may change
   * @throws TaskFailedError (its `cause` is the error of the last attempt), TaskCancelledError, TaskNotFoundError where it was
   *   deleted; what {@link queue} and {@link sleep} throw
   */
  call<Name extends string>(
    queue: string,
    name: Name & NoResultType<Name>,
    params: ParamsOf<Name>,
    options?: CallTaskOptions,
  ): Promise<ResultOf<Name>>;
  call<Result = unknown>(queue: string, name: string, params: object, options?: CallTaskOptions): Promise<Result>;

  /**
   * Adds a task to the workflow that this one is a part of: whoever waits for this task waits for it too, and for all that it
   * adds in turn. It is added once in all attempts.
   *
   * @param options those of {@link queue} but `id`, `with`, `manager` and unique keys; `key` tells apart what this task adds
   *   where the order in which it does may change
   * @throws InvalidArgumentError where this task is of no workflow; TaskAbortedError where that is being cancelled; what
   *   {@link queue} throws
   */
  add<Name extends string>(
    queue: string,
    name: Name,
    params: ParamsOf<Name>,
    options?: AddTaskOptions,
  ): Promise<EnqueuedTask>;

  /**
   * What the task of a node of this task's workflow returned, which is kept for this.
   *
   * @param name of the node
   * @throws NoResultError where it has not completed, or has several tasks; InvalidArgumentError where this task is of no
   *   workflow
   */
  resultOf<Result = unknown>(name: string): Promise<Result>;

  /**
   * What the tasks of the nodes of that name returned, and those of that name that were added: those that completed, in the
   * order in which they were stored. Few are awaited as an array: `await task.resultsOf('render_page')`. Many are read a page at
   * a time while they are gone through: `for await (const page of task.resultsOf('render_page'))`.
   *
   * @throws InvalidArgumentError where this task is of no workflow
   */
  resultsOf<Result = unknown>(name: string): NodeResults<Result>;

  /**
   * Keeps a checkpoint of a long loop: its next attempt finds it in {@link saved}. Takes the place of the one before.
   *
   * @throws StepResultError where it is no JSON or too large; StepsNotSupportedError, StoreError
   */
  save(value: unknown): Promise<void>;

  /** What this task saved last, in this attempt or an earlier one; undefined where it has saved nothing. */
  // Whoever reads it says what it is.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly saved: any;
}
