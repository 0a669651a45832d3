import { isObject } from '../checks/index.js';
import { validateTaskSettings } from '../config/index.js';
import { type Duration, InvalidArgumentError, type ParamsOf, type Task, type TaskChange } from '../contract/index.js';
import { startTime } from './call-options.js';
import type { EnqueuePipelineParts } from './enqueue-pipeline.js';
import { checkStart } from './life-span.js';

/** What may be changed of a task that waits. */
export interface UpdateTaskOptions<Name extends string = string> {
  /** Earliest start, from now. */
  delay?: Duration;
  /** Earliest start: a date or UTC milliseconds. Instead of `delay`. A time that has passed means now. */
  runAt?: Date | number;
  /** Higher runs first: -1,000,000 to 1,000,000. */
  priority?: number;
  /** In the place of those that it has: all of them, valid for its handler as in `queue`. */
  params?: ParamsOf<Name>;
}

const KEYS = ['delay', 'runAt', 'params'] as const satisfies ReadonlyArray<keyof UpdateTaskOptions>;

/**
 * What an update asks for, as an engine is told it.
 *
 * @param task as it stands
 * @throws InvalidArgumentError, InvalidParamsError, ParamsTooLargeError: nothing is to be changed then
 */
export async function changeOf(
  task: Task,
  options: UpdateTaskOptions,
  { codec, config, registry }: Pick<EnqueuePipelineParts, 'codec' | 'config' | 'registry'>,
): Promise<TaskChange> {
  const { delay, runAt: time, priority, params } = checked(options);
  const change: { -readonly [Key in keyof TaskChange]: TaskChange[Key] } = {};
  if (priority !== undefined) change.priority = priority;
  if (delay !== undefined || time !== undefined) {
    change.runAt = startTime(delay, time, config.clock.now());
    const { startBy, ...others } = task;
    checkStart(task.attempt === 0 ? task : others, change.runAt);
  }
  if (params !== undefined) {
    const handler = registry.get(task.name);
    const { json, sensitive } = await codec.encode(task.name, params, handler?.params ?? null);
    change.params = { json, sensitive, version: (handler ? handler.version : task.version) ?? 1 };
  }
  return change;
}

function checked(options: UpdateTaskOptions): UpdateTaskOptions {
  const given = isObject(options) ? Object.entries(options).filter(([, value]) => value !== undefined) : [];
  if (given.length === 0) {
    const message = 'Say what is to change of the task: { runAt }, { delay }, { priority } or { params }.';
    throw new InvalidArgumentError('options', message);
  }
  const { delay: _delay, runAt: _runAt, params: _params, ...rest } = options;
  const other = Object.keys(rest).find((key) => key !== 'priority');
  if (other !== undefined) {
    throw new InvalidArgumentError(
      other,
      `"${other}" of a task cannot be changed, only delay, runAt, priority and params.`,
    );
  }
  validateTaskSettings(rest, '', (field, message) => new InvalidArgumentError(field, message), {
    beside: KEYS,
    stored: true,
  });
  return options;
}
