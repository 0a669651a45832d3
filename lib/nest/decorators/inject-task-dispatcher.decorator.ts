import { Inject, type InjectionToken } from '@nestjs/common';
import { TaskDispatcher } from '../../queueing/index.js';
import { storeToken } from './store-token.js';

/**
 * Token of a store's dispatcher: the class itself for the default store, a string for a named one.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 */
export function getTaskDispatcherToken(store?: string): InjectionToken<TaskDispatcher> {
  return storeToken(TaskDispatcher, 'dispatcher', store);
}

/**
 * Injects the dispatcher of a named store.
 *
 * @param store the `name` given to `TasksModule.forRoot`; default: `default`
 *
 * @publicApi
 */
export function InjectTaskDispatcher(store?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getTaskDispatcherToken(store));
}
