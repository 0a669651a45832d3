import { type ContextId, ContextIdFactory, ModuleRef, type DiscoveryService } from '@nestjs/core';
import type { TaskContext } from '../../attempts/index.js';

/** A provider or controller as Nest's container holds it. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Whether all attempts run on one object: neither the provider nor anything that it needs is made for each. */
export function isShared(wrapper: ProviderWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

/**
 * The object that a task runs on. A provider that is request-scoped or transient, or depends on one that is, is made
 * anew for each attempt, with the attempt's context as its `REQUEST`, and promised.
 *
 * @param request the attempt's context, or what else it is made for
 * @param contextId of the attempt
 */
export function instanceIn(wrapper: ProviderWrapper, request: object, contextId: ContextId): object | Promise<object> {
  // The module's own ModuleRef and `strict`: other modules may provide the same token.
  const moduleRef = wrapper.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  moduleRef.registerRequestByContextId(request, contextId);
  if (isShared(wrapper)) return wrapper.instance as object;
  return moduleRef.resolve<object>(wrapper.token as string, contextId, { strict: true });
}

export interface MethodCall {
  readonly wrapper: ProviderWrapper;
  readonly method: string;
  /** What of the params and the context the method takes. */
  readonly argumentsOf: (params: unknown, task: unknown) => readonly unknown[];
}

/** As a handler takes them. */
export const PARAMS_AND_TASK: MethodCall['argumentsOf'] = (params, task) => [params, task];

/** A call of the method, on the object that the task runs on. */
export function callOn({ wrapper, method, argumentsOf }: MethodCall): (params: object, task: TaskContext) => unknown {
  return (params, task) => {
    const call = (instance: object): unknown =>
      (instance as Record<string, (...args: unknown[]) => unknown>)[method]!(...argumentsOf(params, task));
    if (isShared(wrapper)) return call(wrapper.instance as object);
    return (instanceIn(wrapper, task, ContextIdFactory.create()) as Promise<object>).then(call);
  };
}
