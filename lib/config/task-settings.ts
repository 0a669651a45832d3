import { TasksConfigError } from '../errors/index.js';
import { DEFAULT_SETTINGS } from './defaults.js';
import { parseDuration, type Duration } from './duration.js';
import { MAX_RETRIES_LIMIT, PRIORITY_LIMIT, TIMEOUT_BOUNDS } from './limits.js';
import { type Check, duration, type Fields, fraction, object, oneOf, orFalse, wholeNumber } from './option-checks.js';
import type { Backoff, BackoffFunction, RetentionOptions, TaskSettingsOptions } from './options.js';
import { Place } from './place.js';
import type { ResolvedConfig, Retention, TaskSettings } from './resolved-config.js';

const backoffName = oneOf('fixed', 'linear', 'exponential');

const backoff: Check<Backoff> = (value, place) => {
  if (typeof value === 'function' && place.spelling === 'camel') return value as BackoffFunction;
  return backoffName(value, place);
};

const storableBackoff: Check<Backoff> = (value, place) => {
  if (typeof value !== 'function') return backoffName(value, place);
  place.report('must be "fixed", "linear" or "exponential": a function cannot be stored with a task');
  return undefined;
};

const retentionFields: Fields<RetentionOptions> = {
  completed: orFalse(duration()),
  failed: orFalse(duration()),
  cancelled: orFalse(duration()),
};

export const taskSettingsFields: Fields<TaskSettingsOptions> = {
  maxRetries: wholeNumber(0, MAX_RETRIES_LIMIT),
  retryDelay: duration(),
  backoff,
  jitter: fraction(),
  timeout: orFalse(duration(TIMEOUT_BOUNDS)),
  priority: wholeNumber(-PRIORITY_LIMIT, PRIORITY_LIMIT),
  retention: object(retentionFields),
};

export interface ValidateTaskSettingsOptions {
  /** Keys that may stand in the same object and are checked elsewhere, such as `queue` and `params` of a handler. */
  readonly beside?: readonly string[];
  /** The settings will be stored with a task, which a backoff function cannot be. Default: false. */
  readonly stored?: boolean;
}

/**
 * Checks settings that stand in code, such as a handler's or a task's.
 *
 * @param path what errors put before the key, such as `@TaskHandler('send_email') on SendEmailHandler`; may be empty
 * @param error makes the error of the first wrong key (`retention.completed`) and the message about all of them
 * @throws TasksConfigError unless `error` makes another
 */
export function validateTaskSettings(
  options: TaskSettingsOptions,
  path: string,
  error: (field: string, message: string) => Error = (_field, message) => new TasksConfigError(message),
  { beside = [], stored = false }: ValidateTaskSettingsOptions = {},
): void {
  const problems: string[] = [];
  const wrongFields: string[] = [];
  const label = (keys: readonly string[]): string => {
    wrongFields.push(keys.join('.'));
    return path;
  };
  const fields = stored ? { ...taskSettingsFields, backoff: storableBackoff } : taskSettingsFields;
  object<TaskSettingsOptions>(fields, beside)(options, new Place({ spelling: 'camel', label }, problems));
  if (problems.length === 0) return;
  throw error(wrongFields[0] ?? '', problems.join('\n'));
}

/**
 * Settings of one task: its own over its handler's over its queue's over the module's defaults, key by key.
 *
 * @param queue a queue that is not configured has the module's defaults
 * @throws InvalidArgumentError for a duration that is none
 */
export function resolveSettings(
  config: Pick<ResolvedConfig, 'queues' | 'defaults'>,
  queue: string,
  handler?: TaskSettingsOptions | null,
  task?: TaskSettingsOptions | null,
): TaskSettings {
  return overlay(overlay(config.queues.get(queue)?.settings ?? config.defaults, handler), task);
}

/** `options` where they say something, `base` where they do not. */
export function overlay(base: TaskSettings = DEFAULT_SETTINGS, options?: TaskSettingsOptions | null): TaskSettings {
  if (!options) return base;
  return {
    maxRetries: options.maxRetries ?? base.maxRetries,
    retryDelay: options.retryDelay === undefined ? base.retryDelay : parseDuration(options.retryDelay, 'retryDelay'),
    backoff: options.backoff ?? base.backoff,
    jitter: options.jitter ?? base.jitter,
    timeout: lengthOrNull(options.timeout, base.timeout, 'timeout'),
    priority: options.priority ?? base.priority,
    retention: overlayRetention(base.retention, options.retention),
  };
}

function overlayRetention(base: Retention, options?: RetentionOptions): Retention {
  if (!options) return base;
  return {
    completed: lengthOrNull(options.completed, base.completed, 'retention.completed'),
    failed: lengthOrNull(options.failed, base.failed, 'retention.failed'),
    cancelled: lengthOrNull(options.cancelled, base.cancelled, 'retention.cancelled'),
  };
}

function lengthOrNull(value: Duration | false | undefined, base: number | null, field: string): number | null {
  if (value === undefined) return base;
  return value === false ? null : parseDuration(value, field);
}
