import type { Type } from '@nestjs/common';
import { abort } from '../engine/common/index.js';
import type { TaskSettingsOptions } from '../config/index.js';
import {
  type AttemptOutcome,
  listOf,
  nearest,
  TASK_HANDLER_METADATA,
  type TaskAbortedError,
  type TaskProgress,
  type TaskTags,
} from '../contract/index.js';
import type { DeliveredTask, Delivery } from '../engine/port/index.js';
import type { RegisteredHandler } from '../handlers/index.js';
import type { StoreParts } from '../nest/index.js';
import { LIBRARY_FUNCTIONS } from '../thread/index.js';
import type { QueuedTask } from './queued-task.js';
import { errorOf, outcomeWord } from './ran-attempt.js';
import type { StoreBench } from './store-bench.js';
import { TasksTestingError } from './testing-error.js';

/** About the attempt that `perform` makes. */
export interface PerformOptions {
  /**
   * Number of the attempt.
   * @default 1
   */
  attempt?: number;
  /** @default the queue that the handler names, else `default` */
  queue?: string;
  /** @default one that was made for it */
  id?: string;
  /** Settings of this one task, over those of its handler. */
  settings?: Omit<TaskSettingsOptions, 'backoff'>;
  tags?: TaskTags;
  /** Version of the params, where they are to be upgraded first. */
  version?: number;
  /** Cancels the task when it is aborted. */
  signal?: AbortSignal;
  /** One of several stores. */
  store?: string;
}

/** What came of an attempt that was performed. */
export interface PerformedAttempt<Result = unknown> {
  readonly outcome: AttemptOutcome;
  /** What the handler returned: as its caller would get it where its results are kept. Undefined unless it completed. */
  readonly result: Result | undefined;
  /** What it threw, or why it failed otherwise; null where it did not. */
  readonly error: unknown;
  readonly logs: readonly string[];
  /** The last that it told; null where it told none. */
  readonly progress: TaskProgress | null;
  /** Milliseconds until the next attempt; null where there is none. */
  readonly retryIn: number | null;
  /** What it enqueued. */
  readonly queued: readonly QueuedTask[];
}

/** A handler as `perform` takes it: its class, or the name of its task. */
export type HandlerToPerform = Type<object> | string;

/** One attempt of a handler, by the pipeline that every attempt goes through, without a task in the store. */
export class SoloAttempt {
  private readonly logs: string[] = [];
  private progress: TaskProgress | null = null;

  private constructor(
    private readonly bench: StoreBench,
    private readonly parts: StoreParts,
    private readonly handler: RegisteredHandler,
  ) {}

  /** @throws TasksTestingError where nothing of the app is that handler */
  static async of(benches: readonly StoreBench[], wanted: HandlerToPerform): Promise<SoloAttempt> {
    const name = nameOfHandler(wanted);
    const names: string[] = [];
    for (const bench of benches) {
      const parts = await bench.ready();
      const handler = parts?.registry.get(name);
      if (parts && handler) return new SoloAttempt(bench, parts, handler);
      names.push(...(parts?.registry.names() ?? []));
    }
    const near = nearest(name, names);
    throw new TasksTestingError(
      `Nothing in this app handles task "${name}".${near ? ` Did you mean "${near}"?` : ''} List its handler in the ` +
        `providers of a module. Handlers here: ${listOf(names)}.`,
    );
  }

  /** @throws InvalidParamsError, ParamsTooLargeError where JSON cannot hold the params */
  async run(params: object, options: PerformOptions): Promise<PerformedAttempt> {
    const { bench, parts } = this;
    const before = bench.recorded.length;
    const task = await this.task(params, options);
    const now = parts.config.clock.now();
    bench.performed.add(task.id);
    const outcome = await parts.attempts.run(this.delivery(task, options.signal));
    bench.performed.delete(task.id);
    const end = bench.calls.take(task.id);
    if (outcome.kind === 'completed' && outcome.followUps) await parts.engine.enqueueing.enqueue(outcome.followUps);
    const kept = outcome.kind === 'completed' ? outcome.result : undefined;
    const returned = outcome.kind === 'completed' ? end.returned : undefined;
    return {
      outcome: outcomeWord(outcome),
      result: kept ? (JSON.parse(kept.json) as unknown) : returned,
      error: errorOf(outcome, end),
      logs: this.logs,
      progress: this.progress,
      retryIn: outcome.kind === 'retry' ? outcome.at - now : null,
      queued: bench.recorded.slice(before).map((recorded) => recorded.task),
    };
  }

  private async task(params: object, options: PerformOptions): Promise<DeliveredTask> {
    const { name, queue } = this.handler;
    const { codec, config } = this.parts;
    const { attempt = 1, settings, tags, version } = options;
    if (!Number.isInteger(attempt) || attempt < 1) {
      throw new TasksTestingError(`"attempt" must be a whole number from 1 on, not ${String(attempt)}.`);
    }
    const now = config.clock.now();
    const { json } = await codec.encode(name, params, null);
    const traits = { ...(tags && { tags }), ...(version !== undefined && { version }) };
    return {
      id: options.id ?? LIBRARY_FUNCTIONS.newId(),
      queue: options.queue ?? queue ?? 'default',
      name,
      params: json,
      priority: 0,
      runAt: now,
      createdAt: now,
      maxAttempts: null,
      settings: settings ? JSON.stringify(settings) : null,
      sensitive: [],
      attempt,
      excusedAttempts: 0,
      traits: version === undefined && this.handler.version ? { version: this.handler.version, ...traits } : traits,
    };
  }

  private delivery(task: DeliveredTask, signal: AbortSignal | undefined): Delivery {
    const delivery = {
      task,
      aborted: null as TaskAbortedError | null,
      onAbort: null as Delivery['onAbort'],
      progress: (progress: TaskProgress): void => void (this.progress = progress),
      log: (message: string): void => void this.logs.push(message),
    };
    const cancel = (): void => abort(delivery, 'cancelled', `Task ${task.id} was cancelled`);
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    return delivery;
  }
}

function nameOfHandler(wanted: HandlerToPerform): string {
  if (typeof wanted === 'string') return wanted;
  const metadata = Reflect.getOwnMetadata(TASK_HANDLER_METADATA, wanted) as { readonly name: string } | undefined;
  if (metadata) return metadata.name;
  throw new TasksTestingError(
    `${wanted.name} has no @TaskHandler. For a method with one, give the name of its task: perform('import_data', …).`,
  );
}
