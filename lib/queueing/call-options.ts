import { checkTags, isObject, MAX_DURATION_MS, MAX_TIME, parseDuration, shownValue } from '../checks/index.js';
import { type StoredTaskSettings, validateTaskSettings } from '../config/index.js';
import { type Duration, InvalidArgumentError, type TaskTags } from '../contract/index.js';
import { UNIQUENESS_OPTIONS, type UniquenessOptions, type UniqueRule, uniqueRule } from '../uniqueness/index.js';
import type { QueueTaskWhenOptions } from './task-dispatcher.types.js';

/** The options of a call, parted. */
export interface CallOptions extends Omit<
  Pick<QueueTaskWhenOptions, (typeof NO_SETTINGS)[number]>,
  keyof UniquenessOptions
> {
  /** The options that are settings of the tasks; null where there are none. */
  readonly settings: StoredTaskSettings | null;
  /** Undefined where none were given. */
  readonly tags: TaskTags | undefined;
  /** Of unique keys. Undefined where none was given, null where there is to be none. */
  readonly rule: UniqueRule | null | undefined;
}

/** Options that are not settings of the tasks. */
const NO_SETTINGS = [
  'manager',
  'delay',
  'runAt',
  'version',
  'expires',
  'deadline',
  'id',
  'key',
  'with',
  'tags',
  ...UNIQUENESS_OPTIONS,
] as const;

/**
 * Before options are spread: a text would fall into its letters, and those be called unknown; a Date or a promise has no
 * properties, and would pass for no options at all.
 *
 * @throws InvalidArgumentError
 */
export function checkIsObject<Options extends object>(options: Options): Options {
  if (isObject(options) && !isManager(options)) return options;
  const [given, right] = isManager(options)
    ? ['a manager', '{ manager }']
    : [shownValue(options), options instanceof Date ? '{ runAt: date }' : "{ priority: 1 } or { delay: '5m' }"];
  throw new InvalidArgumentError('options', `The options must be an object, such as ${right}, not ${given}.`);
}

/** @throws InvalidArgumentError for what is no option, or a wrong one */
export function checkOptions(options: QueueTaskWhenOptions): CallOptions {
  checkIsObject(options);
  validateTaskSettings(options, '', (field, message) => new InvalidArgumentError(field, message), {
    beside: NO_SETTINGS,
    stored: true,
  });
  const { unique, debounce, throttle, coalesce, ...others } = options;
  const rule = uniqueRule({ unique, debounce, throttle, coalesce });
  const { manager, delay, runAt, version, expires, deadline, id, key, with: withEnd, tags, ...rest } = others;
  if (manager !== undefined && !isManager(manager)) {
    throw new InvalidArgumentError('manager', 'manager must be the EntityManager of a TypeORM transaction.');
  }
  if (version !== undefined && !(Number.isInteger(version) && version >= 1)) {
    throw new InvalidArgumentError('version', 'version must be a whole number from 1 on.');
  }
  if (withEnd !== undefined && withEnd !== 'completion') {
    throw new InvalidArgumentError('with', `with must be "completion", not ${shownValue(withEnd)}.`);
  }
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const settings = given.length > 0 ? Object.fromEntries(given) : null;
  const named = { version, expires, deadline, id, key, with: withEnd, rule };
  return { manager, delay, runAt, ...named, settings, tags: tagsOf(tags) };
}

function tagsOf(given: QueueTaskWhenOptions['tags']): TaskTags | undefined {
  const tags = given === undefined ? {} : checkTags(given);
  return Object.keys(tags).length > 0 ? tags : undefined;
}

function isManager(value: unknown): boolean {
  return typeof (value as { query?: unknown } | null | undefined)?.query === 'function';
}

/** When a task may start, in UTC milliseconds. A time that has passed means now. */
export function startTime(delay: Duration | undefined, runAt: Date | number | undefined, now: number): number {
  if (delay !== undefined && runAt !== undefined) {
    throw new InvalidArgumentError('delay', 'Give either delay or runAt, not both.');
  }
  if (delay !== undefined) return now + parseDuration(delay, 'delay');
  if (runAt === undefined) return now;
  const time: unknown = runAt instanceof Date ? runAt.getTime() : runAt;
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0 || time > MAX_TIME) {
    throw new InvalidArgumentError('runAt', 'runAt must be a valid Date or UTC milliseconds since 1970.');
  }
  if (time > now + MAX_DURATION_MS) {
    throw new InvalidArgumentError('runAt', 'runAt must be less than ten years away.');
  }
  return Math.max(Math.round(time), now);
}

/**
 * The options of a call with those of one of its rows over them: its time takes the place of the call's, however given, and
 * so does the rule of its unique key.
 */
export function withOwnOptions(
  { delay, runAt, unique, debounce, throttle, coalesce, ...shared }: QueueTaskWhenOptions,
  own: QueueTaskWhenOptions,
): QueueTaskWhenOptions {
  checkIsObject(own);
  const time = own.delay === undefined && own.runAt === undefined ? { delay, runAt } : {};
  const hasRule = UNIQUENESS_OPTIONS.some((option) => own[option] !== undefined);
  const rule = hasRule ? {} : { unique, debounce, throttle, coalesce };
  return { ...shared, ...time, ...rule, ...own };
}
