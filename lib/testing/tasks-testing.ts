import { parseDuration } from '../checks/index.js';
import type { Duration, ResultOf, Task, TaskState } from '../contract/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import { DEFAULT_DRAIN_LIMIT, Drain } from './drain.js';
import { Expectation, type ExpectedTask } from './expectation.js';
import { type HandlerToPerform, SoloAttempt, type PerformedAttempt, type PerformOptions } from './performed.js';
import type { QueuedTask, RecordedTask } from './queued-task.js';
import type { RanAttempt } from './ran-attempt.js';
import type { TestBench } from './test-bench.js';
import { TasksTestingError } from './testing-error.js';
import type { DrainOptions } from './testing-options.js';
import { notReached, watchFor } from './wait-for.js';

const WAIT_FOR_MS = 5_000;

/**
 * What a test asks of an app's tasks and does with them; see `docs/testing.md`.
 *
 * @publicApi
 */
export class TasksTesting {
  /** @internal Made by `TasksTestingModule`. */
  constructor(private readonly bench: TestBench) {}

  /** The time of the stores, which {@link advance} moves. */
  get now(): Date {
    return new Date(this.bench.clock.now());
  }

  /** What was enqueued and stored since the app was made, or since {@link reset}, in that order. */
  queued(name?: string): QueuedTask[] {
    const all = this.recorded().map(({ task }) => task);
    return name === undefined ? all : all.filter((task) => task.name === name);
  }

  /**
   * Checks that a task was enqueued, whether it has run or not.
   *
   * @param params those that it must have; it may have others too. Matchers of Jest and Vitest may stand in them
   * @returns the first such task
   * @throws TasksTestingError that shows the nearest miss
   */
  expectQueued(name: string, params?: object, about: ExpectedTask = {}): QueuedTask {
    const expectation = new Expectation(name, params, about);
    const all = this.recorded();
    const found = all.find((recorded) => expectation.matches(recorded));
    if (!found) throw new TasksTestingError(expectation.missing(all));
    return found.task;
  }

  /** Checks that no such task was enqueued, see {@link expectQueued}. @throws TasksTestingError that shows it */
  expectNotQueued(name: string, params?: object, about: ExpectedTask = {}): void {
    const expectation = new Expectation(name, params, about);
    const found = this.recorded().filter((recorded) => expectation.matches(recorded));
    if (found.length > 0) throw new TasksTestingError(expectation.unexpected(found));
  }

  /** Calls `action`; resolves to what was enqueued meanwhile. */
  async queuedDuring(action: () => unknown): Promise<QueuedTask[]> {
    const before = new Set(this.recorded());
    await action();
    return this.recorded().flatMap((recorded) => (before.has(recorded) ? [] : [recorded.task]));
  }

  /**
   * Runs every task that is due, one after the other, and what those enqueue, until none is due.
   *
   * @returns the attempts, in the order in which they ended
   * @throws TaskFailedInTestError for the first that failed, once all have run, unless failures are collected; a
   *   `RetryLater` is no failure
   * @throws TasksTestingError where it does not come to an end, and in the mode `live`
   */
  async drain(options: DrainOptions = {}): Promise<RanAttempt[]> {
    const drain = this.drainOf('drain()', options);
    await drain.round();
    return drain.result(options.failures ?? this.bench.failures);
  }

  /**
   * Moves the clock of the stores, and stops at each time at which something comes due on the way, to run it: tasks that
   * are scheduled or wait for their next attempt, cron ticks, expiries and deadlines.
   *
   * @param duration milliseconds, or a duration such as `3d`
   * @see {@link drain} for what it returns and throws
   */
  async advance(duration: Duration, options: DrainOptions = {}): Promise<RanAttempt[]> {
    const { clock } = this.bench;
    const drain = this.drainOf('advance()', options);
    const target = clock.now() + parseDuration(duration, 'The time to advance by');
    await drain.round();
    for (let next = clock.nextAt; next !== null && next <= target; next = clock.nextAt) {
      clock.set(Math.max(next, clock.now()));
      await drain.round();
    }
    clock.set(target);
    await drain.round();
    return drain.result(options.failures ?? this.bench.failures);
  }

  /**
   * Resolves to a task once it is in `state`. In the modes `manual` and `inline` what is due is run for that.
   *
   * @param options `timeout`: for the mode `live`, default five seconds
   * @throws TasksTestingError where it ends otherwise, or does not come there in time; TaskNotFoundError
   */
  async waitFor(
    id: string,
    state: TaskState,
    options: { readonly timeout?: Duration; readonly store?: string } = {},
  ): Promise<Task> {
    const { timeout = WAIT_FOR_MS, store } = options;
    const tasks = await this.storeOf(id, store);
    if (this.bench.mode === 'live') return watchFor(tasks, id, state, parseDuration(timeout, 'timeout'));
    const before = await tasks.get(id);
    if (before.state === state) return before;
    await this.drain({ store, failures: 'collect' });
    const task = await tasks.get(id);
    if (task.state !== state) throw notReached(task, state, 'Where time has to pass for it, advance() the clock.');
    return task;
  }

  /**
   * Makes one attempt of a handler as a worker would, without a task in the store: its params are JSON and are validated,
   * its timeout holds (on the clock that {@link advance} moves), and an outcome comes of it.
   *
   * @param handler its class, or the name of its task
   * @throws TasksTestingError where nothing in the app is that handler; what JSON cannot hold is an InvalidParamsError
   */
  perform<Name extends string>(
    handler: Name,
    params: object,
    options?: PerformOptions,
  ): Promise<PerformedAttempt<ResultOf<Name>>>;
  perform<Handler extends { handle(...args: never[]): unknown }>(
    handler: new (...dependencies: never[]) => Handler,
    params: object,
    options?: PerformOptions,
  ): Promise<PerformedAttempt<Awaited<ReturnType<Handler['handle']>>>>;
  async perform(handler: unknown, params: object, options: PerformOptions = {}): Promise<PerformedAttempt<never>> {
    const solo = await SoloAttempt.of(this.bench.stores(options.store), handler as HandlerToPerform);
    return (await solo.run(params, options)) as PerformedAttempt<never>;
  }

  /**
   * Calls `action` with tasks run within the calls that enqueue them; what a handler throws is thrown there.
   *
   * @throws TasksTestingError in the mode `live`; and whatever `action` throws
   */
  async inline<Result>(action: () => Promise<Result> | Result): Promise<Result> {
    this.refuseLive('inline()');
    const { mode } = this.bench;
    this.bench.mode = 'inline';
    try {
      return await action();
    } finally {
      this.bench.mode = mode;
    }
  }

  /**
   * Forgets all tasks and what was enqueued, for the next test on the same app. The clock stays where it is, and so do the
   * schedules that the app's code declares.
   */
  async reset(): Promise<void> {
    for (const bench of this.bench.stores()) await bench.clear();
  }

  private recorded(): RecordedTask[] {
    return this.bench.stores().flatMap(({ recorded }) => recorded);
  }

  private drainOf(what: string, { store, limit = DEFAULT_DRAIN_LIMIT }: DrainOptions): Drain {
    this.refuseLive(what);
    return new Drain(this.bench.stores(store), limit);
  }

  private refuseLive(what: string): void {
    if (this.bench.mode !== 'live') return;
    throw new TasksTestingError(
      `${what} is not for the mode "live", in which workers run tasks in real time: wait for one with waitFor(id, state), ` +
        'or leave the mode out of TasksTestingModule.forRoot().',
    );
  }

  private async storeOf(id: string, store?: string): Promise<TaskDispatcher> {
    const benches = this.bench.stores(store);
    for (const bench of benches) {
      const parts = await bench.ready();
      if (parts && (benches.length === 1 || (await parts.engine.inspecting.get(id)))) return parts.dispatcher;
    }
    throw new TasksTestingError(`None of the stores has a task "${id}".`);
  }
}
