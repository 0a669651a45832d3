import type { ResolvedConfig, TaskSettings } from '../config/index.js';
import { attemptChannel, traceAttempt } from '../channels/index.js';
import { inCleanContext, runAsTask } from '../context/index.js';
import {
  DEFAULT_STORE,
  InvalidParamsError,
  ParamsUpgradeError,
  UnknownTaskNameError,
  UnknownTaskVersionError,
} from '../contract/index.js';
import type { DeliveredTask, Delivery, EngineLogger, NewTask, Outcome, RunTask } from '../engine/port/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import { type ParamsCodec, TaskSecrets } from '../params/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import type { DurableSteps, StepTools } from '../steps/index.js';
import { AttemptContext, AttemptSignal } from './attempt-context.js';
import { type AttemptParts, type AttemptsGranted, Decider, type Ending } from './decide.js';
import { attemptMessage, noteOutcome } from './attempt-message.js';
import { inCarriedContext } from './in-carried-context.js';
import { lapsed } from './lapsed.js';
import { keptOf, keptResultOf } from './kept-result-of.js';
import { parseStoredSettings } from './stored-settings.js';
import { upgradedParams } from './upgrade-params.js';

export interface AttemptPipelineParts {
  readonly registry: Pick<HandlerRegistry, 'get' | 'names' | 'settingsOf'>;
  readonly codec: ParamsCodec;
  readonly config: Partial<Pick<ResolvedConfig, 'name'>> &
    Pick<ResolvedConfig, 'clock' | 'unknownTasksWait' | 'maxResultSize' | 'context' | 'limits'>;
  /** Where steps are recorded. */
  readonly engine: StepTools['engine'];
  /** The dispatcher that handlers find in their context. */
  readonly dispatcher: TaskDispatcher;
  readonly logger: EngineLogger;
  /** For jitter. Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * The way of a delivered task to an outcome:
 *
 *     decode      the handler, the settings and the params
 *     surround    what the handler's call stands in
 *     execute     the handler, until it ends or its signal gives it up
 *     decide      completed, again later, failed, cancelled, handed back (all but the first in decide.ts)
 *
 * All of it happens in a context of its own: an app's `AsyncLocalStorage` holds there what the handler puts into it, and
 * nothing of the request that enqueued this task or another one.
 *
 * Promises and closures are few here, as each costs Node time for every task: no step that need not wait is asynchronous.
 */
export class AttemptPipeline {
  private readonly decider: Decider;

  constructor(private readonly parts: AttemptPipelineParts) {
    const { registry, config, logger, random = Math.random } = parts;
    this.decider = new Decider(registry, config, logger, random);
  }

  readonly run: RunTask = (delivery) =>
    inCleanContext(attemptChannel.hasSubscribers ? this.toldAttempt : this.attempt, delivery);

  private readonly toldAttempt = (delivery: Delivery): Promise<Outcome> => {
    const told = attemptMessage(this.parts.config.name ?? DEFAULT_STORE, delivery.task);
    return traceAttempt(told, () => this.attempt(delivery), noteOutcome);
  };

  /** One promise for all stages. */
  private readonly attempt = (delivery: Delivery): Promise<Outcome> => {
    let decoded: AttemptParts;
    try {
      const over = delivery.task.traits ? this.lapsed(delivery.task) : null;
      if (over) return Promise.resolve(over);
      decoded = this.decode(delivery);
    } catch (thrown) {
      return Promise.resolve(this.decider.uncalled(delivery.task, thrown));
    }
    return new Promise((resolve, reject) => {
      const onEnd: OnEnd = (ending, signal, followUps) => {
        try {
          resolve(followedBy(this.decide(decoded, ending, signal), followUps));
        } catch (error) {
          reject(error);
        }
      };
      new Attempt(decoded, this.parts, onEnd).start();
    });
  };

  /**
   * First stage: finds what a delivered task names. The params, which may have to be waited for, follow when it starts.
   * @throws UnknownTaskNameError, UnknownTaskVersionError; InvalidArgumentError for stored settings that are not readable
   */
  private decode(delivery: Delivery): AttemptParts {
    const { task } = delivery;
    const { registry, codec } = this.parts;
    const handler = registry.get(task.name);
    if (!handler) throw new UnknownTaskNameError(task.name, registry.names());
    const { traits: { version = 1 } = {} } = task;
    const { version: taken = 1 } = handler;
    if (version > taken) throw new UnknownTaskVersionError(task.name, version, taken);
    const own = parseStoredSettings(task.settings);
    const settings = registry.settingsOf(task.queue, handler, own);
    const paths = codec.sensitivePaths(handler.params);
    const secrets =
      paths.length + task.sensitive.length > 0 ? new TaskSecrets(task.params, [...task.sensitive, ...paths]) : null;
    const redact = secrets?.redact ?? unchanged;
    const kept = task.traits ? keptOf(handler, task.traits) : (handler.result ?? null);
    const granted = attemptsGranted(task, settings);
    return { delivery, handler, isOutdated: version < taken, settings, granted, kept, secrets, redact };
  }

  /** First stage, for one of few tasks: whether it may run at all by now, whoever handles it. */
  private lapsed(task: DeliveredTask): Outcome | null {
    const { registry, config } = this.parts;
    const settings = (): TaskSettings =>
      registry.settingsOf(task.queue, registry.get(task.name), parseStoredSettings(task.settings));
    return lapsed(task, config.clock.now(), settings);
  }

  /** Last stage: what comes of an attempt. */
  private decide(parts: AttemptParts, ending: Ending, signal: AttemptSignal): Outcome {
    if (ending.as !== 'done') return this.decider.unfinished(parts, ending, signal);
    const { settings, granted, kept } = parts;
    const keepFor = settings.retention.completed;
    const maxAttempts = granted.base;
    if (!kept) return { kind: 'completed', keepFor, maxAttempts };
    try {
      const result = keptResultOf(parts, kept, ending.value, this.parts.config.maxResultSize);
      return { kind: 'completed', keepFor, maxAttempts, result };
    } catch (thrown) {
      return this.decider.unfinished(parts, { as: 'threw', thrown }, signal);
    }
  }
}

/** @param followUps what is to be stored with the completion of the attempt; null where nothing is */
type OnEnd = (ending: Ending, signal: AttemptSignal, followUps: readonly NewTask[] | null) => void;

/**
 * The call of a handler:
 *
 *     reading the params ──> running ──(the handler ends | the signal gives it up)──> ended, once
 *          │ wrong, or aborted by now                                                   ▲
 *          └────────────────────────────────────────────────────────────────────────────┘
 */
class Attempt {
  private readonly signal: AttemptSignal;
  private readonly context: AttemptContext;
  private hasEnded = false;
  private isWaiting = false;

  /** @param onEnd is called once, and must not throw */
  constructor(
    private readonly parts: AttemptParts,
    private readonly tools: StepTools & {
      codec: ParamsCodec;
      dispatcher: TaskDispatcher;
      config: Pick<ResolvedConfig, 'context'>;
    },
    private readonly onEnd: OnEnd,
  ) {
    const { delivery, settings, granted, redact } = parts;
    this.signal = new AttemptSignal(delivery, settings.timeout, tools.config.clock, this);
    this.context = new AttemptContext(delivery, granted.shown, this.signal, tools.dispatcher, redact, tools);
  }

  /** The rest of the first stage: what was recorded is read where there is any, and the params become what the handler takes. */
  start(): void {
    if (this.signal.aborted) return this.end({ as: 'unstarted' });
    const { traits } = this.parts.delivery.task;
    if (!traits?.steps) return this.decode();
    try {
      this.context.steps.open().then(
        () => this.decode(),
        (thrown: unknown) => this.end({ as: 'threw', thrown }),
      );
    } catch (thrown) {
      this.end({ as: 'threw', thrown });
    }
  }

  private decode(): void {
    const { delivery, handler, isOutdated } = this.parts;
    try {
      const { task } = delivery;
      const json = isOutdated ? upgradedParams(task, handler) : task.params;
      const decoded = this.tools.codec.decode(handler.name, json, handler.params);
      if (!(decoded instanceof Promise)) return this.execute(decoded);
      const started = delivery.startsLater?.();
      decoded.then(
        (params) => {
          this.execute(params);
          started?.();
        },
        (thrown: unknown) => this.refuse(thrown),
      );
    } catch (thrown) {
      this.refuse(thrown);
    }
  }

  /** Called by the signal. What the handler still says or throws after it is ignored, and does not end the process. */
  abandon(): void {
    this.end({ as: 'abandoned' });
  }

  private refuse(thrown: unknown): void {
    // A rule of the class that failed for another reason (no connection) says nothing about the params.
    const isForGood = thrown instanceof InvalidParamsError || thrown instanceof ParamsUpgradeError;
    this.end({ as: isForGood ? 'rejected' : 'threw', thrown });
  }

  /** Third stage: the handler runs, until it ends or its signal gives it up. */
  private execute(params: object): void {
    try {
      this.parts.secrets?.learn(params);
      if (this.signal.aborted) return this.end({ as: 'unstarted' });
      const returned = this.surround(params);
      if (!isThenable(returned)) return this.end(this.done(returned));
      Promise.resolve(returned).then(
        (value) => this.end(this.done(value)),
        (thrown: unknown) => this.end({ as: 'threw', thrown }),
      );
    } catch (thrown) {
      this.end({ as: 'threw', thrown });
    }
  }

  /**
   * Second stage: what the handler's call stands in. Whatever it enqueues, however deep, it enqueues as the task that runs;
   * what it enters into an app's `AsyncLocalStorage` ends with it. What the task carries is entered by the app.
   */
  private surround(params: object): unknown {
    const { handler, delivery } = this.parts;
    const { dispatcher, config } = this.tools;
    const handle = (): unknown => handler.call(params, this.context);
    const { run } = config.context;
    return runAsTask(
      dispatcher,
      this.context.followUps,
      run ? () => inCarriedContext(run, delivery.task.traits?.context, handle) : handle,
    );
  }

  private done(value: unknown): Ending {
    return this.parts.kept ? { as: 'done', value } : { as: 'done' };
  }

  private end(ending: Ending): void {
    if (this.hasEnded) return;
    const steps = this.context.stepsInUse;
    if (ending.as === 'threw') steps?.noteWaits();
    if (steps?.isBusy && ending.as !== 'abandoned') {
      // What runs beside one that threw is recorded all the same: it has had its effect.
      if (!this.isWaiting) void steps.idle().then(() => this.endIdle(ending));
      this.isWaiting = true;
      return;
    }
    this.hasEnded = true;
    this.onEnd(ofSuspended(ending, steps?.suspended ?? null), this.signal, this.context.followUps.close());
    this.context.end();
    this.signal.dispose();
  }

  private endIdle(ending: Ending): void {
    this.isWaiting = false;
    this.end(ending);
  }
}

function attemptsGranted(
  { maxAttempts, attempt, excusedAttempts }: DeliveredTask,
  settings: Pick<TaskSettings, 'maxRetries'>,
): AttemptsGranted {
  const base = maxAttempts ?? settings.maxRetries + 1;
  return { base, used: Math.max(1, attempt - excusedAttempts), shown: base + excusedAttempts };
}

/** A handler that is suspended is so, however it ended. */
function ofSuspended(ending: Ending, suspended: DurableSteps['suspended']): Ending {
  if (!suspended || ending.as === 'abandoned') return ending;
  const swallowed = ending.as !== 'threw' || ending.thrown !== suspended.error;
  return { as: 'suspended', waits: suspended.waits, swallowed };
}

/** Nothing follows an attempt that did not complete. */
function followedBy(outcome: Outcome, followUps: readonly NewTask[] | null): Outcome {
  return followUps && outcome.kind === 'completed' ? { ...outcome, followUps } : outcome;
}

function unchanged(text: string): string {
  return text;
}

/** Also a promise of another realm or library. */
function isThenable(value: unknown): boolean {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value;
}
