export type { EngineKind, OptionProblem } from './engine-kind.js';
export { ENGINE_KINDS, type EngineOption } from './engine-kinds.js';
export { makeEngine, type EnginePlan } from './make-engine.js';
