import { parseDuration, resolveSettings, validateTaskSettings } from '../config/index.js';
import type { TaskSettingsOptions } from '../config/options.js';
import type { ResolvedConfig } from '../config/resolved-config.js';
import type { CronOptions } from '../decorators/cron.decorator.js';
import type { CatchUp, Schedule } from '../engine/task-engine.js';
import { TasksConfigError, UnknownQueueError, nearest } from '../errors/index.js';
import { DEFAULT_QUEUE } from '../config/defaults.js';
import type { CronDeclaration } from './cron-metadata.accessor.js';
import { findTimingProblem } from './timing-problem.js';

export const CATCH_UP_POLICIES: readonly CatchUp[] = ['once', 'all', 'skip'];
export const DEFAULT_CATCH_UP: CatchUp = 'once';
export const LONGEST_SCHEDULE_NAME = 200;

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
    },
  };
}

/** A date, of JavaScript or of Luxon, as the ISO text that the engine keeps; anything else as it is. */
export function expressionText(expression: unknown): unknown {
  if (expression instanceof Date) return isoOf(expression);
  if (typeof expression === 'object' && expression !== null && 'toJSDate' in expression) {
    const { toJSDate } = expression;
    const date: unknown = typeof toJSDate === 'function' ? toJSDate.call(expression) : null;
    if (date instanceof Date) return isoOf(date);
  }
  return expression;
}

/** What is wrong with the name of a schedule; null when nothing is. */
export function findNameProblem(name: unknown): string | null {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= LONGEST_SCHEDULE_NAME) return null;
  return `the name must be a text of 1 to ${LONGEST_SCHEDULE_NAME} characters, such as "cleanup_old_data"`;
}

/** What is wrong with a catch-up policy; null when nothing is. */
export function findCatchUpProblem(catchUp: unknown): string | null {
  if (CATCH_UP_POLICIES.includes(catchUp as CatchUp)) return null;
  const near = typeof catchUp === 'string' ? nearest(catchUp, CATCH_UP_POLICIES) : undefined;
  return `"catchUp" must be "once", "all" or "skip"${near ? `. Did you mean "${near}"?` : ''}`;
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}

function settingsOf(options: CronOptions): TaskSettingsOptions {
  const beside: readonly string[] = CRON_OPTIONS;
  return Object.fromEntries(Object.entries(options).filter(([key]) => !beside.includes(key)));
}

function thresholdOf({ threshold }: CronOptions, where: string): number | null {
  if (threshold === undefined) return null;
  try {
    return parseDuration(threshold, 'threshold');
  } catch (error) {
    throw new TasksConfigError(`${where}: ${(error as Error).message}`);
  }
}
