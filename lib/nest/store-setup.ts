import type { ResolvedConfig } from '../config/index.js';
import { type EnginePlan, makeEngine } from '../engine/kinds/index.js';
import type { EngineContext, TaskEngine } from '../engine/port/index.js';
import type { RegisteredHandler } from '../handlers/index.js';

/** How a store is set up, whatever its options say: what stands in for parts of it in an app's tests. */
export interface StoreSetup {
  config(config: ResolvedConfig): ResolvedConfig;
  /** @throws TasksConfigError */
  makeEngine(plan: EnginePlan, context: EngineContext): TaskEngine;
  handler(handler: RegisteredHandler): RegisteredHandler;
}

/** Sets up each store of an app, by its name. */
export interface StoreSetups {
  setupOf(store: string): StoreSetup;
}

export const AS_CONFIGURED: StoreSetup = {
  config: (config) => config,
  makeEngine,
  handler: (handler) => handler,
};
