import { V7Generator } from 'uuidv7';
import { enqueueChannel, traceEnqueue } from '../channels/index.js';
import { monotonicTime } from '../clock/index.js';
import { type ResolvedConfig, type TaskSettings, unfitRetention } from '../config/index.js';
import {
  type Caller,
  type CarriedContext,
  type EnqueuedTask,
  InvalidArgumentError,
  type QueueFlow,
} from '../contract/index.js';
import type { NewTask, TaskEngine } from '../engine/port/index.js';
import type { HandlerRegistry, RegisteredHandler } from '../handlers/index.js';
import { type EncodedParams, type ParamsCodec } from '../params/index.js';
import { carriedContext } from './carried-context.js';
import { type CallOptions, checkOptions, startTime, withOwnOptions } from './call-options.js';
import { CheckTurns } from './check-turns.js';
import type { FollowUps } from './follow-ups.js';
import { claiming } from './claims.js';
import { checkEnds, type LifeSpan, lifeSpanOf } from './life-span.js';
import { checkUnhandled, nameByParams, refuseQueue } from './names.js';
import { failureTargetOf } from './on-failed.js';
import { checkIdentity, ownId, refuseOneForAll } from './own-ids.js';
import { RowProblems } from './rows.js';
import { enqueueMessage, withCarrier } from './enqueue-message.js';
import { type ReadyTask, storeTasks } from './store-tasks.js';
import { type PartedKey, partKey, slotKeyOf } from './slot-keys.js';
import { checkGivenVersion, traitsOf } from './traits.js';
import { checkCompletion, storeWithCompletion } from './with-completion.js';
import type { QueueTaskWhenOptions, TaskRow } from './task-dispatcher.types.js';

const ids = new V7Generator();

/** An id that begins with when it was made. */
export function newId(now: number): string {
  return ids.generateOrResetWithTs(now).toString();
}

/** Rows are checked for this long at a stretch; then whatever else waits has its turn. */
const TURN_BUDGET_MS = 3;

export interface EnqueuePipelineParts {
  readonly engine: TaskEngine;
  readonly config: ResolvedConfig;
  readonly registry: HandlerRegistry;
  readonly codec: ParamsCodec;
  /** Those of the attempt whose handler is enqueueing; null where none is. */
  readonly followUps: () => FollowUps | null;
}

/** The part that is the same for every task of one call. */
interface EnqueueCall extends Omit<CallOptions, 'delay' | 'runAt' | 'expires' | 'deadline' | 'key'>, PartedKey {
  /** What its queue lets run; null where nothing limits that. */
  readonly flow: QueueFlow | null;
  readonly queue: string;
  /** The settings as they are stored. */
  readonly storedSettings: string | null;
  /** When the call was made, and when its tasks are due, in UTC milliseconds. */
  readonly now: number;
  readonly runAt: number;
  /** The times by which its tasks must have started and ended; null where there are none. */
  readonly span: LifeSpan | null;
  /** What its tasks carry from here. */
  readonly context: CarriedContext | undefined;
  /** The step that calls its task. */
  readonly caller: Caller | undefined;
  /** Those of the attempt whose handler calls; null where none does. */
  readonly followUps: FollowUps | null;
  /** Neither it, nor its queue, nor where it comes from gives its tasks anything beside the usual. */
  readonly isPlain: boolean;
}

/** A task whose queue, name, handler and settings are known. */
interface ResolvedTask {
  readonly call: EnqueueCall;
  readonly name: string;
  /** Undefined in a process without handlers, which may enqueue for others. */
  readonly handler: RegisteredHandler | undefined;
  readonly settings: TaskSettings;
}

/**
 * The way of a task from a caller into the store:
 *
 *     resolve     the queue and the options, once a call; the name, the handler and the settings
 *     validate    the params: JSON that the handler's class takes
 *     identify    the id, the parent and the key
 *     claim       the unique key, where it has one
 *     limit       what the engine can keep
 *     store       in the store, or in the caller's transaction
 *
 * Whatever is wrong is thrown before the last stage, so that nothing is stored. The stages before it wait for nothing but
 * a rule of a params class that is asynchronous.
 */
export class EnqueuePipeline {
  private readonly turns = new CheckTurns();

  constructor(private readonly parts: EnqueuePipelineParts) {}

  async enqueue(queue: string, row: TaskRow, options: QueueTaskWhenOptions): Promise<EnqueuedTask> {
    const call = this.resolveCall(queue, options);
    const made = this.build(call, row);
    const [task] = await this.store([made instanceof Promise ? await made : made], call);
    return task!;
  }

  /** Every row is checked before any error is thrown. */
  async enqueueMany(queue: string, rows: readonly TaskRow[], options: QueueTaskWhenOptions): Promise<EnqueuedTask[]> {
    const call = this.resolveCall(queue, options);
    return this.store(await this.buildMany(call, rows, options), call);
  }

  /** Every stage but the last of tasks that something else stores. */
  async prepareMany(queue: string, rows: readonly TaskRow[], options: QueueTaskWhenOptions): Promise<ReadyTask[]> {
    const call = this.resolveCall(queue, options);
    if (rows.length === 1) return [await this.build(call, rows[0]!)];
    return this.buildMany(call, rows, options);
  }

  private async buildMany(
    call: EnqueueCall,
    rows: readonly TaskRow[],
    options: QueueTaskWhenOptions,
  ): Promise<ReadyTask[]> {
    const { queue } = call;
    refuseOneForAll(call);
    const ready: ReadyTask[] = [];
    const problems = new RowProblems();
    const number = this.turns.begin();
    let deadline = monotonicTime() + TURN_BUDGET_MS;
    for (const [index, row] of rows.entries()) {
      try {
        const own = row.options === undefined ? call : this.resolveCall(queue, withOwnOptions(options, row.options));
        const made = this.build(own, row);
        ready.push(made instanceof Promise ? await made : made);
      } catch (error) {
        if (!problems.note(error, index)) break;
      }
      if (monotonicTime() < deadline) continue;
      await this.turns.next(number);
      deadline = monotonicTime() + TURN_BUDGET_MS;
    }
    problems.raise();
    return ready;
  }

  /** Every stage but the last: the task as it would be stored. */
  async prepare(queue: string, row: TaskRow, options: QueueTaskWhenOptions): Promise<ReadyTask> {
    // Whoever adds a schedule is not where its runs come from.
    return this.build({ ...this.resolveCall(queue, options), context: undefined }, row);
  }

  private build(call: EnqueueCall, row: TaskRow): ReadyTask | Promise<ReadyTask> {
    const resolved = this.resolve(call, row);
    const encoded = this.validate(resolved, row.params);
    return encoded instanceof Promise
      ? encoded.then((later) => this.finish(resolved, later))
      : this.finish(resolved, encoded);
  }

  private finish(resolved: ResolvedTask, encoded: EncodedParams): ReadyTask {
    const task = this.claim(resolved, this.identify(resolved, encoded), encoded);
    this.limit(resolved.call);
    return { task, params: encoded.plain };
  }

  /**
   * First stage, once for all rows of a call.
   * @throws UnknownQueueError, InvalidArgumentError
   */
  private resolveCall(queue: string, options: QueueTaskWhenOptions): EnqueueCall {
    const { config, registry } = this.parts;
    const { flow, onFailed } = config.queues.get(queue) ?? refuseQueue(queue, config, registry);
    const now = config.clock.now();
    const followUps = this.parts.followUps();
    const context = config.context.carry ? carriedContext(config.context, followUps) : followUps?.context;
    const from = { queue, flow, now, context, caller: followUps?.caller, followUps };
    if (isEmpty(options)) {
      const isPlain = !context && !from.caller && !flow?.fair && !(onFailed ?? config.onFailed);
      return { ...from, ...NO_OPTIONS, runAt: now, isPlain };
    }
    const { delay, runAt: given, settings, expires, deadline, key: givenKey, ...rest } = checkOptions(options);
    const keys = partKey(givenKey, queue, flow);
    checkIdentity({ id: rest.id, key: keys.key });
    checkCompletion(rest, followUps, this.parts.engine);
    const storedSettings = settings === null ? null : JSON.stringify(settings);
    const runAt = startTime(delay, given, now);
    const span = lifeSpanOf({ expires, deadline }, now, runAt);
    return { ...from, ...rest, ...keys, settings, storedSettings, runAt, span, isPlain: false };
  }

  /** First stage, for each row. @throws UnknownTaskNameError, InvalidArgumentError */
  private resolve(call: EnqueueCall, { name: given, params }: TaskRow): ResolvedTask {
    const { registry } = this.parts;
    const name = given ?? nameByParams(params, registry);
    const handler = registry.get(name);
    if (!handler) checkUnhandled(name, registry);
    if (call.version !== undefined) checkGivenVersion(name, handler, call.version);
    return { call, name, handler, settings: registry.settingsOf(call.queue, handler, call.settings) };
  }

  /**
   * Second stage: params that the handler's class takes, as they are stored. A promise only where a rule of the class
   * makes it wait.
   *
   * @throws InvalidParamsError, ParamsTooLargeError
   */
  private validate({ name, handler }: ResolvedTask, params: object): EncodedParams | Promise<EncodedParams> {
    return this.parts.codec.encode(name, params, handler?.params ?? null);
  }

  /** Third stage: the task gets its id, and the task whose handler enqueues it as its parent. @throws InvalidArgumentError */
  private identify(resolved: ResolvedTask, { json, sensitive, plain }: EncodedParams): NewTask {
    const { call, name, handler, settings } = resolved;
    const knowsRetries = handler !== undefined || call.settings?.maxRetries !== undefined;
    const task: NewTask = {
      // Begins with when the task was enqueued, by which engines find it.
      id: newId(call.now),
      queue: call.queue,
      name,
      params: json,
      priority: settings.priority,
      runAt: call.runAt,
      createdAt: call.now,
      maxAttempts: knowsRetries ? settings.maxRetries + 1 : null,
      settings: call.storedSettings,
      sensitive,
      parentId: call.followUps?.taskId ?? null,
    };
    return call.isPlain && isPlainHandler(handler) ? task : this.withMore(resolved, task, plain);
  }

  /** Third stage, for one of few tasks: an id of its own, the key whose slots it shares, and what else it has beside the usual. */
  private withMore({ call, handler }: ResolvedTask, task: NewTask, params: unknown): NewTask {
    const { config, registry } = this.parts;
    const { queue, name } = task;
    const slotKey = slotKeyOf(call.slotKey, handler, name, params, call.flow);
    const target = failureTargetOf({ queue, name, onFailed: handler?.onFailed }, config, (other) =>
      registry.get(other),
    );
    const id = ownId(call, task, call.followUps);
    return { ...task, ...(id !== undefined && { id, mayExist: true }), ...traitsOf(call, handler, slotKey, target) };
  }

  /** Fourth stage: the claim on a unique key, by the call's rule or its handler's. @throws InvalidArgumentError */
  private claim({ call, handler }: ResolvedTask, task: NewTask, { plain }: EncodedParams): NewTask {
    const rule = call.rule === undefined ? handler?.unique : call.rule;
    if (!rule) return task;
    const { engine, config } = this.parts;
    return claiming(task, rule, plain, call, engine, config.maxParamsSize);
  }

  /** Fifth stage: refuses what the engine cannot keep. @throws InvalidArgumentError */
  private limit({ queue, settings, span }: EnqueueCall): void {
    if (span) checkEnds(span, this.parts.engine);
    // Most calls bring no settings of their own, and the module's were checked at boot.
    if (settings === null) return;
    const unfit = unfitRetention(this.parts.config, queue, settings, this.parts.engine);
    if (unfit) throw new InvalidArgumentError('retention', unfit);
  }

  /**
   * Last stage: the store has the tasks, all or none; with a manager when its transaction commits, or with the completion of
   * the attempt whose handler calls.
   *
   * @throws DuplicateTaskError, ForeignManagerError, StoreError
   */
  private async store(ready: readonly ReadyTask[], call: EnqueueCall): Promise<EnqueuedTask[]> {
    if (!enqueueChannel.hasSubscribers) return this.storeUntold(ready, call);
    const told = enqueueMessage(this.parts.config.name, call.queue, ready);
    return traceEnqueue(told, () => this.storeUntold(withCarrier(ready, told.carrier), call));
  }

  private async storeUntold(ready: readonly ReadyTask[], call: EnqueueCall): Promise<EnqueuedTask[]> {
    if (call.with) return storeWithCompletion(ready, call.followUps!);
    return storeTasks(this.parts.engine.enqueueing, ready, call.manager);
  }
}

/** A call without options. */
const NO_OPTIONS = {
  manager: undefined,
  version: undefined,
  key: undefined,
  slotKey: undefined,
  settings: null,
  storedSettings: null,
  tags: undefined,
  rule: undefined,
  span: null,
} as const;

/** As nearly every call's options are. Anything but an empty object literal is looked at closely. */
function isEmpty(options: object | null | undefined): boolean {
  return options != null && Object.getPrototypeOf(options) === Object.prototype && Object.keys(options).length === 0;
}

/** Whether a handler gives its tasks nothing beside the usual; where there is none here, nobody does. */
function isPlainHandler(handler: RegisteredHandler | undefined): boolean {
  if (!handler) return true;
  return (handler.version ?? 1) === 1 && handler.key === undefined && handler.onFailed === undefined;
}
