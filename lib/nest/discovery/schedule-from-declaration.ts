import {
  DEFAULT_QUEUE,
  type ResolvedConfig,
  resolveSettings,
  type TaskSettingsOptions,
  validateTaskSettings,
} from '../../config/index.js';
import { checkTags, parseDuration } from '../../checks/index.js';
import type { CronOptions } from '../decorators/cron.decorator.js';
import { failureTargetOf } from '../../queueing/index.js';
import type { HandlerRegistry, RegisteredHandler } from '../../handlers/index.js';
import { type FailureTarget, type Schedule, TasksConfigError, UnknownQueueError } from '../../contract/index.js';
import { claimOf, type UniquenessOptions, type UniqueRule } from '../../uniqueness/index.js';
import type { CronDeclaration } from './cron-metadata.accessor.js';
import { handlerRule } from './handler-rule.js';
import {
  DEFAULT_CATCH_UP,
  expressionText,
  findCatchUpProblem,
  findNameProblem,
  findTimingProblem,
  runSpanOf,
} from '../../cron/index.js';

/** Options of `@Cron` that are not settings of the task. */
const CRON_OPTIONS = [
  'name',
  'timeZone',
  'utcOffset',
  'disabled',
  'threshold',
  'waitForCompletion',
  'queue',
  'catchUp',
  'store',
  'result',
  'tags',
  'unique',
  'throttle',
  'expires',
  'deadline',
  'onFailed',
] as const satisfies ReadonlyArray<keyof CronOptions>;

/**
 * Checks what stands in an `@Cron` and makes the schedule that the engine keeps.
 *
 * @param location class and method: the default of the name, and what errors name
 * @throws TasksConfigError for anything that is wrong
 */
export function scheduleFromDeclaration(
  { expression, options }: CronDeclaration,
  location: string,
  config: ResolvedConfig,
  handlers: Pick<HandlerRegistry, 'all'>,
): { schedule: Schedule; settings: TaskSettingsOptions; unique: UniqueRule | null } {
  const where = `@Cron on ${location}`;
  const wrong = (message: string): TasksConfigError => new TasksConfigError(`${where}: ${message}.`);

  validateTaskSettings(options, where, undefined, { beside: CRON_OPTIONS });
  const name = options.name ?? location;
  const nameProblem = findNameProblem(name);
  if (nameProblem) throw wrong(nameProblem);
  const text = expressionText(expression);
  const problem = findTimingProblem({ ...options, expression: text }, config.clock.now());
  if (problem) throw wrong(problem.message);
  for (const flag of ['disabled', 'waitForCompletion'] as const) {
    if (options[flag] !== undefined && typeof options[flag] !== 'boolean')
      throw wrong(`"${flag}" must be true or false`);
  }
  const catchUpProblem = options.catchUp === undefined ? null : findCatchUpProblem(options.catchUp);
  if (catchUpProblem) throw wrong(catchUpProblem);
  const queue = options.queue ?? DEFAULT_QUEUE;
  if (!config.queues.has(queue)) {
    throw new TasksConfigError(`${where}: ${new UnknownQueueError(queue, [...config.queues.keys()]).message}`);
  }

  const unique = handlerRule(uniquenessOf(options), where);
  // Not by `get`, which would look for what is being found here.
  const find = (task: string): RegisteredHandler | undefined => handlers.all().find((handler) => handler.name === task);
  const settings = settingsOf(options);
  const resolved = resolveSettings(config, queue, settings);
  return {
    settings,
    unique,
    schedule: {
      name,
      expression: text as string,
      timeZone: options.timeZone ?? null,
      utcOffset: options.utcOffset ?? null,
      queue,
      task: name,
      params: '{}',
      priority: resolved.priority,
      maxAttempts: resolved.maxRetries + 1,
      settings: null,
      catchUp: options.catchUp ?? DEFAULT_CATCH_UP,
      threshold: thresholdOf(options, where),
      overlap: !options.waitForCompletion,
      disabled: options.disabled ?? false,
      source: 'code',
      ...traitsOf(
        options,
        { unique, onFailed: failureTargetOf({ queue, name, onFailed: options.onFailed }, config, find) },
        where,
      ),
    },
  };
}

function settingsOf(options: CronOptions): TaskSettingsOptions {
  const beside: readonly string[] = CRON_OPTIONS;
  return Object.fromEntries(Object.entries(options).filter(([key]) => !beside.includes(key)));
}

function uniquenessOf({ unique, throttle }: CronOptions): UniquenessOptions {
  return { ...(unique !== undefined && { unique }), ...(throttle !== undefined && { throttle }) };
}

/** The runs of a cron method have no params. */
function traitsOf(
  { tags: given, ...options }: CronOptions,
  { unique: rule, onFailed }: { unique: UniqueRule | null; onFailed: FailureTarget | undefined },
  where: string,
): Pick<Schedule, 'traits'> {
  try {
    const tags = given === undefined ? {} : checkTags(given);
    const unique = rule && claimOf(rule, {}, 0);
    const traits = {
      ...(Object.keys(tags).length > 0 && { tags }),
      ...(unique && { unique }),
      ...(onFailed && { onFailed }),
      ...runSpanOf(options),
    };
    return Object.keys(traits).length > 0 ? { traits } : {};
  } catch (error) {
    throw new TasksConfigError(`${where}: ${(error as Error).message}`);
  }
}

function thresholdOf({ threshold }: CronOptions, where: string): number | null {
  if (threshold === undefined) return null;
  try {
    return parseDuration(threshold, 'threshold');
  } catch (error) {
    throw new TasksConfigError(`${where}: ${(error as Error).message}`);
  }
}
