/** Tokens of what is provided inside one store's module; each store has its own. */
export const TASKS_IDENTITY = 'nestjs-tasks:identity';
export const STORE_SETUP = 'nestjs-tasks:setup';
export const TASKS_OPTIONS = 'nestjs-tasks:options';
export const TASKS_OPTIONS_FACTORY = 'nestjs-tasks:options-factory';
export const TASKS_CONFIG = 'nestjs-tasks:config';
export const TASK_ENGINE = 'nestjs-tasks:engine';
export const TASKS_LOGGER = 'nestjs-tasks:logger';

/** Of {@link StoreSetups}; provided where an app is tested, for all its stores. */
export const STORE_SETUPS = 'nestjs-tasks:setups';
