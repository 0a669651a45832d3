import type { ResolvedConfig, TaskSettings } from '../config/index.js';
import {
  type AbortCause,
  DeadlineError,
  listOf,
  UnknownTaskNameError,
  UnknownTaskVersionError,
} from '../contract/index.js';
import {
  ABORT_GRACE_MS,
  type DeliveredTask,
  type Delivery,
  type EngineLogger,
  type Outcome,
  type StepRecord,
} from '../engine/port/index.js';
import type { HandlerRegistry, KeptResult, RegisteredHandler } from '../handlers/index.js';
import { type Redact, TaskSecrets } from '../params/index.js';
import type { AttemptSignal } from './attempt-context.js';
import { errorOutcome, isDecision } from './error-outcome.js';
import { formatDuration } from './format-duration.js';
import { isAbortError, toTaskError } from './task-error.js';
import { TimeoutError } from './timeout-error.js';

/** The parts of one attempt, as the first stage finds them. */
export interface AttemptParts {
  readonly delivery: Delivery;
  readonly handler: RegisteredHandler;
  readonly settings: TaskSettings;
  readonly granted: AttemptsGranted;
  /** The params are of an earlier version than the handler takes. */
  readonly isOutdated: boolean;
  /** How what the handler returns is kept; null where it is not. */
  readonly kept: KeptResult | null;
  /** Null where nothing of the params is sensitive. */
  readonly secrets: TaskSecrets | null;
  /** Takes the secrets out of what is stored or logged. */
  readonly redact: Redact;
}

/**
 * How many attempts a task is granted, and how many it has used.
 *
 *     base     = the task's own maxAttempts, else maxRetries + 1 of its settings
 *     used     = attempt - excusedAttempts     (this attempt counts; lost, snoozed and released ones do not)
 *     used < base: another attempt may follow; it is retry number `used`
 *
 * An outcome carries `base`: the engine adds what it excuses. A handler sees `base + excusedAttempts`, so that its last
 * attempt is the one where `attempt === maxAttempts`.
 */
export interface AttemptsGranted {
  readonly base: number;
  readonly used: number;
  readonly shown: number;
}

/**
 * How the handler's part of an attempt came out. `rejected`: its params are wrong, and stay so; `unstarted`: aborted
 * before the handler was called; `abandoned`: aborted, and it did not stop.
 */
export type Ending =
  /** `value`: what it returned, where that is kept. */
  | { readonly as: 'done'; readonly value?: unknown }
  | { readonly as: 'unstarted' | 'abandoned' }
  /** `swallowed`: the handler did not let the suspension through. */
  | { readonly as: 'suspended'; readonly waits: readonly StepRecord[]; readonly swallowed: boolean }
  | { readonly as: 'threw' | 'rejected'; readonly thrown: unknown };

/** How an attempt came out whose handler did not do its work. */
export type Unfinished = Exclude<Ending, { readonly as: 'done' }>;

/** Something that another process may know. */
type UnknownTask = UnknownTaskNameError | UnknownTaskVersionError;

function isUnknown(thrown: unknown): thrown is UnknownTask {
  return thrown instanceof UnknownTaskNameError || thrown instanceof UnknownTaskVersionError;
}

/**
 * Last stage: what comes of an attempt that did not complete.
 *
 *     no handler of that name, or for its version   -> declined: another process may know it; or failed, as configured
 *     settings or params not readable               -> failed with the reason: a retry by hand works after a fix
 *     it waits for something                        -> suspended, also after a timeout and a shutdown
 *     it throws, not aborted                        -> retry or failed, see errorOutcome
 *     it throws or does not stop, after an abort by
 *       timeout                                     -> as if it had thrown a TimeoutError
 *       cancelled                                   -> cancelled
 *       deadline                                    -> failed with a DeadlineError, whatever it throws
 *       shutdown, lease-lost                        -> released
 *     it throws UnrecoverableError or RetryLater    -> that holds after a timeout and a shutdown, too
 */
export class Decider {
  private readonly unknown = new Set<string>();

  constructor(
    private readonly registry: Pick<HandlerRegistry, 'settingsOf'>,
    private readonly config: Pick<ResolvedConfig, 'clock' | 'unknownTasksWait' | 'limits'>,
    private readonly logger: EngineLogger,
    private readonly random: () => number,
  ) {}

  /** Decides on an attempt that ended. */
  unfinished(parts: AttemptParts, ending: Unfinished, signal: AttemptSignal): Outcome {
    try {
      if (ending.as === 'abandoned') this.noteAbandoned(parts.delivery);
      return this.outcomeOf(parts, ending, signal);
    } catch (thrown) {
      return this.uncalled(parts.delivery.task, thrown);
    }
  }

  /** Decides on a task whose handler could not be called. That does not go away by trying again. */
  uncalled(task: DeliveredTask, thrown: unknown): Outcome {
    const settings = this.registry.settingsOf(task.queue, undefined, null);
    const error = toTaskError(thrown, new TaskSecrets(task.params, task.sensitive).redact);
    const maxAttempts = task.maxAttempts ?? settings.maxRetries + 1;
    const keepFor = settings.retention.failed;
    const wait = this.config.unknownTasksWait;
    if (wait !== null && isUnknown(thrown)) {
      this.warnOfUnknown(thrown, wait);
      return { kind: 'declined', wait, error, keepFor, maxAttempts };
    }
    this.report('error', `${describe(task)} failed: ${error.message}`);
    return { kind: 'failed', error, keepFor, maxAttempts };
  }

  /** Once for each name: in a deploy there may be thousands of tasks of it. */
  private warnOfUnknown(unknown: UnknownTask, wait: number): void {
    const { taskName } = unknown;
    const what =
      unknown instanceof UnknownTaskVersionError
        ? `The handler here does not know version ${unknown.version} of task "${taskName}"`
        : `No handler is registered here for task "${taskName}"`;
    if (this.unknown.has(what)) return;
    this.unknown.add(what);
    this.report(
      'warn',
      `${what}: its tasks are left to other processes, and fail when none has ` +
        `run them within ${formatDuration(wait)} (option "unknownTasks").`,
    );
  }

  private outcomeOf(attempt: AttemptParts, ending: Unfinished, signal: AttemptSignal): Outcome {
    const { settings, granted, redact } = attempt;
    const { retention } = settings;
    const maxAttempts = granted.base;
    const thrown = 'thrown' in ending ? ending.thrown : signal.signal.reason;
    const own = 'thrown' in ending && !isAbortError(thrown, signal.signal);
    if (ending.as === 'suspended' && mayWait(signal.cause)) return this.suspend(attempt, ending);
    switch (signal.cause) {
      case 'lease-lost':
        return { kind: 'released', maxAttempts };
      case 'cancelled': {
        const error = own ? { error: toTaskError(thrown, redact) } : {};
        return { kind: 'cancelled', ...error, keepFor: retention.cancelled, maxAttempts };
      }
      case 'shutdown':
        if (own && isDecision(thrown)) break;
        return { kind: 'released', maxAttempts };
      case 'timeout':
        if (own && isDecision(thrown)) break;
        return this.fail(attempt, new TimeoutError(settings.timeout ?? 0, own ? { cause: thrown } : {}));
      case 'deadline':
        return this.fail(attempt, ofDeadline(attempt, own ? thrown : undefined), true);
      case null:
        break;
    }
    return this.fail(attempt, thrown, ending.as === 'rejected');
  }

  private suspend(
    { delivery, granted }: AttemptParts,
    { waits, swallowed }: Ending & { readonly as: 'suspended' },
  ): Outcome {
    if (swallowed) {
      const names = listOf([...new Set(waits.map(({ name }) => name))]);
      const what = `The handler of ${describe(delivery.task)} caught the suspension for ${names} and went on`;
      const message = `${what}: it is suspended all the same. Let TaskSuspended pass where errors are caught.`;
      delivery.log(message);
      this.report('warn', message);
    }
    return { kind: 'suspended', waits, maxAttempts: granted.base };
  }

  private fail(attempt: AttemptParts, thrown: unknown, forGood = false): Outcome {
    const { delivery, settings, granted, redact } = attempt;
    const now = this.config.clock.now();
    const deadlineAt = delivery.task.traits?.deadlineAt ?? Infinity;
    // Whatever the handler asks for: there is no other attempt.
    if (!forGood && deadlineAt <= now) return this.fail(attempt, ofDeadline(attempt, thrown), true);
    const error = toTaskError(thrown, redact);
    const outcome: Outcome = forGood
      ? { kind: 'failed', error, keepFor: settings.retention.failed, maxAttempts: granted.base }
      : errorOutcome({
          thrown,
          error,
          settings,
          attempts: granted,
          now,
          random: this.random,
          limit: attempt.handler.limit ?? null,
          limits: this.config.limits,
          note: (message) => delivery.log(redact(message)),
        });
    const what = `${describe(delivery.task)} failed in attempt ${delivery.task.attempt} of ${granted.shown}`;
    const why = `${error.name}: ${error.message}`;
    if (outcome.kind === 'retry') {
      this.report('warn', `${what}, next attempt in ${formatDuration(outcome.at - now)}: ${why}`);
    } else {
      this.report('error', `${what} and is not retried: ${why}`, error.stack);
    }
    return outcome;
  }

  private noteAbandoned(delivery: Delivery): void {
    const what = `did not stop within ${formatDuration(ABORT_GRACE_MS)} after its signal was aborted, and was left running`;
    delivery.log(`The handler ${what}`);
    this.report('warn', `The handler of ${describe(delivery.task)} ${what}`);
  }

  /** A logger that throws must not change what becomes of a task. */
  private report(level: 'warn' | 'error', message: string, stack?: string): void {
    try {
      // Nest's logger prints an argument that is there and undefined.
      if (stack === undefined) this.logger[level](message);
      else this.logger[level](message, stack);
    } catch {
      // There is nowhere left to say it.
    }
  }
}

/** What was decided on before is kept, unless the task is not to run any more, or is another's. */
function mayWait(cause: AbortCause | null): boolean {
  return cause === null || cause === 'shutdown' || cause === 'timeout';
}

function ofDeadline({ delivery }: AttemptParts, cause: unknown): DeadlineError {
  return new DeadlineError(delivery.task.traits!.deadlineAt!, cause === undefined ? {} : { cause });
}

function describe({ name, id, queue }: DeliveredTask): string {
  return `Task "${name}" (${id}) of queue "${queue}"`;
}
