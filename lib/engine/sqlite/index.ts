export { retentionTable } from './thread/retention-table.js';
export { databasePathProblem } from './store/database-path.js';
export { TASKS_ENTITIES } from './store/entities/index.js';
export { TASKS_MIGRATIONS } from './store/migrations/index.js';
export { sqliteEngine } from './sqlite-engine.js';
export type { SqliteEngineOptions } from './sqlite-options.js';
export type { ThreadData } from './thread/thread-data.js';
export { serveEngine } from './thread/serve-engine.js';
export { threadedEngine } from './thread/threaded-engine.js';
