export { HandlerRegistry } from './handler-registry.js';
export type { KeptResult, ParamsUpgrades, RegisteredHandler } from './registered-handler.js';
