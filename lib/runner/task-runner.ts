import { resolveSettings, type ResolvedConfig, type TaskSettings } from '../config/index.js';
import type { HandlerRegistry, RegisteredHandler } from '../discovery/index.js';
import type { DeliveredTask, Delivery, EngineLogger, Outcome, RunTask } from '../engine/index.js';
import { UnknownTaskNameError } from '../errors/index.js';
import type { ParamsCodec } from '../params/index.js';
import type { TaskDispatcher } from '../dispatcher/index.js';
import { Attempt, type AttemptParts, type AttemptTools, type Ending } from './attempt.js';
import { ABORT_GRACE_MS, type AttemptSignal } from './attempt-signal.js';
import { attemptsGranted } from './attempts-granted.js';
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
  private readonly tools: AttemptTools;
  /** Settings of tasks that bring none of their own: the same for a handler and a queue. */
  private readonly resolved = new WeakMap<RegisteredHandler, Map<string, TaskSettings>>();

  constructor(private readonly dependencies: TaskRunnerDependencies) {
    const { codec, dispatcher, config } = dependencies;
    this.tools = { codec, dispatcher, clock: config.clock };
    this.random = dependencies.random ?? Math.random;
  }

  readonly run: RunTask = (delivery) => {
    const { task } = delivery;
    let parts: AttemptParts;
    try {
      const { registry, codec } = this.dependencies;
      const handler = registry.get(task.name);
      if (!handler) throw new UnknownTaskNameError(task.name, registry.names());
      const settings = this.settingsOf(task, handler);
      const granted = attemptsGranted(task, settings);
      const secrets = TaskSecrets.of(task, codec.sensitivePaths(handler.params));
      parts = { delivery, handler, settings, granted, secrets };
    } catch (thrown) {
      return Promise.resolve(this.failUncalled(task, thrown));
    }
    return new Promise((resolve, reject) => {
      const onEnd = (attempt: Attempt, ending: Ending): void => {
        try {
          resolve(this.conclude(attempt, ending));
        } catch (error) {
          reject(error);
        }
      };
      new Attempt(parts, this.tools, onEnd).start();
    });
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
    const error = toTaskError(thrown, TaskSecrets.of(task, []).redact);
    this.report('error', `${describe(task)} failed: ${error.message}`);
    const maxAttempts = attemptsGranted(task, settings).base;
    return { kind: 'failed', error, keepFor: settings.retention.failed, maxAttempts };
  }

  private conclude({ parts, signal }: Attempt, ending: Ending): Outcome {
    try {
      if (ending.as === 'abandoned') this.noteAbandoned(parts.delivery);
      return this.outcomeOf(parts, ending, signal);
    } catch (thrown) {
      return this.failUncalled(parts.delivery.task, thrown);
    }
  }

  private outcomeOf(attempt: AttemptParts, ending: Ending, signal: AttemptSignal): Outcome {
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

  private fail(attempt: AttemptParts, thrown: unknown, forGood = false): Outcome {
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
