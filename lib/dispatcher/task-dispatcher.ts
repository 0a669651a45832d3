import { parseDuration, type Duration } from '../config/index.js';
import type { ResolvedConfig } from '../config/resolved-config.js';
import type { HandlerRegistry } from '../discovery/index.js';
import {
  ACTION_STATES,
  type ActionResult,
  type EngineChange,
  type Task,
  type TaskAction,
  type TaskEngine,
  type TaskSummary,
  type WorkerInfo,
} from '../engine/index.js';
import { InvalidArgumentError, TaskNotFoundError, TaskStateError, UnknownQueueError } from '../errors/index.js';
import { maskSensitive, type ParamsCodec } from '../params/index.js';
import { MetricsMemory } from './metrics-memory.js';
import { checkAction, checkListQuery, checkQueue, checkTarget, checkTaskId } from './task-arguments.js';
import { currentTaskId } from './current-task.js';
import { TaskBuilder, type BuiltTask, type TaskRow } from './task-builder.js';
import type {
  BulkTarget,
  ListTasksQuery,
  OutboxStatus,
  ParamsOf,
  QueueStats,
  QueueTaskOptions,
  QueueTaskWhenOptions,
  TaskList,
  TaskMetrics,
  TaskMetricsQuery,
} from './task-dispatcher.types.js';
import { metricsSpan, queueStats, RECENT_MS, taskMetrics } from './task-stats.js';

const DEFAULT_WINDOW = '1h';
const LONGEST_WINDOW_MS = 30 * 24 * 60 * 60 * 1_000;
const SHORTEST_WINDOW_MS = 60_000;

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
  private readonly builder: TaskBuilder;
  private readonly metricsMemory = new MetricsMemory();

  /** @internal Made by `TasksModule`. */
  constructor(
    private readonly engine: TaskEngine,
    private readonly config: ResolvedConfig,
    private readonly registry: HandlerRegistry,
    private readonly codec: ParamsCodec,
  ) {
    this.builder = new TaskBuilder(config, registry, codec, () => currentTaskId(this), engine);
  }

  /**
   * Enqueues a task.
   *
   * @param queue one that is configured
   * @param name of the task; it may be left out when `params` is an instance of the params class of one handler
   * @param params what the handler gets: an object that JSON can hold, valid for the handler's params class
   * @param options settings of this task alone, `delay` or `runAt`, and `manager` to enqueue within a transaction
   * @returns the stored task; with `manager` it is stored when the transaction commits
   * @throws UnknownQueueError, UnknownTaskNameError (in a process that has handlers), InvalidParamsError,
   *   ParamsTooLargeError, InvalidArgumentError, ForeignManagerError, StoreError. Nothing is stored then;
   *   with a StoreError of a server that did not answer, that is not known
   */
  queue<Name extends string>(
    queue: string,
    name: Name,
    params: ParamsOf<Name>,
    options?: QueueTaskWhenOptions,
  ): Promise<Task>;
  queue(queue: string, params: object, options?: QueueTaskWhenOptions): Promise<Task>;
  async queue(queue: string, ...args: RowArguments<QueueTaskWhenOptions>): Promise<Task> {
    const { row, options } = rowOf(args);
    return this.enqueue(queue, row, options);
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
  ): Promise<Task>;
  queueIn(queue: string, delay: Duration, params: object, options?: QueueTaskOptions): Promise<Task>;
  async queueIn(queue: string, delay: Duration, ...args: RowArguments<QueueTaskOptions>): Promise<Task> {
    const { row, options } = rowOf(args);
    if (delay === undefined) throw new InvalidArgumentError('delay', 'delay is missing.');
    return this.enqueue(queue, row, { ...options, delay });
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
  ): Promise<Task>;
  queueAt(queue: string, when: Date | number, params: object, options?: QueueTaskOptions): Promise<Task>;
  async queueAt(queue: string, when: Date | number, ...args: RowArguments<QueueTaskOptions>): Promise<Task> {
    const { row, options } = rowOf(args);
    if (when === undefined) throw new InvalidArgumentError('runAt', 'The time is missing.');
    return this.enqueue(queue, row, { ...options, runAt: when });
  }

  /**
   * Enqueues many tasks, all or none. Every row is checked first; an InvalidParamsError names the rows: `[3].to`.
   *
   * @param rows params of one task each; where `name` is left out, instances of params classes
   * @see {@link queue} for the rest
   */
  queueMany<Name extends string>(
    queue: string,
    name: Name,
    rows: ReadonlyArray<ParamsOf<Name>>,
    options?: QueueTaskWhenOptions,
  ): Promise<Task[]>;
  queueMany(queue: string, rows: readonly object[], options?: QueueTaskWhenOptions): Promise<Task[]>;
  async queueMany(
    queue: string,
    ...args: [string, readonly object[], QueueTaskWhenOptions?] | [readonly object[], QueueTaskWhenOptions?]
  ): Promise<Task[]> {
    const [name, rows, options = {}] =
      typeof args[0] === 'string'
        ? (args as [string, readonly object[], QueueTaskWhenOptions?])
        : [null, args[0], args[1] as QueueTaskWhenOptions | undefined];
    if (!Array.isArray(rows))
      throw new InvalidArgumentError('rows', 'queueMany takes an array with the params of each task.');
    const tasks = await this.builder.buildMany(
      queue,
      rows.map((params: object) => ({ name, params })),
      options,
    );
    if (tasks.length > 0) {
      await this.engine.enqueue(
        tasks.map(({ task }) => task),
        options.manager,
      );
    }
    return tasks.map((built) => this.shown(asStored(built)));
  }

  /** The task with its attempts and logs. @throws TaskNotFoundError */
  async get(id: string): Promise<Task> {
    const task = await this.engine.get(checkTaskId(id));
    if (!task) throw new TaskNotFoundError(id);
    return this.shown(task);
  }

  /** A page of tasks, the newest first unless asked otherwise. @throws InvalidArgumentError */
  async list(query: ListTasksQuery = {}): Promise<TaskList> {
    const { filter, page } = checkListQuery(query);
    const { items, nextCursor } = await this.engine.list(filter, page);
    return { items: items.map((task) => this.shown(task)), nextCursor };
  }

  /**
   * Ends a task that waits; one that runs has its signal aborted, and its worker ends it.
   *
   * @throws TaskNotFoundError, TaskStateError when it has ended already
   */
  async cancel(id: string): Promise<Task> {
    await this.act('cancel', id);
    return this.get(id);
  }

  /**
   * Gives a task that failed, was cancelled or waits for its next attempt all its attempts anew, and makes it available.
   *
   * @throws TaskNotFoundError, TaskStateError
   */
  async retry(id: string): Promise<Task> {
    await this.act('retry', id);
    return this.get(id);
  }

  /** Makes a task that waits for its time available. @throws TaskNotFoundError, TaskStateError */
  async runNow(id: string): Promise<Task> {
    await this.act('run-now', id);
    return this.get(id);
  }

  /** Deletes a task and its record. @throws TaskNotFoundError, TaskStateError when it runs */
  async delete(id: string): Promise<void> {
    await this.act('delete', id);
  }

  /** Acts on many tasks; those to which the action does not apply are left as they are. @throws InvalidArgumentError */
  async bulk(action: TaskAction, target: BulkTarget): Promise<ActionResult> {
    return this.engine.act(checkAction(action), checkTarget(target));
  }

  /** Starts no more tasks of the queue, in any process, until it is resumed; running ones go on. @throws UnknownQueueError */
  async pauseQueue(queue: string): Promise<void> {
    await this.checkStoredQueue(queue);
    await this.engine.pauseQueue(queue);
  }

  /** @throws UnknownQueueError */
  async resumeQueue(queue: string): Promise<void> {
    await this.checkStoredQueue(queue);
    await this.engine.resumeQueue(queue);
  }

  /** Every queue as it stands: depth by state, workers, settings, rates and latency. */
  async stats(): Promise<QueueStats[]> {
    const now = this.config.clock.now();
    const [depths, points, workers] = await Promise.all([
      this.engine.queues(),
      this.engine.metrics({ from: now - RECENT_MS, to: now }),
      this.engine.workers(),
    ]);
    return queueStats(this.config, depths, points, workers);
  }

  /** Throughput, failures, waiting and running time over a window that ends now. @throws InvalidArgumentError, UnknownQueueError */
  async metrics({ queue, window = DEFAULT_WINDOW }: TaskMetricsQuery = {}): Promise<TaskMetrics> {
    const length = parseDuration(window, 'window', { min: SHORTEST_WINDOW_MS, max: LONGEST_WINDOW_MS });
    if (queue !== undefined) await this.checkStoredQueue(queue);
    const to = this.config.clock.now();
    const { from, step } = metricsSpan(to, length);
    const key = JSON.stringify([queue, length]);
    const known = this.metricsMemory.settled(key, from, step, to);
    const fresh = from + known.length * step;
    const read = await this.engine.metrics({ from: fresh, to, ...(queue !== undefined && { queue }) });
    const { points, ...span } = taskMetrics(to, length, read);
    const metrics = { ...span, points: [...known, ...points.slice(known.length)] };
    this.metricsMemory.remember(key, metrics);
    return metrics;
  }

  /** What waits in the outbox, where there is one, to be handed over to the store. @throws StoreError */
  async outbox(): Promise<OutboxStatus> {
    const queues = await this.engine.outbox?.();
    return { enabled: queues !== undefined, queues: [...(queues ?? [])] };
  }

  /** Every live process that works on the store. */
  async workers(): Promise<WorkerInfo[]> {
    return [...(await this.engine.workers())];
  }

  /** Calls `listener` soon after something changed, not for each change. @returns what ends it */
  watch(listener: (change: EngineChange) => void): () => void {
    return this.engine.watch(listener);
  }

  private async enqueue(queue: string, row: TaskRow, options: QueueTaskWhenOptions): Promise<Task> {
    const made = this.builder.build(queue, row, options);
    const built = made instanceof Promise ? await made : made;
    await this.engine.enqueue([built.task], options.manager);
    return this.shown(asStored(built));
  }

  private async act(action: TaskAction, id: string): Promise<void> {
    const { changed, refused } = await this.engine.act(action, { ids: [checkTaskId(id)] });
    if (changed > 0) return;
    const state = refused[0]?.state ?? null;
    throw state === null ? new TaskNotFoundError(id) : new TaskStateError(id, action, state, ACTION_STATES[action]);
  }

  /** A queue that no configuration knows any more may still hold tasks. */
  private async checkStoredQueue(queue: string): Promise<void> {
    if (this.config.queues.has(checkQueue(queue))) return;
    const stored = await this.engine.queues();
    if (stored.some((depth) => depth.queue === queue)) return;
    throw new UnknownQueueError(queue, [...this.config.queues.keys()]);
  }

  /** The engine masked what was sensitive when the task was stored; this masks what its class calls so now. */
  private shown<T extends TaskSummary>(task: T): T {
    const paths = this.codec.sensitivePaths(this.registry.get(task.name)?.params ?? null);
    return paths.length === 0 ? task : { ...task, params: maskSensitive(task.params, paths) };
  }
}

type RowArguments<Options> = [name: string, params: object, options?: Options] | [params: object, options?: Options];

function rowOf<Options extends QueueTaskOptions>(args: RowArguments<Options>): { row: TaskRow; options: Options } {
  if (typeof args[0] === 'string') {
    const [name, params, options = {} as Options] = args as [string, object, Options?];
    return { row: { name, params }, options };
  }
  const [params, options = {} as Options] = args as [object, Options?];
  return { row: { name: null, params }, options };
}

/** A task as it stands in the store now: reading it back would cost a query, and within a transaction find nothing. */
function asStored({ task, params }: BuiltTask): Task {
  const { id, queue, name, priority, maxAttempts, runAt, createdAt, parentId = null } = task;
  return {
    id,
    queue,
    name,
    state: runAt > createdAt ? 'scheduled' : 'available',
    params: maskSensitive(params, task.sensitive),
    priority,
    attempt: 0,
    maxAttempts,
    runAt,
    createdAt,
    startedAt: null,
    finishedAt: null,
    progress: null,
    error: null,
    attempts: [],
    logs: [],
    parentId,
    children: [],
  };
}
