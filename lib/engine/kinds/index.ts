export { databasePathProblem, serveEngine, handFedEngine, type ThreadData } from '../sqlite/index.js';
export { ENGINE_KINDS, type EngineOption } from './engine-kinds.js';
export { makeEngine, type EnginePlan } from './make-engine.js';
