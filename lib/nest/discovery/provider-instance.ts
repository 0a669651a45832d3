import { ContextIdFactory, ModuleRef, type DiscoveryService } from '@nestjs/core';
import type { TaskContext } from '../../attempts/index.js';

/** A provider or controller as Nest's container holds it. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * The object that a task runs on. A provider that is request-scoped or transient, or depends on one that is, is made
 * anew for each attempt, with the attempt's context as its `REQUEST`, and promised.
 */
export function instanceFor(wrapper: ProviderWrapper, task: TaskContext): object | Promise<object> {
  if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) return wrapper.instance as object;
  // The module's own ModuleRef and `strict`: other modules may provide the same token.
  const moduleRef = wrapper.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  const contextId = ContextIdFactory.create();
  moduleRef.registerRequestByContextId(task, contextId);
  return moduleRef.resolve<object>(wrapper.token as string, contextId, { strict: true });
}

/** A handler's call of `method`, on the object that the task runs on. */
export function callOn(wrapper: ProviderWrapper, method: string): (params: object, task: TaskContext) => unknown {
  return (params, task) => {
    const call = (instance: object): unknown =>
      (instance as Record<string, (...args: unknown[]) => unknown>)[method]!(params, task);
    const made = instanceFor(wrapper, task);
    return made instanceof Promise ? made.then(call) : call(made);
  };
}
