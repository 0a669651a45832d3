import { Inject, type InjectionToken } from '@nestjs/common';
import { CronSchedules } from '../../cron/index.js';
import { storeToken } from './store-token.js';

/**
 * Token of a store's cron schedules: the class itself for the default store, a string for a named one.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 */
export function getCronSchedulesToken(store?: string): InjectionToken<CronSchedules> {
  return storeToken(CronSchedules, 'cron-schedules', store);
}

/**
 * Injects the cron schedules of a named store.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 *
 * @publicApi
 */
export function InjectCronSchedules(store?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getCronSchedulesToken(store));
}
