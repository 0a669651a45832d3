import { resolveSettings, type ResolvedConfig, type TaskSettings } from '../config/index.js';
import type { HandlerRegistry, RegisteredHandler } from '../discovery/index.js';
import type { DeliveredTask, Delivery, EngineLogger, Outcome, RunTask } from '../engine/index.js';
import { InvalidParamsError, UnknownTaskNameError } from '../errors/index.js';
import type { ParamsCodec } from '../params/index.js';
import { runAsTask, type TaskDispatcher } from '../dispatcher/index.js';
import { AttemptContext } from './attempt-context.js';
import { ABORT_GRACE_MS, AttemptSignal } from './attempt-signal.js';
import { attemptsGranted, type AttemptsGranted } from './attempts-granted.js';
import { failureOutcome, isDecision } from './failure-outcome.js';
import { formatDuration } from './format-duration.js';
import { parseStoredSettings } from './stored-settings.js';
import { isAbortError, toTaskError } from './task-error.js';
import { TaskSecrets } from './task-secrets.js';
import { TimeoutError } from './timeout-error.js';

export interface TaskRunnerDependencies {
  readonly registry: Pick<HandlerRegistry, 'get' | 'names'>;
  readonly codec: ParamsCodec;
  readonly config: Pick<ResolvedConfig, 'queues' | 'defaults' | 'clock'>;
  /** What handlers find in their context. */
  readonly dispatcher: TaskDispatcher;
  readonly logger: EngineLogger;
  /** For jitter. Default: `Math.random`. */
  readonly random?: () => number;
}

/** An attempt whose handler was found. */
interface Attempt {
  readonly delivery: Delivery;
  readonly handler: RegisteredHandler;
  readonly settings: TaskSettings;
  readonly granted: AttemptsGranted;
  readonly secrets: TaskSecrets;
}

/**
 * How the handler's part of an attempt came out. `rejected`: its params are wrong, and stay so; `unstarted`: aborted
 * before the handler was called; `abandoned`: aborted, and it did not stop.
 */
type Ending =
  { readonly as: 'done' | 'unstarted' | 'abandoned' } | { readonly as: 'threw' | 'rejected'; readonly thrown: unknown };

/**
 * Turns a delivered task into a handler's call, and what comes of it into an outcome:
 *
 *     no handler; settings or params not readable   -> failed with the reason: a retry by hand works after a fix
 *     the handler resolves, aborted or not          -> completed
 *     it throws, not aborted                        -> retry or failed, see failureOutcome
 *     it throws or does not stop, after an abort by
 *       timeout                                     -> as if it had thrown a TimeoutError
 *       cancelled                                   -> cancelled
 *       shutdown, lease-lost                        -> released
 *     it throws UnrecoverableError or RetryLater    -> that holds after a timeout and a shutdown, too
 */
export class TaskRunner {
  private readonly random: () => number;
  /** Settings of tasks that bring none of their own: the same for a handler and a queue. */
  private readonly resolved = new WeakMap<RegisteredHandler, Map<string, TaskSettings>>();

  constructor(private readonly dependencies: TaskRunnerDependencies) {
    this.random = dependencies.random ?? Math.random;
  }

  /** Promises are few on this way, as each costs Node's async hooks time: no step that need not wait is asynchronous. */
  readonly run: RunTask = (delivery) => {
    const { task } = delivery;
    let attempt: Attempt;
    try {
      const { registry, codec } = this.dependencies;
      const handler = registry.get(task.name);
      if (!handler) throw new UnknownTaskNameError(task.name, registry.names());
      const settings = this.settingsOf(task, handler);
      const granted = attemptsGranted(task, settings);
      const secrets = new TaskSecrets(task.params, [...task.sensitive, ...codec.sensitivePaths(handler.params)]);
      attempt = { delivery, handler, settings, granted, secrets };
    } catch (thrown) {
      return Promise.resolve(this.failUncalled(task, thrown));
    }
    return this.runAttempt(attempt);
  };

  private settingsOf(task: DeliveredTask, handler: RegisteredHandler): TaskSettings {
    const { config } = this.dependencies;
    if (task.settings !== null) {
      return resolveSettings(config, task.queue, handler.settings, parseStoredSettings(task.settings));
    }
    let byQueue = this.resolved.get(handler);
    if (!byQueue) this.resolved.set(handler, (byQueue = new Map<string, TaskSettings>()));
    let settings = byQueue.get(task.queue);
    if (!settings) byQueue.set(task.queue, (settings = resolveSettings(config, task.queue, handler.settings)));
    return settings;
  }

  /** What is wrong before a handler is called does not go away by trying again. */
  private failUncalled(task: DeliveredTask, thrown: unknown): Outcome {
    const settings = resolveSettings(this.dependencies.config, task.queue);
    const error = toTaskError(thrown, new TaskSecrets(task.params, task.sensitive).redact);
    this.report('error', `${describe(task)} failed: ${error.message}`);
    const maxAttempts = attemptsGranted(task, settings).base;
    return { kind: 'failed', error, keepFor: settings.retention.failed, maxAttempts };
  }

  private async runAttempt(attempt: Attempt): Promise<Outcome> {
    const { delivery, settings, granted, secrets } = attempt;
    const { config, dispatcher } = this.dependencies;
    const signal = new AttemptSignal(delivery, settings.timeout, config.clock);
    const context = new AttemptContext(delivery, granted.shown, signal, dispatcher, secrets.redact);
    try {
      const ending = await signal.waitFor<Ending>((end) => void this.callHandler(attempt, context, signal, end), {
        as: 'abandoned',
      });
      if (ending.as === 'abandoned') this.noteAbandoned(delivery);
      return this.outcomeOf(attempt, ending, signal);
    } catch (thrown) {
      return this.failUncalled(delivery.task, thrown);
    } finally {
      context.end();
      signal.dispose();
    }
  }

  /** Never rejects, also after it was given up: a late failure must not end the process. */
  private async callHandler(
    { delivery, handler, secrets }: Attempt,
    context: AttemptContext,
    signal: AttemptSignal,
    end: (ending: Ending) => void,
  ): Promise<void> {
    if (signal.aborted) return end({ as: 'unstarted' });
    let params: object;
    try {
      const decoded = this.dependencies.codec.decodeNow(handler.name, delivery.task.params, handler.params);
      params = decoded instanceof Promise ? await decoded : decoded;
      secrets.learn(params);
    } catch (thrown) {
      // A rule of the class that failed for another reason (no connection) says nothing about the params.
      return end({ as: thrown instanceof InvalidParamsError ? 'rejected' : 'threw', thrown });
    }
    if (signal.aborted) return end({ as: 'unstarted' });
    try {
      const result = runAsTask(this.dependencies.dispatcher, delivery.task.id, () => handler.call(params, context));
      if (isThenable(result)) await result;
    } catch (thrown) {
      return end({ as: 'threw', thrown });
    }
    end({ as: 'done' });
  }

  private outcomeOf(attempt: Attempt, ending: Ending, signal: AttemptSignal): Outcome {
    const { settings, granted, secrets } = attempt;
    const { retention } = settings;
    const maxAttempts = granted.base;
    if (ending.as === 'done') return { kind: 'completed', keepFor: retention.completed, maxAttempts };

    const thrown = 'thrown' in ending ? ending.thrown : signal.signal.reason;
    const own = 'thrown' in ending && !isAbortError(thrown, signal.signal);
    switch (signal.cause) {
      case 'lease-lost':
        return { kind: 'released', maxAttempts };
      case 'cancelled': {
        const error = own ? { error: toTaskError(thrown, secrets.redact) } : {};
        return { kind: 'cancelled', ...error, keepFor: retention.cancelled, maxAttempts };
      }
      case 'shutdown':
        if (own && isDecision(thrown)) break;
        return { kind: 'released', maxAttempts };
      case 'timeout':
        if (own && isDecision(thrown)) break;
        return this.fail(attempt, new TimeoutError(settings.timeout ?? 0, own ? { cause: thrown } : {}));
      case null:
        break;
    }
    return this.fail(attempt, thrown, ending.as === 'rejected');
  }

  private fail(attempt: Attempt, thrown: unknown, forGood = false): Outcome {
    const { delivery, settings, granted, secrets } = attempt;
    const error = toTaskError(thrown, secrets.redact);
    const now = this.dependencies.config.clock.now();
    const outcome: Outcome = forGood
      ? { kind: 'failed', error, keepFor: settings.retention.failed, maxAttempts: granted.base }
      : failureOutcome({
          thrown,
          error,
          settings,
          attempts: granted,
          now,
          random: this.random,
          note: (message) => delivery.log(secrets.redact(message)),
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
      if (stack === undefined) this.dependencies.logger[level](message);
      else this.dependencies.logger[level](message, stack);
    } catch {
      // There is nowhere left to say it.
    }
  }
}

function describe({ name, id, queue }: DeliveredTask): string {
  return `Task "${name}" (${id}) of queue "${queue}"`;
}

/** Also a promise of another realm or library. */
function isThenable(value: unknown): boolean {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value;
}
