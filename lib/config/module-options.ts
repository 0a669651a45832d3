import type { CanActivate, Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock/index.js';
import {
  boolean,
  type Check,
  checkQueueName,
  checkRateLimit,
  checkSize,
  checkWith,
  MAX_CONCURRENCY,
  MAX_KEY_WEIGHT,
  durationValue,
  type OptionChecks,
  inCodeOnly,
  LEASE_BOUNDS,
  listWith,
  MAX_LOST_ATTEMPTS,
  mapOf,
  object,
  oneOf,
  orFalse,
  PARAMS_SIZE_BOUNDS,
  RESULT_SIZE_BOUNDS,
  type OptionPlace,
  shownValue,
  SHUTDOWN_GRACE_BOUNDS,
  wholeNumber,
} from '../checks/index.js';
import { databasePathProblem } from '../engine/kinds/index.js';
import { type CheckedAlerts, checkAlerts } from './alert-options.js';
import { engineOption } from './engine-option.js';
import type {
  AdminOptions,
  ContextOptions,
  CronMode,
  CronOverride,
  EngineOption,
  EnhancersMode,
  MetricsOptions,
  OnFailed,
  OutboxOptions,
  QueueSettingsOptions,
  TasksModuleIdentity,
} from './options.js';
import type { FailureTarget, RateLimit } from '../contract/index.js';
import { queueSettingsFields } from './task-settings.js';

/** {@link QueueOptions} of one source after it was checked. */
export interface CheckedQueue extends QueueSettingsOptions {
  readonly concurrency?: number;
  readonly rateLimit?: RateLimit;
  readonly onFailed?: OnFailed;
  readonly key?: CheckedQueueKey;
  readonly fair?: boolean;
  readonly globalConcurrency?: number;
}

/** {@link QueueKeyOptions} of one source after it was checked. */
export interface CheckedQueueKey {
  readonly concurrency?: number;
  readonly rateLimit?: RateLimit;
  readonly weights?: Map<string, number>;
}

/** {@link TasksModuleRootOptions} of one source after it was checked: durations and sizes are numbers, names stand in maps. */
export interface CheckedOptions extends QueueSettingsOptions, TasksModuleIdentity {
  readonly database?: string;
  readonly dataSource?: string | DataSource;
  readonly engine?: EngineOption;
  readonly outbox?: OutboxOptions;
  readonly synchronous?: 'full' | 'normal';
  readonly thread?: boolean;
  readonly workers?: Map<string, number> | number | false;
  readonly queues?: Map<string, CheckedQueue>;
  readonly autoStart?: boolean;
  readonly limits?: Map<string, RateLimit>;
  readonly cron?: CronMode;
  readonly crons?: Map<string, CronOverride>;
  readonly enhancers?: EnhancersMode;
  readonly context?: ContextOptions;
  readonly metrics?: boolean | MetricsOptions;
  readonly onFailed?: OnFailed;
  readonly alerts?: CheckedAlerts;
  readonly admin?: AdminOptions | false;
  readonly maxParamsSize?: number;
  readonly maxResultSize?: number;
  readonly shutdownGrace?: number;
  readonly lease?: number;
  readonly maxLostAttempts?: number;
  readonly unknownTasks?: 'wait' | 'fail' | { wait: number };
  readonly clock?: Clock;
}

const concurrency = wholeNumber(0, MAX_CONCURRENCY);
const queueName = checkWith(checkQueueName);
const workersByQueue = mapOf(queueName, concurrency);

const workers: Check<Map<string, number> | number | false> = (value, place) => {
  if (value === false) return false;
  if (typeof value === 'number') return concurrency(value, place);
  if (typeof value === 'object' && value !== null) return workersByQueue(value, place);
  place.report(
    'must be numbers of workers by queue, such as { default: 5, emails: 2 }, one number for every queue, or false, ' +
      `not ${shownValue(value)}`,
  );
  return undefined;
};

const unknownTasksWords = oneOf('wait', 'fail');
const unknownTasksWait = object<{ wait: number }>({ wait: durationValue() });

const unknownTasks: Check<'wait' | 'fail' | { wait: number }> = (value, place) => {
  if (typeof value !== 'object' || value === null) return unknownTasksWords(value, place);
  const checked = unknownTasksWait(value, place);
  if (checked && checked.wait === undefined) place.report('must say for how long: { wait: "1d" }');
  return checked;
};

const text = checkWith<string>((value) =>
  typeof value === 'string' && value.trim() !== ''
    ? { value }
    : { problem: `must be a text that is not empty, not ${shownValue(value)}` },
);

const databasePath = checkWith<string>((value) => {
  if (typeof value !== 'string') return { problem: `must be the path of a file, not ${shownValue(value)}` };
  const problem = databasePathProblem(value);
  return problem === null ? { value } : { problem };
});

const dataSource: Check<string | DataSource> = (value, place) => {
  if (typeof value === 'string' && value.trim() !== '') return value;
  // Not `instanceof`: an app may have another copy of TypeORM than the library finds.
  if (place.spelling === 'camel' && hasMethods(value, 'createQueryRunner')) return value as DataSource;
  place.report(`must be a TypeORM DataSource or the name of one, not ${shownValue(value)}`);
  return undefined;
};

const clock = checkWith<Clock>((value) =>
  hasMethods(value, 'now', 'schedule')
    ? { value: value as Clock }
    : { problem: `must be a Clock with the methods now() and schedule(), not ${shownValue(value)}` },
);

const adminPath = checkWith<string>((value) => {
  const path = typeof value === 'string' ? value.replace(/^\/+|\/+$/g, '') : '';
  const segments = path.split('/');
  const valid = path.length <= 200 && segments.every((segment) => /^(?!\.\.?$)[A-Za-z0-9._~-]+$/.test(segment));
  return valid
    ? { value: path }
    : {
        problem:
          'must be a path such as "admin/tasks": segments of letters, digits or "-", "_", ".", "~" between slashes, ' +
          `not ${shownValue(value)}`,
      };
});

const guards = checkWith<NonNullable<AdminOptions['guards']>>((value) =>
  Array.isArray(value) && value.every((guard) => typeof guard === 'function' || hasMethods(guard, 'canActivate'))
    ? { value: value as Array<Type<CanActivate> | CanActivate> }
    : { problem: 'must be a list of guards: classes or objects with a method canActivate()' },
);

const metadata = checkWith<NonNullable<AdminOptions['metadata']>>((value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { value: value as NonNullable<AdminOptions['metadata']> }
    : { problem: `must be an object of metadata such as { isPublic: true }, not ${shownValue(value)}` },
);

const origin = checkWith<string>((value) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  // A slash at its end is what the address bar shows.
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && [url.origin, `${url.origin}/`].includes(url.href);
  return isOrigin
    ? { value: url.origin }
    : { problem: `must be an origin such as "https://tasks.example.com", not ${shownValue(value)}` };
});

const failureTarget = object<{ queue: string; name: string }>({ queue: queueName, name: text });

const failureTask: Check<string | FailureTarget> = (value, place) => {
  if (typeof value !== 'object' || value === null) return text(value, place);
  const checked = failureTarget(value, place);
  if (!checked?.name || !checked.queue) {
    place.report('must have a name and a queue: { name: "notify_ops", queue: "alerts" }');
    return undefined;
  }
  return checked;
};

const onFailed: Check<OnFailed> = orFalse(failureTask);

const aFunction = <T>(shape: string): Check<T> =>
  checkWith<T>((value) =>
    typeof value === 'function'
      ? { value: value as T }
      : { problem: `must be a function ${shape}, not ${shownValue(value)}` },
  );

const contextFields: OptionChecks<ContextOptions> = {
  carry: aFunction('() => object'),
  run: aFunction('(carried, next) => next()'),
};

const adminFields: OptionChecks<AdminOptions> = {
  path: adminPath,
  guards: inCodeOnly(guards),
  access: oneOf('key', 'local'),
  metadata: inCodeOnly(metadata),
  origins: listWith(origin),
  readOnly: boolean(),
  user: inCodeOnly(aFunction('(request) => string | null')),
  can: inCodeOnly(aFunction('(request, action, about) => boolean')),
};

const metricsRoute = object<MetricsOptions>({
  path: adminPath,
  guards: inCodeOnly(guards),
  access: oneOf('panel', 'open'),
});

const metrics: Check<boolean | MetricsOptions> = (value, place) => {
  if (typeof value !== 'object' || value === null) return boolean()(value, place);
  const route = metricsRoute(value, place);
  if (route && !('path' in value)) place.report('must have a path, such as "metrics"');
  return route;
};

const keyFields: OptionChecks<CheckedQueueKey> = {
  concurrency: wholeNumber(1, MAX_CONCURRENCY),
  rateLimit: checkWith(checkRateLimit),
  weights: mapOf(
    checkWith<string>((value) => ({ value: String(value) })),
    wholeNumber(1, MAX_KEY_WEIGHT),
  ),
};

const queueFields: OptionChecks<CheckedQueue> = {
  ...queueSettingsFields,
  concurrency,
  rateLimit: checkWith(checkRateLimit),
  onFailed,
  key: object(keyFields),
  fair: boolean(),
  globalConcurrency: wholeNumber(1, MAX_CONCURRENCY),
};

const storeName = checkWith<string>((value) =>
  typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,99}$/.test(value)
    ? { value }
    : {
        problem: `must be a letter followed by at most 99 letters, digits, "_" or "-", not ${shownValue(value)}`,
      },
);

const rootFields: OptionChecks<CheckedOptions> = {
  ...queueSettingsFields,
  database: databasePath,
  dataSource,
  engine: engineOption,
  outbox: object<OutboxOptions>({ dataSource, migrate: boolean() }),
  synchronous: oneOf('full', 'normal'),
  thread: boolean(),
  workers,
  queues: mapOf(queueName, object(queueFields)),
  autoStart: boolean(),
  limits: mapOf(queueName, checkWith(checkRateLimit)),
  cron: oneOf('all', 'own', false),
  crons: mapOf(text, object<CronOverride>({ expression: text, timeZone: text, disabled: boolean() })),
  enhancers: oneOf('own', 'all'),
  context: inCodeOnly(object(contextFields)),
  metrics,
  alerts: checkAlerts(text, queueName, failureTask),
  onFailed,
  admin: orFalse(object(adminFields)),
  maxParamsSize: checkWith((value) => checkSize(value, PARAMS_SIZE_BOUNDS)),
  maxResultSize: checkWith((value) => checkSize(value, RESULT_SIZE_BOUNDS)),
  shutdownGrace: durationValue(SHUTDOWN_GRACE_BOUNDS),
  lease: durationValue(LEASE_BOUNDS),
  maxLostAttempts: wholeNumber(1, MAX_LOST_ATTEMPTS),
  unknownTasks,
  clock: inCodeOnly(clock),
  name: inCodeOnly(storeName),
  global: inCodeOnly(boolean()),
  configFile: inCodeOnly(orFalse(text)),
};

/** Every key that stands at the top level, and under a queue, as it is spelled in code. */
export const moduleOptionKeys: readonly string[] = Object.keys(rootFields);
export const queueOptionKeys: readonly string[] = Object.keys(queueFields);

const root = object(rootFields);

/** Checks the options of one source. What is wrong is reported at `place`, and left out of the result. */
export function checkModuleOptions(value: unknown, place: OptionPlace): CheckedOptions {
  const options = root(value, place) ?? {};
  if (options.database !== undefined && options.dataSource !== undefined) {
    place
      .option('dataSource')
      .report(`cannot stand beside "database": tasks live either in a file of their own or in the app's database`);
  }
  if (options.engine !== undefined && (options.database ?? options.dataSource) !== undefined) {
    place.option('engine').report('cannot stand beside "database" or "dataSource": tasks live in one place');
  }
  for (const option of ['synchronous', 'thread'] as const) {
    if (options.engine === undefined || options[option] === undefined) continue;
    place.option(option).report('cannot stand beside "engine": it is about the file of the embedded store');
  }
  if (options.outbox !== undefined && options.outbox.dataSource === undefined) {
    place.option('outbox').report('must name the DataSource whose transactions it is for: { dataSource: "default" }');
  }
  return options;
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
