import type { ModulesContainer } from '@nestjs/core';
import { TasksConfigError } from '../contract/index.js';
import { Stores } from './discovery/stores.js';
import { TASKS_IDENTITY } from './tasks.constants.js';

/** Provided in each store's module, so that the modules of one process find each other. */
export interface StoreIdentity {
  readonly name: string;
}

type NestModule = ModulesContainer extends Map<string, infer Module> ? Module : never;

/** The identity of the store whose module `module` is; undefined for every other module. */
export function storeIdentityOf(module: NestModule): StoreIdentity | undefined {
  return module.providers.get(TASKS_IDENTITY)?.instance as StoreIdentity | undefined;
}

/** The stores of the process as `mine` sees them. @throws TasksConfigError when two have one name */
export function storesOf(modules: ModulesContainer, mine: StoreIdentity): Stores {
  const names = [...modules.values()].flatMap((module) => storeIdentityOf(module)?.name ?? []);
  if (names.filter((name) => name === mine.name).length > 1) {
    throw new TasksConfigError(
      `TasksModule is imported twice under the name "${mine.name}". Import it once, in the root module: its dispatcher ` +
        `is then injectable everywhere. For a second store give one of them another name: TasksModule.forRoot({ name: 'reports' }).`,
    );
  }
  return new Stores(mine.name, names);
}
