export { ENTITIES as TASKS_ENTITIES } from './entities/index.js';
export { MIGRATIONS as TASKS_MIGRATIONS } from './migrations/index.js';
export { SqliteEngine, type SqliteEngineOptions } from './sqlite-engine.js';
