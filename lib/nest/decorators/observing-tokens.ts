import type { InjectionToken } from '@nestjs/common';
import { DEFAULT_STORE } from '../../contract/index.js';
import { TasksHealth } from '../../health/index.js';
import { TasksMetrics } from '../../metrics/index.js';

/**
 * Token of a store's metrics: the class itself for the default store, a string for a named one.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 */
export function getTasksMetricsToken(store: string = DEFAULT_STORE): InjectionToken<TasksMetrics> {
  return store === DEFAULT_STORE ? TasksMetrics : `nestjs-tasks:metrics:${store}`;
}

/**
 * Token of a store's health: the class itself for the default store, a string for a named one.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 */
export function getTasksHealthToken(store: string = DEFAULT_STORE): InjectionToken<TasksHealth> {
  return store === DEFAULT_STORE ? TasksHealth : `nestjs-tasks:health:${store}`;
}
