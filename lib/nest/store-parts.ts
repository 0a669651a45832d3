import type { InjectionToken } from '@nestjs/common';
import { ModuleRef, type ModulesContainer } from '@nestjs/core';
import { AttemptPipeline } from '../attempts/index.js';
import type { ResolvedConfig } from '../config/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import { HandlerRegistry } from '../handlers/index.js';
import { ParamsCodec } from '../params/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import { getTaskDispatcherToken } from './decorators/index.js';
import { TASK_ENGINE, TASKS_CONFIG } from './tasks.constants.js';
import { storeIdentityOf } from './tasks.identity.js';
import { TasksLifecycle } from './tasks.lifecycle.js';

/** The parts of one store of an app. */
export interface StoreParts {
  readonly name: string;
  readonly config: ResolvedConfig;
  readonly engine: TaskEngine;
  readonly registry: HandlerRegistry;
  readonly codec: ParamsCodec;
  readonly dispatcher: TaskDispatcher;
  readonly attempts: AttemptPipeline;
  readonly lifecycle: TasksLifecycle;
  readonly moduleRef: ModuleRef;
}

/** The stores of an app whose providers are made. */
export function storesIn(modules: ModulesContainer): StoreParts[] {
  return [...modules.values()].flatMap((module) => {
    const identity = storeIdentityOf(module);
    if (!identity) return [];
    const part = <T>(token: InjectionToken<T>): T => module.providers.get(token)!.instance as T;
    // The last to be made.
    if (!part(TasksLifecycle)) return [];
    return [
      {
        name: identity.name,
        config: part<ResolvedConfig>(TASKS_CONFIG),
        engine: part<TaskEngine>(TASK_ENGINE),
        registry: part(HandlerRegistry),
        codec: part(ParamsCodec),
        dispatcher: part(getTaskDispatcherToken(identity.name)),
        attempts: part(AttemptPipeline),
        lifecycle: part(TasksLifecycle),
        moduleRef: part(ModuleRef),
      },
    ];
  });
}
