import { SystemClock } from '../clock/index.js';
import { TasksConfigError } from '../contract/index.js';
import { readConfigSection } from './config-file.js';
import {
  DEFAULT_ADMIN_ACCESS,
  DEFAULT_AUTO_START,
  DEFAULT_CRON,
  DEFAULT_ENHANCERS,
  DEFAULT_LEASE_MS,
  DEFAULT_MAX_LOST_ATTEMPTS,
  DEFAULT_MAX_PARAMS_BYTES,
  DEFAULT_MAX_RESULT_BYTES,
  DEFAULT_NAME,
  DEFAULT_OUTBOX_MIGRATE,
  DEFAULT_SETTINGS,
  DEFAULT_SHUTDOWN_GRACE_MS,
  DEFAULT_SYNCHRONOUS,
  DEFAULT_THREAD,
  DEFAULT_UNKNOWN_TASKS_WAIT_MS,
  defaultAdminPath,
  defaultDatabase,
} from './defaults.js';
import { resolveAlerts } from './alert-options.js';
import { mergeOptions } from './merge-options.js';
import { checkModuleOptions, type CheckedOptions } from './module-options.js';
import type { TasksModuleRootOptions } from './options.js';
import { OptionPlace } from '../checks/index.js';
import { concurrencyOfHandlerQueues, resolveQueues } from './resolve-queues.js';
import type { ResolvedConfig } from './resolved-config.js';
import { overlaySettings } from './task-settings.js';

/**
 * Reads the configuration file, checks it and `options`, lays `options` over it and fills in the defaults.
 *
 * @param options as given to `TasksModule.forRoot`
 * @param caller what errors call the place of `options`
 * @throws TasksConfigError that lists everything that is wrong, one problem a line
 */
export function loadConfig(options: TasksModuleRootOptions, caller = 'TasksModule.forRoot()'): ResolvedConfig {
  const problems: string[] = [];
  const code = checkModuleOptions(options, new OptionPlace({ spelling: 'camel', label: () => caller }, problems));
  const name = code.name ?? DEFAULT_NAME;
  // With a wrong name or path, another section or file than the meant one would be read.
  const readable = isIntact(options, code, 'name') && isIntact(options, code, 'configFile');
  const file = readable ? checkFile(code.configFile, name, problems) : {};
  if (problems.length > 0) throw new TasksConfigError(problems.join('\n'));
  return resolve(name, file, code);
}

function checkFile(path: string | false | undefined, name: string, problems: string[]): CheckedOptions {
  const section = readConfigSection(path, name, problems);
  return section ? checkModuleOptions(section.value, new OptionPlace(section.source, problems, [section.key])) : {};
}

/** Whether an option passed its check, or was not given. */
function isIntact(given: TasksModuleRootOptions, checked: CheckedOptions, key: 'name' | 'configFile'): boolean {
  return given?.[key] === checked[key];
}

function resolve(name: string, file: CheckedOptions, code: CheckedOptions): ResolvedConfig {
  const merged = mergeOptions(file, code);
  const defaults = overlaySettings(DEFAULT_SETTINGS, merged);
  const admin = merged.admin ?? {};
  return {
    name,
    engine: merged.engine ?? null,
    database:
      merged.dataSource === undefined && merged.engine === undefined
        ? (merged.database ?? defaultDatabase(name))
        : null,
    dataSource: merged.dataSource ?? null,
    outbox: merged.outbox
      ? { dataSource: merged.outbox.dataSource, migrate: merged.outbox.migrate ?? DEFAULT_OUTBOX_MIGRATE }
      : null,
    synchronous: merged.synchronous ?? DEFAULT_SYNCHRONOUS,
    thread: merged.thread ?? DEFAULT_THREAD,
    defaults,
    queues: resolveQueues(file, code, merged, defaults),
    limits: merged.limits ?? new Map(),
    handlerQueueConcurrency: concurrencyOfHandlerQueues(merged.workers),
    autoStart: merged.autoStart ?? DEFAULT_AUTO_START,
    cron: merged.cron ?? DEFAULT_CRON,
    crons: merged.crons ?? new Map(),
    enhancers: merged.enhancers ?? DEFAULT_ENHANCERS,
    context: merged.context ?? {},
    metrics: merged.metrics ?? false,
    alerts: resolveAlerts(merged.alerts),
    onFailed: merged.onFailed ?? false,
    admin: admin && {
      path: admin.path ?? defaultAdminPath(name),
      guards: admin.guards ?? [],
      access: admin.access ?? DEFAULT_ADMIN_ACCESS,
      metadata: admin.metadata ?? {},
      origins: admin.origins ?? [],
      readOnly: admin.readOnly ?? false,
      user: admin.user ?? null,
      can: admin.can ?? null,
    },
    maxParamsSize: merged.maxParamsSize ?? DEFAULT_MAX_PARAMS_BYTES,
    maxResultSize: merged.maxResultSize ?? DEFAULT_MAX_RESULT_BYTES,
    shutdownGrace: merged.shutdownGrace ?? DEFAULT_SHUTDOWN_GRACE_MS,
    lease: merged.lease ?? DEFAULT_LEASE_MS,
    maxLostAttempts: merged.maxLostAttempts ?? DEFAULT_MAX_LOST_ATTEMPTS,
    unknownTasksWait: unknownTasksWait(merged.unknownTasks),
    clock: merged.clock ?? new SystemClock(),
  };
}

function unknownTasksWait(given: CheckedOptions['unknownTasks'] = 'wait'): number | null {
  if (given === 'fail') return null;
  return given === 'wait' ? DEFAULT_UNKNOWN_TASKS_WAIT_MS : given.wait;
}
