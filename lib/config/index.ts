export { DEFAULT_QUEUE, DEFAULT_SETTINGS } from './defaults.js';
export { type EngineTraits, noKeys, unfitOptions, unfitRetention, weakerOptions } from './engine-fit.js';
export type { ResolvedAlertRule, ResolvedAlerts } from './alert-options.js';
export { loadConfig } from './load-config.js';
export {
  type AdminAbout,
  type AdminAction,
  type AdminOptions,
  type AlertRule,
  type AlertsOptions,
  type Backoff,
  type BackoffFunction,
  type ContextOptions,
  type CronMode,
  type CronOverride,
  type EngineOption,
  type EnhancersMode,
  type MetricsOptions,
  type OnFailed,
  type OutboxOptions,
  type KeptTasks,
  type QueueKeyOptions,
  type QueueOptions,
  type QueueRetentionOptions,
  type QueueSettingsOptions,
  type RetentionOptions,
  type StoredTaskSettings,
  type TaskSettingsOptions,
  type TasksModuleAsyncOptions,
  type TasksModuleIdentity,
  type TasksModuleOptions,
  type TasksModuleRootOptions,
  type TasksOptionsFactory,
  type UnknownTasks,
  type WorkerCounts,
} from './options.js';
export { withHandlerQueues } from './resolve-queues.js';
export type { CronOverrides, ResolvedConfig, TaskSettings } from './resolved-config.js';
export { overlaySettings, resolveSettings, validateTaskSettings } from './task-settings.js';
