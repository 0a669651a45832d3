import { given, parseDuration } from '../checks/index.js';
import { type StoredTaskSettings, validateTaskSettings } from '../config/index.js';
import type { NewTask } from '../engine/port/index.js';
import {
  InvalidArgumentError,
  InvalidParamsError,
  type Schedule,
  type ScheduleTraits,
  type TaskTraits,
} from '../contract/index.js';
import { maskSensitive } from '../params/index.js';
import type { EnqueuePipeline } from '../queueing/index.js';
import { nextRun } from './cron-expression.js';
import type { AddScheduleOptions } from './cron-schedules.types.js';
import { DEFAULT_CATCH_UP, expressionText, findCatchUpProblem, findNameProblem } from './schedule-fields.js';
import { runSpanOf } from './run-span.js';
import { findTimingProblem } from './timing-problem.js';

/** Options of a schedule that are not settings of its tasks. */
const SCHEDULE_OPTIONS = [
  'name',
  'expression',
  'timeZone',
  'utcOffset',
  'queue',
  'task',
  'params',
  'catchUp',
  'threshold',
  'overlap',
  'tags',
  'unique',
  'throttle',
  'expires',
  'deadline',
] as const satisfies ReadonlyArray<keyof AddScheduleOptions>;

const EXAMPLE = `{ name: 'report:acme', expression: '0 8 * * MON', queue: 'emails', task: 'send_report' }`;

/**
 * Checks a schedule that is to be added, its task as `TaskDispatcher.queue` does, and makes what the engine keeps.
 *
 * @throws InvalidArgumentError, UnknownQueueError, UnknownTaskNameError, InvalidParamsError, ParamsTooLargeError
 */
export async function scheduleFromOptions(
  options: AddScheduleOptions,
  pipeline: EnqueuePipeline,
  now: number,
): Promise<Schedule> {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('schedule', `A schedule is an object, such as ${EXAMPLE}.`);
  }
  const { name, queue, catchUp = DEFAULT_CATCH_UP, overlap = true, threshold, tags, unique, throttle } = options;
  const wrong = (field: string, message: string) => new InvalidArgumentError(field, `${upperFirst(message)}.`);

  const nameProblem = findNameProblem(name);
  if (nameProblem) throw wrong('name', nameProblem);
  const expression = expressionText(options.expression);
  const problem = findTimingProblem({ ...options, expression }, now);
  if (problem) throw wrong(problem.path, problem.message);
  const timing = {
    expression: expression as string,
    timeZone: options.timeZone ?? null,
    utcOffset: options.utcOffset ?? null,
  };
  if (nextRun(timing, now) === null) {
    throw wrong('expression', `"${timing.expression}" has passed, so the schedule would never tick`);
  }
  const catchUpProblem = findCatchUpProblem(catchUp);
  if (catchUpProblem) throw wrong('catchUp', catchUpProblem);
  if (typeof overlap !== 'boolean') throw wrong('overlap', '"overlap" must be true or false');
  const invalid = (field: string, message: string) => new InvalidArgumentError(field, message);
  validateTaskSettings(options, '', invalid, { beside: SCHEDULE_OPTIONS, stored: true });
  const span = runSpanOf(options);
  const { task } = await pipeline.prepare(
    queue,
    { name: options.task, params: options.params ?? {} },
    { ...settingsOf(options), ...span, ...given({ tags, unique, throttle }) },
  );
  refuseSensitive(task);

  return {
    name,
    ...timing,
    queue,
    task: task.name,
    params: task.params,
    priority: task.priority,
    maxAttempts: task.maxAttempts,
    settings: task.settings,
    catchUp,
    threshold: threshold === undefined ? null : parseDuration(threshold, 'threshold'),
    overlap,
    disabled: false,
    source: 'runtime',
    ...(task.traits && { traits: { ...traitsOf(task.traits), ...span } }),
  };
}

/** The times of the task that was prepared were one run's. */
function traitsOf({ startBy: _startBy, deadlineAt: _deadlineAt, ...others }: TaskTraits): ScheduleTraits {
  return others;
}

/** A tick copies the params into a task, over and over; what is secret should not live that long, nor in so many places. */
function refuseSensitive({ name, params, sensitive }: NewTask): void {
  const plain: unknown = JSON.parse(params);
  if (JSON.stringify(maskSensitive(plain, sensitive)) === JSON.stringify(plain)) return;
  const message =
    'a schedule keeps its params for as long as it lives, so they cannot hold what is marked @Sensitive(). ' +
    'Give an id, and let the handler look the value up';
  throw new InvalidParamsError(name, [{ path: '', message }]);
}

function settingsOf(options: AddScheduleOptions): StoredTaskSettings {
  const beside: readonly string[] = SCHEDULE_OPTIONS;
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => !beside.includes(key) && value !== undefined),
  );
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
