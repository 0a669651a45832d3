/** Name of the store where a process has one. */
export const DEFAULT_STORE = 'default';

/**
 * Metadata of `@TaskHandler`, on the class or on the method's function. A string, so that an app that loads two copies of
 * the package (one ESM, one CommonJS) still has its handlers found.
 */
export const TASK_HANDLER_METADATA = 'nestjs-tasks:handler';

/** What is provided inside one store's module; each store has its own. */
export const TASKS_IDENTITY = 'nestjs-tasks:identity';
export const TASKS_OPTIONS = 'nestjs-tasks:options';
export const TASKS_OPTIONS_FACTORY = 'nestjs-tasks:options-factory';
export const TASKS_CONFIG = 'nestjs-tasks:config';
export const TASK_ENGINE = 'nestjs-tasks:engine';
