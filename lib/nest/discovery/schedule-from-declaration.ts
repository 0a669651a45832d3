import {
  DEFAULT_QUEUE,
  type ResolvedConfig,
  resolveSettings,
  type TaskSettingsOptions,
  validateTaskSettings,
} from '../../config/index.js';
import { checkTags, parseDuration } from '../../checks/index.js';
import type { CronOptions } from '../decorators/cron.decorator.js';
import { type Schedule, TasksConfigError, UnknownQueueError } from '../../contract/index.js';
import type { CronDeclaration } from './cron-metadata.accessor.js';
import {
  DEFAULT_CATCH_UP,
  expressionText,
  findCatchUpProblem,
  findNameProblem,
  findTimingProblem,
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
): { schedule: Schedule; settings: TaskSettingsOptions } {
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

  const settings = settingsOf(options);
  const resolved = resolveSettings(config, queue, settings);
  return {
    settings,
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
      ...traitsOf(options, where),
    },
  };
}

function settingsOf(options: CronOptions): TaskSettingsOptions {
  const beside: readonly string[] = CRON_OPTIONS;
  return Object.fromEntries(Object.entries(options).filter(([key]) => !beside.includes(key)));
}

function traitsOf({ tags }: CronOptions, where: string): Pick<Schedule, 'traits'> {
  if (tags === undefined) return {};
  try {
    const checked = checkTags(tags);
    return Object.keys(checked).length > 0 ? { traits: { tags: checked } } : {};
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
