import { setTimeout, clearTimeout } from '../clock/index.js';
import type { ResolvedConfig } from '../config/index.js';
import {
  hasEnded,
  InvalidArgumentError,
  NoResultError,
  ResultTimeoutError,
  StoreError,
  TaskCancelledError,
  TaskFailedError,
} from '../contract/index.js';
import type { AwaitedTask, TaskEngine } from '../engine/port/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import { DueTimes } from './due-times.js';
import { EndWatch, type Waiter } from './end-watch.js';
import { OwnQueueWaits, type TaskAtHand } from './own-queue.js';
import { type CheckedResultOptions, checkResultOptions, type ResultOptions } from './result-options.js';

export interface AwaitingParts {
  readonly engine: Pick<TaskEngine, 'inspecting' | 'acting' | 'watching' | 'relaying'>;
  readonly config: Pick<ResolvedConfig, 'clock' | 'queues'>;
  readonly registry: Pick<HandlerRegistry, 'get'>;
}

/** A task that is enqueued to be waited for. */
export interface TaskToRun {
  readonly queue: string;
  readonly name: string;
  readonly manager: unknown;
  /** Resolves to the task's id. */
  readonly enqueue: () => Promise<string>;
}

/** Waits for results, those of all callers by one watch over the store. */
export class Awaiting {
  private readonly watch: EndWatch;
  private readonly timeouts: DueTimes<() => void>;
  private readonly ownQueue: OwnQueueWaits;
  private isClosed = false;

  constructor(private readonly parts: AwaitingParts) {
    this.watch = new EndWatch(parts.engine);
    this.timeouts = new DueTimes(parts.config.clock, (ring) => ring());
    this.ownQueue = new OwnQueueWaits(parts.engine, parts.config);
  }

  /**
   * What the handler of a task returned, once it has.
   *
   * @param running the task whose handler waits; null where none does
   * @throws TaskFailedError, TaskCancelledError, ResultTimeoutError, TaskNotFoundError, NoResultError, ResultDeadlockError,
   *   InvalidArgumentError, StoreError; the reason of the signal
   */
  async result(id: string, options: ResultOptions, running: TaskAtHand | null): Promise<unknown> {
    const checked = checkResultOptions(options);
    const end = running ? await this.beginWithin(running, id) : null;
    try {
      return await this.wait(id, checked);
    } finally {
      end?.();
    }
  }

  /** Enqueues a task and waits for its result, see {@link result}. What is refused is not stored. */
  async run(task: TaskToRun, options: ResultOptions, running: TaskAtHand | null): Promise<unknown> {
    const checked = checkResultOptions(options);
    if (task.manager !== undefined) {
      throw new InvalidArgumentError(
        'manager',
        'run() cannot wait within a transaction for a task that is stored when the transaction commits: enqueue it with ' +
          'queue(…, { manager }), and await result(id) after the commit.',
      );
    }
    this.refuseWithoutResult(task.name);
    checked.signal?.throwIfAborted();
    if (this.isClosed) throw shutDown(null);
    const end = await this.ownQueue.begin(running, task.queue, false);
    try {
      return await this.wait(await task.enqueue(), checked);
    } finally {
      end();
    }
  }

  /** Whoever waits may do so for `grace` milliseconds more; then nobody does. */
  async close(grace: number): Promise<void> {
    if (!this.watch.isIdle) {
      let timer: NodeJS.Timeout;
      const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, grace)));
      await Promise.race([this.watch.idle(), over]);
      clearTimeout(timer!);
    }
    this.isClosed = true;
    this.watch.failAll(shutDown);
  }

  /** Notes that the handler of `running` waits for the task, where that is of its own queue. */
  private async beginWithin(running: TaskAtHand, id: string): Promise<() => void> {
    const [task] = (await this.parts.engine.inspecting.awaited([id])).tasks;
    if (!task || hasEnded(task.state)) return () => undefined;
    return this.ownQueue.begin(running, task.queue, task.state === 'running');
  }

  private async wait(id: string, { timeout, signal, cancel }: CheckedResultOptions): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.isClosed) throw shutDown(id);
    let stop = (): void => undefined;
    const outcome = new Promise<AwaitedTask>((resolve, reject) => {
      const waiter: Waiter = {
        id,
        look: ({ name }) => this.refuseWithoutResult(name),
        end: resolve,
        fail: reject,
      };
      const giveUp = (reason: unknown): void => {
        if (!cancel) return reject(reason);
        stop();
        const cancelled = this.parts.engine.acting.act('cancel', { ids: [id] });
        cancelled.then(
          () => reject(reason),
          () => reject(reason),
        );
      };
      const ring = (): void => giveUp(new ResultTimeoutError(id, timeout!, cancel));
      const onAbort = (): void => giveUp(signal!.reason);
      const at = timeout === null ? null : this.parts.config.clock.now() + timeout;
      if (at !== null) this.timeouts.add(at, ring);
      signal?.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        if (at !== null) this.timeouts.remove(at, ring);
        signal?.removeEventListener('abort', onAbort);
        this.watch.remove(waiter);
      };
      this.watch.add(waiter);
    });
    try {
      return resultOf(await outcome);
    } finally {
      stop();
    }
  }

  /** @throws NoResultError where this process knows the handler, and that keeps none */
  private refuseWithoutResult(name: string): void {
    const handler = this.parts.registry.get(name);
    if (!handler || handler.result) return;
    throw new NoResultError(
      name,
      `Task "${name}" has no result to wait for: ${handler.location} does not keep what it returns. Say so in its ` +
        `decorator: @TaskHandler('${name}', { result: true }).`,
    );
  }
}

function resultOf({ id, name, state, error, result, reason }: AwaitedTask): unknown {
  if (state === 'failed') throw new TaskFailedError(id, name, error);
  if (state === 'cancelled') throw new TaskCancelledError(id, name, reason);
  if (result !== null) return JSON.parse(result);
  throw new NoResultError(
    name,
    `Task "${name}" (${id}) has completed, and there is no result of it: its handler keeps none, or the time is over for ` +
      `which it keeps them. Say in its decorator: @TaskHandler('${name}', { result: true }).`,
    id,
  );
}

function shutDown(id: string | null): StoreError {
  const what = id === null ? 'No task is waited for' : `The end of task "${id}" is no longer waited for`;
  const more = id === null ? '' : ' The task is not touched by that: ask for its result again by its id.';
  return new StoreError(`${what}: this process is shutting down.${more}`);
}
