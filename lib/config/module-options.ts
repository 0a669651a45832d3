import type { CanActivate, Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock/index.js';
import {
  CONCURRENCY_LIMIT,
  LEASE_BOUNDS,
  LOST_ATTEMPTS_LIMIT,
  PARAMS_SIZE_BOUNDS,
  SHUTDOWN_GRACE_BOUNDS,
} from './limits.js';
import {
  boolean,
  type Check,
  checkWith,
  duration,
  type Fields,
  inCodeOnly,
  mapOf,
  object,
  oneOf,
  orFalse,
  wholeNumber,
} from './option-checks.js';
import { engineOption } from './engine-option.js';
import type {
  AdminOptions,
  CronMode,
  EngineOption,
  OutboxOptions,
  TaskSettingsOptions,
  TasksModuleIdentity,
} from './options.js';
import type { Place } from './place.js';
import { checkQueueName } from './queue-name.js';
import { checkRateLimit } from './rate-limit.js';
import type { RateLimit } from './resolved-config.js';
import { shownValue } from './shown-value.js';
import { checkSize } from './size.js';
import { taskSettingsFields } from './task-settings.js';

/** {@link QueueOptions} of one source after it was checked. */
export interface CheckedQueue extends TaskSettingsOptions {
  readonly concurrency?: number;
  readonly rateLimit?: RateLimit;
}

/** {@link TasksModuleRootOptions} of one source after it was checked: durations and sizes are numbers, names stand in maps. */
export interface CheckedOptions extends TaskSettingsOptions, TasksModuleIdentity {
  readonly database?: string;
  readonly dataSource?: string | DataSource;
  readonly engine?: EngineOption;
  readonly outbox?: OutboxOptions;
  readonly synchronous?: 'full' | 'normal';
  readonly workers?: Map<string, number> | number | false;
  readonly queues?: Map<string, CheckedQueue>;
  readonly cron?: CronMode;
  readonly admin?: AdminOptions | false;
  readonly maxParamsSize?: number;
  readonly shutdownGrace?: number;
  readonly lease?: number;
  readonly maxLostAttempts?: number;
  readonly clock?: Clock;
}

const concurrency = wholeNumber(0, CONCURRENCY_LIMIT);
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

const text = checkWith<string>((value) =>
  typeof value === 'string' && value.trim() !== ''
    ? { value }
    : { problem: `must be a text that is not empty, not ${shownValue(value)}` },
);

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

const user = checkWith<NonNullable<AdminOptions['user']>>((value) =>
  typeof value === 'function'
    ? { value: value as NonNullable<AdminOptions['user']> }
    : { problem: `must be a function (request) => string | null, not ${shownValue(value)}` },
);

const adminFields: Fields<AdminOptions> = {
  path: adminPath,
  guards: inCodeOnly(guards),
  readOnly: boolean(),
  user: inCodeOnly(user),
};

const queueFields: Fields<CheckedQueue> = {
  ...taskSettingsFields,
  concurrency,
  rateLimit: checkWith(checkRateLimit),
};

const storeName = checkWith<string>((value) =>
  typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,99}$/.test(value)
    ? { value }
    : {
        problem: `must be a letter followed by at most 99 letters, digits, "_" or "-", not ${shownValue(value)}`,
      },
);

const rootFields: Fields<CheckedOptions> = {
  ...taskSettingsFields,
  database: text,
  dataSource,
  engine: engineOption,
  outbox: object<OutboxOptions>({ dataSource, migrate: boolean() }),
  synchronous: oneOf('full', 'normal'),
  workers,
  queues: mapOf(queueName, object(queueFields)),
  cron: oneOf('all', 'own', false),
  admin: orFalse(object(adminFields)),
  maxParamsSize: checkWith((value) => checkSize(value, PARAMS_SIZE_BOUNDS)),
  shutdownGrace: duration(SHUTDOWN_GRACE_BOUNDS),
  lease: duration(LEASE_BOUNDS),
  maxLostAttempts: wholeNumber(1, LOST_ATTEMPTS_LIMIT),
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
export function checkModuleOptions(value: unknown, place: Place): CheckedOptions {
  const options = root(value, place) ?? {};
  if (options.database !== undefined && options.dataSource !== undefined) {
    place
      .option('dataSource')
      .report(`cannot stand beside "database": tasks live either in a file of their own or in the app's database`);
  }
  if (options.engine !== undefined && (options.database ?? options.dataSource) !== undefined) {
    place.option('engine').report('cannot stand beside "database" or "dataSource": tasks live in one place');
  }
  if (options.engine !== undefined && options.synchronous !== undefined) {
    place.option('synchronous').report('cannot stand beside "engine": it is about the file of the embedded store');
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
