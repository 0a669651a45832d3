import type { FactoryProvider, Provider } from '@nestjs/common';
import type {
  TasksModuleAsyncOptions,
  TasksModuleIdentity,
  TasksModuleOptions,
  TasksModuleRootOptions,
  TasksOptionsFactory,
} from '../config/index.js';
import { isObject, shownValue } from '../checks/index.js';
import { listOf, TasksConfigError } from '../contract/index.js';
import { TASKS_OPTIONS, TASKS_OPTIONS_FACTORY } from './tasks.constants.js';

/** @throws TasksConfigError for what has no options, and would pass for none at all */
export function refuseNoOptions(what: string, options: unknown, verb = 'takes'): void {
  if (isObject(options)) return;
  throw new TasksConfigError(`${what} ${verb} an object of options, not ${shownValue(options)}.`);
}

/** Provides the options that a factory or a class makes. @throws TasksConfigError for none of them, or several */
export function asyncOptions(options: TasksModuleAsyncOptions): Provider[] {
  refuseNoOptions('TasksModule.forRootAsync()', options);
  const { name, configFile, imports, ...from } = options;
  if (imports !== undefined && !Array.isArray(imports)) {
    throw new TasksConfigError(
      `TasksModule.forRootAsync(): "imports" must be a list of modules, not ${shownValue(imports)}.`,
    );
  }
  const { inject, useFactory, useClass, useExisting } = from;
  const given = Object.entries({ useFactory, useClass, useExisting }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw new TasksConfigError(
      `TasksModule.forRootAsync() takes one of "useFactory", "useClass" and "useExisting", and has ${listOf(given.map(([key]) => key))}.`,
    );
  }
  const complete = (made: TasksModuleOptions): TasksModuleRootOptions => {
    refuseNoOptions('The factory of TasksModule.forRootAsync()', made, 'returns');
    for (const key of ['name', 'global', 'configFile'] as const satisfies Array<keyof TasksModuleIdentity>) {
      if (typeof made !== 'object' || made === null || !(key in made)) continue;
      throw new TasksConfigError(
        `TasksModule.forRootAsync(): give "${key}" beside the factory, not in what it returns.`,
      );
    }
    return { ...made, ...(name !== undefined && { name }), ...(configFile !== undefined && { configFile }) };
  };
  if (useFactory) {
    const factory: FactoryProvider = {
      provide: TASKS_OPTIONS,
      useFactory: async (...dependencies: never[]) => complete(await useFactory(...dependencies)),
      inject: inject ?? [],
    };
    return [factory];
  }
  return [
    ...(useClass ? [{ provide: TASKS_OPTIONS_FACTORY, useClass }] : []),
    {
      provide: TASKS_OPTIONS,
      useFactory: async (factory: TasksOptionsFactory) => complete(await factory.createTasksOptions()),
      inject: [useClass ? TASKS_OPTIONS_FACTORY : useExisting!],
    },
  ];
}
