import { type Duration, TasksConfigError } from '../contract/index.js';
import { DEFAULT_SETTINGS } from './defaults.js';
import {
  type Check,
  durationValue,
  type OptionChecks,
  fraction,
  MAX_RETRIES,
  object,
  oneOf,
  orFalse,
  parseDuration,
  OptionPlace,
  MAX_KEPT_TASKS,
  MAX_PRIORITY,
  TIMEOUT_BOUNDS,
  wholeNumber,
} from '../checks/index.js';
import type {
  Backoff,
  BackoffFunction,
  KeptTasks,
  QueueRetentionOptions,
  QueueSettingsOptions,
  RetentionOptions,
  TaskSettingsOptions,
} from './options.js';
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

const retentionFields: OptionChecks<RetentionOptions> = {
  completed: orFalse(durationValue()),
  failed: orFalse(durationValue()),
  cancelled: orFalse(durationValue()),
};

const keptFields = object<KeptTasks>({ age: orFalse(durationValue()), count: wholeNumber(0, MAX_KEPT_TASKS) });

const keptTasks: Check<Duration | false | KeptTasks> = (value, place) =>
  typeof value === 'object' && value !== null ? keptFields(value, place) : orFalse(durationValue())(value, place);

export const taskSettingsFields: OptionChecks<TaskSettingsOptions> = {
  maxRetries: wholeNumber(0, MAX_RETRIES),
  retryDelay: durationValue(),
  backoff,
  jitter: fraction(),
  timeout: orFalse(durationValue(TIMEOUT_BOUNDS)),
  priority: wholeNumber(-MAX_PRIORITY, MAX_PRIORITY),
  retention: object(retentionFields),
};

export const queueSettingsFields: OptionChecks<QueueSettingsOptions> = {
  ...taskSettingsFields,
  retention: object({ completed: keptTasks, failed: keptTasks, cancelled: keptTasks }),
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
  object<TaskSettingsOptions>(fields, beside)(options, new OptionPlace({ spelling: 'camel', label }, problems));
  if (problems.length === 0) return;
  throw error(wrongFields[0] ?? '', problems.join('\n'));
}

/**
 * Settings of tasks that bring none of their own: their handler's over their queue's over the module's defaults, key by key.
 *
 * @param queue a queue that is not configured has the module's defaults
 * @throws InvalidArgumentError for a duration that is none
 */
export function resolveSettings(
  config: Pick<ResolvedConfig, 'queues' | 'defaults'>,
  queue: string,
  handler?: TaskSettingsOptions | null,
): TaskSettings {
  return overlaySettings(config.queues.get(queue)?.settings ?? config.defaults, handler);
}

/** `options` where they say something, `base` where they do not. */
export function overlaySettings(
  base: TaskSettings = DEFAULT_SETTINGS,
  options?: QueueSettingsOptions | null,
): TaskSettings {
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

function overlayRetention(base: Retention, options?: QueueRetentionOptions): Retention {
  if (!options) return base;
  const atMost = { ...base.atMost };
  for (const state of ['completed', 'failed', 'cancelled'] as const) {
    const own = options[state];
    if (own === undefined) continue;
    const { count } = asKept(own);
    if (count === undefined) delete atMost[state];
    else atMost[state] = count;
  }
  return {
    completed: lengthOrNull(ageOf(options.completed), base.completed, 'retention.completed'),
    failed: lengthOrNull(ageOf(options.failed), base.failed, 'retention.failed'),
    cancelled: lengthOrNull(ageOf(options.cancelled), base.cancelled, 'retention.cancelled'),
    ...(Object.keys(atMost).length > 0 && { atMost }),
  };
}

function ageOf(kept: Duration | false | KeptTasks | undefined): Duration | false | undefined {
  return kept === undefined ? undefined : asKept(kept).age;
}

function asKept(kept: Duration | false | KeptTasks): KeptTasks {
  return typeof kept === 'object' ? kept : { age: kept };
}

function lengthOrNull(value: Duration | false | undefined, base: number | null, field: string): number | null {
  if (value === undefined) return base;
  return value === false ? null : parseDuration(value, field);
}
