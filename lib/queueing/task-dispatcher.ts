import {
  type ActionResult,
  type Duration,
  type EnqueuedTask,
  InvalidArgumentError,
  type KeyPage,
  type LimitStatus,
  type ParamsOf,
  type PauseSelector,
  type ResultOf,
  type Task,
  type TaskAction,
  type TaskPause,
  type TaskSteps,
  type WorkerInfo,
  type Workflow,
  type WorkflowPage,
} from '../contract/index.js';
import { runningAttempt } from '../context/index.js';
import type { Awaiting, ResultOptions, TaskAtHand } from '../awaiting/index.js';
import { checkTaskId } from '../checks/index.js';
import type { EngineChange, StepLease } from '../engine/port/index.js';
import type {
  BulkTarget,
  KeysQuery,
  ListWorkflowsQuery,
  ListTasksQuery,
  Operations,
  OutboxStatus,
  QueueChange,
  QueueStats,
  TaskList,
  TaskMetrics,
  TaskMetricsQuery,
} from '../operations/index.js';
import type { DrainWorkersOptions, Workers, WorkOptions, WorkReport } from '../working/index.js';
import { checkIsObject } from './call-options.js';
import { EnqueuePipeline, type EnqueuePipelineParts, newId } from './enqueue-pipeline.js';
import { followUpsOf } from './follow-ups.js';
import { type ManyArguments, rowsOf } from './rows.js';
import { checkSignalName, encodeStep } from '../steps/index.js';
import { WorkflowBuilder, type WorkflowOptions, type WorkflowParts, WorkflowRun } from '../workflows/index.js';
import { addTask } from './add-task.js';
import { changeOf, type UpdateTaskOptions } from './task-update.js';
import type {
  AddTaskOptions,
  BatchOptions,
  QueueTaskOptions,
  QueueTaskWhenOptions,
  RunTaskOptions,
  TaskRow,
  TaskToQueue,
  WorkflowTaskOptions,
} from './task-dispatcher.types.js';

export interface TaskDispatcherParts extends Omit<EnqueuePipelineParts, 'followUps'> {
  readonly operations: Operations;
  readonly awaiting: Awaiting;
  readonly workers: Workers;
}

/** How `queue` and its kin may be called: the name may be left out where the class of the params tells it. */
type RowArguments<Options> = [name: string, params: object, options?: Options] | [params: object, options?: Options];

/**
 * Enqueues tasks, and reads and steers those that are stored.
 *
 * Inject it by its class; `@InjectTaskDispatcher(name)` injects that of a named store. The store is open as soon as it is
 * injected, so constructors' callers and lifecycle hooks may enqueue.
 *
 * Every method that writes resolves when the change is durable, and rejects with a {@link StoreError} when it could not be.
 *
 * @publicApi
 */
export class TaskDispatcher {
  private readonly pipeline: EnqueuePipeline;
  private readonly operations: Operations;
  private readonly parts: Omit<EnqueuePipelineParts, 'followUps'>;
  private readonly awaiting: Awaiting;
  private readonly own: Workers;

  /** @internal Made by `TasksModule`. */
  constructor({ operations, awaiting, workers, ...parts }: TaskDispatcherParts) {
    this.operations = operations;
    this.parts = parts;
    this.pipeline = new EnqueuePipeline({ ...parts, followUps: () => followUpsOf(runningAttempt(this)) });
    this.awaiting = awaiting;
    this.own = workers;
  }

  /**
   * Enqueues a task.
   *
   * @param queue one that is configured
   * @param name of the task; it may be left out when `params` is an instance of the params class of one handler
   * @param params what the handler gets: an object that JSON can hold, valid for the handler's params class
   * @param options settings of this task alone, `delay` or `runAt`, `manager` to enqueue within a transaction, and `id` or
   *   `key` by which it is stored once; `unique`, `debounce`, `throttle` or `coalesce`, by which one task at a time is there
   *   for what has one key
   * @returns the stored task; with `manager` it is stored when the transaction commits. Where a task of its `id` is there
   *   already, or one holds its unique key, that one as it stands, with `enqueued: false`
   * @throws UnknownQueueError, UnknownTaskNameError (in a process that has handlers), InvalidParamsError,
   *   ParamsTooLargeError, InvalidArgumentError, DuplicateTaskError, ForeignManagerError, StoreError. Nothing is stored then;
   *   with a StoreError of a server that did not answer, that is not known
   */
  queue<Name extends string>(
    queue: string,
    name: Name,
    params: ParamsOf<Name>,
    options?: QueueTaskWhenOptions,
  ): Promise<EnqueuedTask>;
  queue(queue: string, params: object, options?: QueueTaskWhenOptions): Promise<EnqueuedTask>;
  async queue(queue: string, ...args: RowArguments<QueueTaskWhenOptions>): Promise<EnqueuedTask> {
    const { row, options } = rowOf(args);
    return this.pipeline.enqueue(queue, row, options);
  }

  /**
   * Enqueues a task that starts when `delay` has passed, or as soon afterwards as a worker is free.
   *
   * @param delay milliseconds or a duration such as `5m`
   * @see {@link queue} for the rest
   */
  queueIn<Name extends string>(
    queue: string,
    delay: Duration,
    name: Name,
    params: ParamsOf<Name>,
    options?: QueueTaskOptions,
  ): Promise<EnqueuedTask>;
  queueIn(queue: string, delay: Duration, params: object, options?: QueueTaskOptions): Promise<EnqueuedTask>;
  async queueIn(queue: string, delay: Duration, ...args: RowArguments<QueueTaskOptions>): Promise<EnqueuedTask> {
    const { row, options } = rowOf(args);
    if (delay === undefined) throw new InvalidArgumentError('delay', 'delay is missing.');
    return this.pipeline.enqueue(queue, row, { ...checkIsObject(options), delay });
  }

  /**
   * Enqueues a task that starts at `when`, or as soon afterwards as a worker is free. A time that has passed means now.
   *
   * @param when a Date or UTC milliseconds
   * @see {@link queue} for the rest
   */
  queueAt<Name extends string>(
    queue: string,
    when: Date | number,
    name: Name,
    params: ParamsOf<Name>,
    options?: QueueTaskOptions,
  ): Promise<EnqueuedTask>;
  queueAt(queue: string, when: Date | number, params: object, options?: QueueTaskOptions): Promise<EnqueuedTask>;
  async queueAt(queue: string, when: Date | number, ...args: RowArguments<QueueTaskOptions>): Promise<EnqueuedTask> {
    const { row, options } = rowOf(args);
    if (when === undefined) throw new InvalidArgumentError('runAt', 'The time is missing.');
    return this.pipeline.enqueue(queue, row, { ...checkIsObject(options), runAt: when });
  }

  /**
   * Enqueues many tasks, all or none. Every row is checked first; an InvalidParamsError names the rows: `[3].to`.
   *
   * @param rows params of one task each; where `name` is left out, instances of params classes, or objects that say of one
   *   task each what it is called and what its own options are: `{ name, params, options: { delay: '5m' } }`
   * @see {@link queue} for the rest
   */
  queueMany<Name extends string>(
    queue: string,
    name: Name,
    rows: ReadonlyArray<ParamsOf<Name>>,
    options?: QueueTaskWhenOptions,
  ): Promise<EnqueuedTask[]>;
  queueMany(queue: string, rows: readonly TaskToQueue[], options?: QueueTaskWhenOptions): Promise<EnqueuedTask[]>;
  queueMany(queue: string, rows: readonly object[], options?: QueueTaskWhenOptions): Promise<EnqueuedTask[]>;
  async queueMany(queue: string, ...args: ManyArguments): Promise<EnqueuedTask[]> {
    const { rows, options } = rowsOf(args);
    return this.pipeline.enqueueMany(queue, rows, options);
  }

  /**
   * Enqueues a task and waits for what its handler returns, in whichever process that runs. The handler says that it keeps
   * its results: `@TaskHandler(name, { result: true })`.
   *
   * @param options those of {@link queue} but `manager`, and `timeout`, `signal` and `cancel` of the waiting: a task that has
   *   not ended by then goes on, unless `cancel` is true
   * @throws what {@link queue} throws, and what {@link result} does
   */
  run<Name extends string>(
    queue: string,
    name: Name,
    params: ParamsOf<Name>,
    options?: RunTaskOptions,
  ): Promise<ResultOf<Name>>;
  run<Result>(queue: string, name: string, params: object, options?: RunTaskOptions): Promise<Result>;
  async run(queue: string, name: string, params: object, options: RunTaskOptions = {}): Promise<unknown> {
    const { timeout, signal, cancel, ...rest } = checkIsObject(options);
    const enqueue = async (): Promise<string> => (await this.pipeline.enqueue(queue, { name, params }, rest)).id;
    const { manager } = rest as QueueTaskOptions;
    return this.awaiting.run({ queue, name, manager, enqueue }, { timeout, signal, cancel }, this.running());
  }

  /**
   * Waits for what the handler of a task returns, in whichever process that runs; a task that has ended is answered at once.
   *
   * @throws TaskFailedError (its `cause` is the error of the last attempt), TaskCancelledError, ResultTimeoutError,
   *   TaskNotFoundError (also where the task is deleted meanwhile), NoResultError where its handler keeps no results,
   *   ResultDeadlockError where a handler would wait for a task that can begin only after it, InvalidArgumentError,
   *   StoreError where the store does not answer or the process shuts down; the reason of the signal
   */
  async result<Result = unknown>(id: string, options: ResultOptions = {}): Promise<Result> {
    const found = await this.awaiting.result(checkTaskId(id), checkIsObject(options), this.running());
    return found as Result;
  }

  /** The task whose handler is calling; null where none of this store is. */
  private running(): TaskAtHand | null {
    return followUpsOf(runningAttempt(this));
  }

  /** The task with its attempts and logs. @throws TaskNotFoundError */
  async get(id: string): Promise<Task> {
    return this.operations.tasks.get(id);
  }

  /**
   * What a task has recorded of its durable steps, and the signals that it has not taken yet.
   *
   * @throws TaskNotFoundError, StepsNotSupportedError
   */
  async steps(id: string): Promise<TaskSteps> {
    return this.operations.steps.list(id);
  }

  /**
   * Sends a signal to a task, which takes it by `task.waitFor(name)`, now or when it comes there. It is durable when this
   * resolves.
   *
   * @param name of the signal: 1 to 200 characters
   * @param payload JSON of at most `maxResultSize`
   * @throws TaskNotFoundError; TaskStateError where the task has ended; StepNameError, StepResultError,
   *   StepsNotSupportedError, StoreError
   */
  async signal(id: string, name: string, payload: unknown = null): Promise<void> {
    const checked = checkSignalName(name);
    const { json, sensitive } = encodeStep(checked, payload, this.parts.config.maxResultSize, null);
    await this.operations.steps.signal(id, { name: checked, payload: json, sensitive });
  }

  /**
   * Begins to put a workflow together: tasks that wait for others. Nothing is stored before its `start()`.
   *
   * @param name by which workflows of a kind are found: 1 to 200 characters
   * @param options `deadline` and `tags`
   * @throws InvalidArgumentError, InvalidWorkflowError
   */
  workflow(name: string, options: WorkflowOptions = {}): WorkflowBuilder<WorkflowTaskOptions> {
    return new WorkflowBuilder(this.workflowParts, name, checkIsObject(options));
  }

  /**
   * Enqueues many tasks as a workflow of one node, and a task that waits for all of them: all of it or nothing.
   *
   * @param name of the tasks, and of the workflow
   * @param rows params of one task each
   * @param options `then`: the queue, name and params of the task that waits
   * @throws what {@link queueMany} and the `start` of a workflow do
   */
  async batch<Name extends string>(
    queue: string,
    name: Name,
    rows: ReadonlyArray<ParamsOf<Name>>,
    options: BatchOptions = {},
  ): Promise<WorkflowRun> {
    const { then, when, options: settings, id, manager, ...known } = checkIsObject(options);
    const workflow = this.workflow(name, known);
    const all = workflow.each(queue, name, rows, settings);
    if (then) {
      const [thenQueue, thenName, params, thenOptions] = then;
      const waits = { after: all, ...(when !== undefined && { when }) };
      workflow.add(thenQueue, thenName, params, { ...thenOptions, ...waits });
    }
    return workflow.start({ ...(id !== undefined && { id }), ...(manager && { manager }) });
  }

  /** A workflow that was started, by its id: to ask how far it is, or to wait for its end. */
  workflowRun(id: string): WorkflowRun {
    return new WorkflowRun(this.parts.engine, this.parts.config.clock, checkTaskId(id));
  }

  /** A workflow with its nodes. @throws WorkflowNotFoundError, WorkflowsNotSupportedError */
  async getWorkflow(id: string): Promise<Workflow> {
    return this.operations.workflows.get(id);
  }

  /** A page of workflows, the newest first; none where the engine has no workflows. @throws InvalidArgumentError */
  async listWorkflows(query: ListWorkflowsQuery = {}): Promise<WorkflowPage> {
    return this.operations.workflows.list(checkIsObject(query));
  }

  /**
   * Cancels what has not ended of a workflow: nothing of it begins any more, not even what waits for a failure, and the signals
   * of its tasks that run are aborted.
   *
   * @throws WorkflowNotFoundError; WorkflowStateError where it has ended; WorkflowsNotSupportedError
   */
  async cancelWorkflow(id: string): Promise<void> {
    await this.operations.workflows.cancel(id);
  }

  /**
   * Has nodes of a workflow that failed run again, with all their attempts; what was cancelled because of them waits for them
   * again. What somebody cancelled stays so, and what has completed.
   *
   * @param options `from`: name of one node, which failed or was cancelled; by default, each that failed, or that the deadline
   *   cancelled
   * @throws WorkflowNotFoundError; WorkflowStateError where there is nothing to run again; WorkflowsNotSupportedError
   */
  async retryWorkflow(id: string, options: { from?: string } = {}): Promise<void> {
    const { from } = checkIsObject(options);
    await this.operations.workflows.retry(id, from ?? null);
  }

  /** @internal For `task.add`. */
  async addToWorkflow(
    lease: StepLease,
    where: { readonly id: string; readonly node: string; readonly key: string },
    [queue, name, params, options]: [queue: string, name: string, params: object, options: AddTaskOptions],
  ): Promise<EnqueuedTask> {
    return addTask(this.parts.engine, this.pipeline, lease, where, [queue, name, params, options]);
  }

  private get workflowParts(): WorkflowParts {
    const { engine, config } = this.parts;
    return {
      engine,
      clock: config.clock,
      newId,
      prepare: async (queue, name, rows, options) => {
        const made = rows.map((params) => ({ name, params }));
        const ready = await this.pipeline.prepareMany(queue, made, { ...options, unique: false });
        return ready.map(({ task }) => task);
      },
    };
  }

  /** A page of tasks, the newest first unless asked otherwise. @throws InvalidArgumentError */
  async list(query: ListTasksQuery = {}): Promise<TaskList> {
    return this.operations.tasks.list(query);
  }

  /**
   * Ends a task that waits; one that runs has its signal aborted, and its worker ends it.
   *
   * @throws TaskNotFoundError, TaskStateError when it has ended already
   */
  async cancel(id: string): Promise<Task> {
    return this.operations.tasks.act('cancel', id);
  }

  /**
   * Gives a task that failed, was cancelled or waits for its next attempt all its attempts anew, and makes it available.
   *
   * @param options `from`: name of a durable step, which is forgotten with all that the task has recorded after it; what it
   *   recorded before stands
   * @throws TaskNotFoundError, TaskStateError; InvalidArgumentError where the task has recorded no such step
   */
  async retry(id: string, options: { from?: string } = {}): Promise<Task> {
    const { from } = checkIsObject(options);
    if (from !== undefined) {
      await this.operations.steps.retryFrom(id, from);
      return this.operations.tasks.get(id);
    }
    return this.operations.tasks.act('retry', id);
  }

  /** Makes a task that waits for its time available. @throws TaskNotFoundError, TaskStateError */
  async runNow(id: string): Promise<Task> {
    return this.operations.tasks.act('run-now', id);
  }

  /**
   * Changes a task that waits: it runs with all of the change, or the call is refused.
   *
   * @param id of a task that is scheduled, available or retryable
   * @param options `runAt` or `delay`, `priority`, and `params`, which take the place of those that it has
   * @throws TaskNotFoundError, InvalidArgumentError, InvalidParamsError, ParamsTooLargeError
   * @throws TaskStateError where it runs or has ended, or began meanwhile
   */
  async update(id: string, options: UpdateTaskOptions): Promise<Task> {
    return this.operations.tasks.update(id, (task) => changeOf(task, options, this.parts));
  }

  /** Deletes a task and its record. @throws TaskNotFoundError, TaskStateError when it runs */
  async delete(id: string): Promise<void> {
    await this.operations.tasks.delete(id);
  }

  /** Acts on many tasks; those to which the action does not apply are left as they are. @throws InvalidArgumentError */
  async bulk(action: TaskAction, target: BulkTarget): Promise<ActionResult> {
    return this.operations.tasks.bulk(action, target);
  }

  /** Starts no more tasks of the queue, in any process, until it is resumed; running ones go on. @throws UnknownQueueError */
  async pauseQueue(queue: string): Promise<void> {
    await this.operations.queues.pause(queue);
  }

  /** @throws UnknownQueueError */
  async resumeQueue(queue: string): Promise<void> {
    await this.operations.queues.resume(queue);
  }

  /**
   * Changes how many tasks of one key, or of the whole queue, may run over all processes of the store. The change is stored, wins
   * over the configuration, and stands until it is taken back with null.
   *
   * @param change such as `{ key: { concurrency: 2 } }` or `{ globalConcurrency: 10 }`; what it leaves out stays as it is
   * @returns a promise that resolves once the tasks of the queue obey; what runs is not interrupted
   * @throws UnknownQueueError, InvalidArgumentError, also where the engine cannot
   */
  async setQueue(queue: string, change: QueueChange): Promise<void> {
    await this.operations.queues.flow.set(queue, change);
  }

  /**
   * Gives this priority to the tasks of one key that wait, so that they start before others of their queue or after them. Those
   * that are enqueued later have their own.
   *
   * @param priority higher runs first: -1,000,000 to 1,000,000
   * @returns how many tasks waited
   * @throws UnknownQueueError, InvalidArgumentError, also where the engine has no keys
   */
  async setKeyPriority(queue: string, key: string, priority: number): Promise<number> {
    return this.operations.queues.flow.setKeyPriority(queue, key, priority);
  }

  /** Keys of which tasks of the queue are ready, run or are held, and how many. @throws UnknownQueueError, InvalidArgumentError */
  async keys(queue: string, query: KeysQuery = {}): Promise<KeyPage> {
    return this.operations.queues.flow.keys(queue, query);
  }

  /**
   * Starts this process's workers, where the option `autoStart` is false or they were stopped. Nothing happens where they
   * work.
   *
   * @param queue one of them alone
   * @throws UnknownQueueError, StoreError, TasksConfigError before the app has started
   */
  async start(queue?: string): Promise<void> {
    await this.own.start(queue);
  }

  /**
   * Stops this process's workers: no task begins here any more, those that run have the module's `shutdownGrace` to end, and
   * then their signals are aborted. Enqueueing goes on.
   *
   * @param queue those of one alone
   * @throws UnknownQueueError
   */
  async stop(queue?: string): Promise<void> {
    await this.own.stop(queue);
  }

  /**
   * As {@link stop}, for all queues, with a time of one's own for the tasks that run.
   *
   * @returns whether all of them ended by themselves
   * @throws InvalidArgumentError
   */
  async drain(options: DrainWorkersOptions = {}): Promise<boolean> {
    return this.own.drain(options);
  }

  /**
   * Works until nothing is due, and stops: for a process that is started for it, such as a scheduled job or a function in a
   * cloud. Needs the option `autoStart: false`.
   *
   * @throws InvalidArgumentError where the workers work already; StoreError, TasksConfigError before the app has started
   */
  async work(options: WorkOptions): Promise<WorkReport> {
    return this.own.work(options);
  }

  /**
   * Starts no more of these tasks, in any process, until they are resumed; those that run go on, and others of their queue
   * start as before.
   *
   * @param selector `{ queue }`, `{ queue, key }`, `{ name }`, or `{ tag: { customer: '42' } }`: those with all of these tags
   * @throws InvalidArgumentError, also where the engine cannot; UnknownQueueError
   */
  async pause(selector: PauseSelector): Promise<void> {
    await this.operations.limits.pause(selector);
  }

  /** Takes the {@link pause} of the same selector back. @throws InvalidArgumentError, UnknownQueueError */
  async resume(selector: PauseSelector): Promise<void> {
    await this.operations.limits.resume(selector);
  }

  /** The pauses of some tasks that stand; that of a whole queue is told by {@link stats}. */
  async pauses(): Promise<readonly TaskPause[]> {
    return this.operations.limits.pauses();
  }

  /** The rate limits in this process's options, and what of each is in use. */
  async limits(): Promise<readonly LimitStatus[]> {
    return this.operations.limits.limits();
  }

  /** Every queue as it stands: depth by state, workers, settings, rates and latency. */
  async stats(): Promise<QueueStats[]> {
    return this.operations.queues.stats();
  }

  /** Throughput, failures, waiting and running time over a window that ends now. @throws InvalidArgumentError, UnknownQueueError */
  async metrics(query: TaskMetricsQuery = {}): Promise<TaskMetrics> {
    return this.operations.queues.metrics(query);
  }

  /** Tasks that wait in the outbox, where there is one, to be handed over to the store. @throws StoreError */
  async outbox(): Promise<OutboxStatus> {
    return this.operations.store.outbox();
  }

  /** Every live process that works on the store. */
  async workers(): Promise<WorkerInfo[]> {
    return this.operations.store.workers();
  }

  /**
   * Calls `listener` soon after something changed, not for each change. It is called outside of any request's
   * `AsyncLocalStorage`; what it throws is logged.
   *
   * @returns what ends it
   */
  watch(listener: (change: EngineChange) => void): () => void {
    return this.operations.store.watch(listener);
  }
}

function rowOf<Options extends object>(args: RowArguments<Options>): { row: TaskRow; options: Options } {
  const named = (typeof args[0] === 'string' ? args : [null, ...args]) as [string | null, object, Options?];
  const [name, params, options = {} as Options] = named;
  return { row: { name, params }, options };
}
