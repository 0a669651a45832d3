import type { EntityManager } from 'typeorm';
import { type CancelTimer, type Clock, whenItIs } from '../clock/index.js';
import { inCleanContext, runAsTask } from '../context/index.js';
import {
  type AbortCause,
  DeadlineError,
  type Duration,
  type EnqueuedTask,
  TaskAbortedError,
} from '../contract/index.js';
import { ABORT_GRACE_MS, type Delivery } from '../engine/port/index.js';
import type { Redact } from '../params/index.js';
import { type AddTaskOptions, FollowUps, type QueueTaskWhenOptions, type TaskDispatcher } from '../queueing/index.js';
import { DurableSteps, type StepContext, type StepOptions, type StepTools, type WaitOptions } from '../steps/index.js';
import { NodeResults, resultOf, workflowsOf } from '../workflows/index.js';
import { capped } from './capped-text.js';
import { workflowOf } from './in-workflow.js';
import type { CallTaskOptions, TaskContext } from './task-context.js';
import { timeoutMessage } from './timeout-error.js';

const MAX_LOG_LENGTH = 8 * 1024;
const MAX_PROGRESS_MESSAGE_LENGTH = 1_000;
/** Lines of one attempt: a handler that logs every row of a million must not fill the store. */
const MAX_LOGS = 1_000;

/** Of most attempts. */
const NO_ADDITIONS = new Map<string, number>();

/** The context of one attempt. After its end, what a handler that was left behind still says is ignored. */
export class AttemptContext implements TaskContext {
  readonly id: string;
  readonly queueName: string;
  readonly name: string;
  readonly attempt: number;
  readonly enqueuedAt: number;
  readonly followUps: FollowUps;
  private logs = 0;
  private percent = 0;
  private ended = false;
  private durable: DurableSteps | null = null;
  /** How often a task of a name was added. */
  private added = NO_ADDITIONS;

  constructor(
    private readonly delivery: Delivery,
    readonly maxAttempts: number,
    private readonly attemptSignal: AttemptSignal,
    readonly dispatcher: TaskDispatcher,
    readonly redact: Redact,
    private readonly stepTools: StepTools,
  ) {
    const { id, queue, name, attempt, createdAt, traits } = delivery.task;
    this.id = id;
    this.queueName = queue;
    this.name = name;
    this.attempt = attempt;
    this.enqueuedAt = createdAt;
    this.followUps = new FollowUps(id, queue, traits?.context);
  }

  get signal(): AbortSignal {
    return this.attemptSignal.signal;
  }

  /** Also where the app left the handler's asynchronous context, as a listener of an emitter may. */
  queue(
    queue: string,
    ...args: [string, object, QueueTaskWhenOptions?] | [object, QueueTaskWhenOptions?]
  ): Promise<EnqueuedTask> {
    const enqueue = this.dispatcher.queue.bind(this.dispatcher) as (...all: unknown[]) => Promise<EnqueuedTask>;
    return runAsTask(this.dispatcher, this.followUps, () => enqueue(queue, ...args));
  }

  progress(percent: number, message?: string): void {
    if (this.ended) return;
    // A percentage of nothing (0 / 0) is no reason to fail an import of no rows.
    if (Number.isFinite(percent)) this.percent = Math.min(100, Math.max(0, percent));
    this.delivery.progress({
      percent: this.percent,
      ...(message != null && { message: this.text(message, MAX_PROGRESS_MESSAGE_LENGTH) }),
    });
  }

  log(message: string): void {
    if (this.ended || this.logs > MAX_LOGS) return;
    this.logs += 1;
    if (this.logs > MAX_LOGS) this.delivery.log(`Only the first ${MAX_LOGS} lines of an attempt are kept`);
    else this.delivery.log(this.text(message, MAX_LOG_LENGTH));
  }

  async step<Result>(name: string, ...args: StepArguments<StepContext, Result>): Promise<Result> {
    const [run, options] = inOrder(args);
    return this.steps.step(name, run, options);
  }

  async transaction<Result>(name: string, ...args: StepArguments<EntityManager, Result>): Promise<Result> {
    const [run, options] = inOrder(args);
    return this.steps.transaction(name, run, options);
  }

  async sleep(name: string, duration: Duration | Date, options?: StepOptions): Promise<void> {
    return this.steps.sleep(name, duration, options);
  }

  async waitFor<Payload>(name: string, options?: WaitOptions): Promise<Payload | null> {
    const found = await this.steps.waitForAny([name], options);
    return found && (found[1] as Payload);
  }

  async waitForAny<Name extends string, Payload>(
    names: readonly Name[],
    options?: WaitOptions,
  ): Promise<readonly [Name, Payload] | readonly [null, null]> {
    const found = await this.steps.waitForAny(names, options);
    return found ? [found[0] as Name, found[1] as Payload] : [null, null];
  }

  async call(queue: string, name: string, params: object, options: CallTaskOptions = {}): Promise<unknown> {
    const { key: stepKey, was, ...others } = options;
    const step = { ...(stepKey !== undefined && { key: stepKey }), ...(was !== undefined && { was }) };
    const enqueue = this.dispatcher.queue.bind(this.dispatcher) as (...all: unknown[]) => Promise<EnqueuedTask>;
    return this.steps.call(name, step, (id, caller) => {
      const followUps = new FollowUps(this.id, this.queueName, this.followUps.context, caller);
      return runAsTask(this.dispatcher, followUps, () => enqueue(queue, name, params, { ...others, id }));
    });
  }

  async add(queue: string, name: string, params: object, options: AddTaskOptions = {}): Promise<EnqueuedTask> {
    const { task } = this.delivery;
    const { id, node } = workflowOf(task, 'add');
    if (this.added === NO_ADDITIONS) this.added = new Map();
    const before = this.added.get(name) ?? 0;
    this.added.set(name, before + 1);
    const where = { id, node, key: options.key ?? `${name}:${before}` };
    const lease = {
      id: task.id,
      queue: task.queue,
      attempt: task.attempt,
      ...(task.worker !== undefined && { worker: task.worker }),
    };
    return runAsTask(this.dispatcher, this.followUps, () =>
      this.dispatcher.addToWorkflow(lease, where, [queue, name, params, options]),
    );
  }

  async resultOf<Result>(name: string): Promise<Result> {
    const { id } = workflowOf(this.delivery.task, 'resultOf');
    return resultOf(workflowsOf(this.stepTools.engine, `"${name}" has no result`), id, name);
  }

  resultsOf<Result>(name: string): NodeResults<Result> {
    const { id } = workflowOf(this.delivery.task, 'resultsOf');
    return new NodeResults(workflowsOf(this.stepTools.engine, `"${name}" has no results`), id, name);
  }

  async save(value: unknown): Promise<void> {
    return this.steps.save(value);
  }

  // Whoever reads it says what it is.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  get saved(): any {
    return this.durable || this.delivery.task.traits?.steps ? this.steps.saved : undefined;
  }

  /** @throws StepsNotSupportedError */
  get steps(): DurableSteps {
    this.durable ??= new DurableSteps(this.delivery.task, this, this.stepTools);
    if (this.ended) this.durable.end();
    return this.durable;
  }

  /** Null where the handler has none. */
  get stepsInUse(): DurableSteps | null {
    return this.durable;
  }

  end(): void {
    this.ended = true;
    this.durable?.end();
  }

  private text(message: unknown, limit: number): string {
    return capped(this.redact(shown(message)), limit);
  }
}

type StepArguments<Input, Result> =
  | [run: (input: Input) => Result | Promise<Result>, options?: StepOptions]
  | [options: StepOptions, run: (input: Input) => Result | Promise<Result>];

/** The options of a step may stand before its function, where they are read first, or after it. */
function inOrder<Input, Result>([first, second]: StepArguments<Input, Result>): [
  (input: Input) => Result | Promise<Result>,
  StepOptions | undefined,
] {
  type Run = (input: Input) => Result | Promise<Result>;
  return typeof first === 'function' ? [first, second as StepOptions | undefined] : [second as Run, first];
}

/** Whatever a handler without types hands in. */
function shown(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '[no text]';
  }
}

/**
 * The signal that a handler sees, aborted by the engine or by the attempt's own timeout. Made when somebody asks for it: most
 * handlers never do, and a signal costs more than all the rest.
 *
 * running --(engine aborts: cancelled, shutdown, lease-lost | timeout | deadline)--> aborted --(grace is over)--> abandoned
 *
 * The first cause stands, but `cancelled` and `lease-lost` overrule a timeout and a deadline: what a person decided, or another process
 * owns, is not retried.
 */
export class AttemptSignal {
  private timers: CancelTimer[] | null = null;
  private controller: AbortController | null = null;
  /** The first reason that it was aborted for. */
  private reason: TaskAbortedError | null = null;

  /**
   * @param timeout milliseconds, null for none
   * @param attempt is given up when it has not ended within the grace after an abort
   */
  constructor(
    private readonly delivery: Delivery,
    timeout: number | null,
    private readonly clock: Clock,
    private readonly attempt: { abandon(): void },
  ) {
    if (delivery.aborted) this.abort(delivery.aborted);
    else {
      delivery.onAbort = (reason) => this.abort(reason);
      if (timeout !== null) this.schedule(timeout, () => this.timeOut(timeout));
      const deadlineAt = delivery.task.traits?.deadlineAt;
      if (deadlineAt !== undefined) this.endBy(deadlineAt);
    }
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  get aborted(): boolean {
    return this.reason !== null;
  }

  /** Why it was aborted; null while it was not. */
  get cause(): AbortCause | null {
    const byEngine = this.delivery.aborted?.reason ?? null;
    if (byEngine === 'cancelled' || byEngine === 'lease-lost') return byEngine;
    return this.reason?.reason ?? null;
  }

  dispose(): void {
    this.delivery.onAbort = null;
    if (this.timers) for (const cancel of this.timers) cancel();
  }

  private timeOut(timeout: number): void {
    this.abort(new TaskAbortedError('timeout', timeoutMessage(timeout)));
  }

  private endBy(deadlineAt: number): void {
    const end = (): void => this.abort(new DeadlineError(deadlineAt));
    (this.timers ??= []).push(whenItIs(this.clock, deadlineAt, () => inCleanContext(end)));
  }

  private abort(reason: TaskAbortedError): void {
    if (!this.reason) {
      this.reason = reason;
      this.controller?.abort(reason);
    }
    this.schedule(ABORT_GRACE_MS, () => this.attempt.abandon());
  }

  private schedule(delay: number, action: () => void): void {
    // A person who moves an app's own clock is no part of the attempt.
    (this.timers ??= []).push(this.clock.schedule(delay, () => inCleanContext(action)));
  }
}
