import type { FactoryProvider, Provider } from '@nestjs/common';
import type {
  TasksModuleAsyncOptions,
  TasksModuleIdentity,
  TasksModuleOptions,
  TasksModuleRootOptions,
  TasksOptionsFactory,
} from '../config/index.js';
import { shownValue } from '../checks/index.js';
import { listOf, TasksConfigError } from '../contract/index.js';
import { refuseNoOptions } from './options-object.js';
import { TASKS_OPTIONS, TASKS_OPTIONS_FACTORY } from './tasks.constants.js';

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
  checkForm(from);
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
      useFactory: async (factory: TasksOptionsFactory) => complete(await created(factory)),
      inject: [useClass ? TASKS_OPTIONS_FACTORY : useExisting!],
    },
  ];
}

/** Nest would say of a wrong one that it is no dependency of a token that the app has never heard of. */
function checkForm({ inject, useFactory, useClass, useExisting }: TasksModuleAsyncOptions): void {
  const wrong = (key: string, due: string, value: unknown): TasksConfigError =>
    new TasksConfigError(`TasksModule.forRootAsync(): "${key}" must be ${due}, not ${shownValue(value)}.`);
  if (useFactory !== undefined && typeof useFactory !== 'function') {
    throw wrong('useFactory', 'a function that returns the options', useFactory);
  }
  if (useClass !== undefined && typeof useClass !== 'function') {
    throw wrong('useClass', 'a class with a method createTasksOptions()', useClass);
  }
  if (useExisting !== undefined && !['function', 'string', 'symbol'].includes(typeof useExisting)) {
    throw wrong('useExisting', 'the token of a provider with a method createTasksOptions()', useExisting);
  }
  if (inject !== undefined && !Array.isArray(inject)) throw wrong('inject', 'a list of tokens', inject);
}

function created(factory: TasksOptionsFactory): TasksModuleOptions | Promise<TasksModuleOptions> {
  if (typeof factory?.createTasksOptions === 'function') return factory.createTasksOptions();
  throw new TasksConfigError(
    'What TasksModule.forRootAsync() has as "useClass" or "useExisting" has no method createTasksOptions(), which returns ' +
      'the options. Give it one.',
  );
}
