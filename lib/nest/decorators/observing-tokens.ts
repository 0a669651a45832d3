import type { InjectionToken } from '@nestjs/common';
import { TasksHealth } from '../../health/index.js';
import { TasksMetrics } from '../../metrics/index.js';
import { storeToken } from './store-token.js';

/**
 * Token of a store's metrics: the class itself for the default store, a string for a named one.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 */
export function getTasksMetricsToken(store?: string): InjectionToken<TasksMetrics> {
  return storeToken(TasksMetrics, 'metrics', store);
}

/**
 * Token of a store's health: the class itself for the default store, a string for a named one.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 */
export function getTasksHealthToken(store?: string): InjectionToken<TasksHealth> {
  return storeToken(TasksHealth, 'health', store);
}
