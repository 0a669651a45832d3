import { parseDuration, resolveSettings, validateTaskSettings } from '../config/index.js';
import type { StoredTaskSettings } from '../config/options.js';
import type { ResolvedConfig } from '../config/resolved-config.js';
import type { HandlerRegistry } from '../discovery/index.js';
import type { Schedule } from '../engine/index.js';
import { InvalidArgumentError, InvalidParamsError, UnknownQueueError, UnknownTaskNameError } from '../errors/index.js';
import { maskSensitive, type ParamsCodec } from '../params/index.js';
import type { AddScheduleOptions } from './cron-schedules.types.js';
import { DEFAULT_CATCH_UP, expressionText, findCatchUpProblem, findNameProblem } from './schedule-fields.js';
import { nextRun } from './cron-expression.js';
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
] as const satisfies ReadonlyArray<keyof AddScheduleOptions>;

/**
 * Checks a schedule that is to be added, as `TaskDispatcher.queue` checks a task, and makes what the engine keeps.
 *
 * @throws InvalidArgumentError, UnknownQueueError, UnknownTaskNameError, InvalidParamsError, ParamsTooLargeError
 */
export async function scheduleFromOptions(
  options: AddScheduleOptions,
  { config, handlers, codec }: { config: ResolvedConfig; handlers: HandlerRegistry; codec: ParamsCodec },
): Promise<Schedule> {
  const { name, queue, task, catchUp = DEFAULT_CATCH_UP, overlap = true, threshold } = options;
  const wrong = (field: string, message: string) => new InvalidArgumentError(field, `${upperFirst(message)}.`);

  const nameProblem = findNameProblem(name);
  if (nameProblem) throw wrong('name', nameProblem);
  const expression = expressionText(options.expression);
  const problem = findTimingProblem({ ...options, expression }, config.clock.now());
  if (problem) throw wrong(problem.path, problem.message);
  const timing = {
    expression: expression as string,
    timeZone: options.timeZone ?? null,
    utcOffset: options.utcOffset ?? null,
  };
  if (nextRun(timing, config.clock.now()) === null) {
    throw wrong('expression', `"${timing.expression}" has passed, so the schedule would never tick`);
  }
  const catchUpProblem = findCatchUpProblem(catchUp);
  if (catchUpProblem) throw wrong('catchUp', catchUpProblem);
  if (typeof overlap !== 'boolean') throw wrong('overlap', '"overlap" must be true or false');
  if (!config.queues.has(queue)) throw new UnknownQueueError(queue, [...config.queues.keys()]);
  const handler = handlers.get(task);
  if (!handler && !handlers.isEmpty) throw new UnknownTaskNameError(task, handlers.names());
  const taskProblem = findNameProblem(task);
  if (taskProblem) throw wrong('task', taskProblem.replace('the name', '"task"'));

  const invalid = (field: string, message: string) => new InvalidArgumentError(field, message);
  validateTaskSettings(options, '', invalid, { beside: SCHEDULE_OPTIONS, stored: true });
  const settings = settingsOf(options);
  const resolved = resolveSettings(config, queue, handler?.settings, settings);

  const { json, sensitive } = await codec.encode(task, options.params ?? {}, handler?.params ?? null);
  const plain: unknown = JSON.parse(json);
  if (JSON.stringify(maskSensitive(plain, sensitive)) !== JSON.stringify(plain)) {
    throw new InvalidParamsError(task, [
      {
        path: '',
        message: `a schedule keeps its params for as long as it lives, so they cannot hold what is marked @Sensitive(). Give an id, and let the handler look it up`,
      },
    ]);
  }

  return {
    name,
    ...timing,
    queue,
    task,
    params: json,
    priority: resolved.priority,
    maxAttempts: handler ? resolved.maxRetries + 1 : null,
    settings: Object.keys(settings).length === 0 ? null : JSON.stringify(settings),
    catchUp,
    threshold: threshold === undefined ? null : parseDuration(threshold, 'threshold'),
    overlap,
    disabled: false,
    source: 'runtime',
  };
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
