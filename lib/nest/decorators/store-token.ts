import type { InjectionToken, Type } from '@nestjs/common';
import { shownValue } from '../../checks/index.js';
import { DEFAULT_STORE, TasksConfigError } from '../../contract/index.js';

/**
 * Token of a part of a store: its class for the default store, a text for a named one.
 *
 * @param part as the token of a named store has it: `dispatcher`
 * @throws TasksConfigError for what is no name: Nest would only say that nothing has a token of this text
 */
export function storeToken<T>(type: Type<T>, part: string, store: string = DEFAULT_STORE): InjectionToken<T> {
  if (typeof store !== 'string' || store === '') {
    throw new TasksConfigError(
      `The store of ${type.name} must be the "name" given to TasksModule.forRoot(), not ${shownValue(store)}.`,
    );
  }
  return store === DEFAULT_STORE ? type : `nestjs-tasks:${part}:${store}`;
}
