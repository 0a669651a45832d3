import type { Type } from '@nestjs/common';
import { ApplicationConfig, type ContextId, ContextIdFactory, ModuleRef, type ModulesContainer } from '@nestjs/core';
import type { TaskContext } from '../../attempts/index.js';
import type { ResolvedConfig } from '../../config/index.js';
import { restoreMetadata } from '../discovery/class-methods.js';
import { memberOf, providedClass } from '../discovery/provider-class.js';
import { callOn, instanceIn, isShared, type ProviderWrapper } from '../discovery/provider-instance.js';
import { checkEnhancers, hasEnhancers } from './own-enhancers.js';
import { type EnhancedCall, TaskContextCreator } from './task-context-creator.js';

export interface TaskEnhancersParts {
  readonly config: Pick<ResolvedConfig, 'enhancers'>;
  readonly modules: ModulesContainer;
  readonly globals: ApplicationConfig;
}

/** A method that tasks are to call. */
export interface CallSite {
  readonly wrapper: ProviderWrapper;
  /** The class that it was found on. */
  readonly owner: Type<object>;
  readonly method: string;
  /** `SendEmailHandler.handle` */
  readonly location: string;
  /** What of the params and the context the method takes. */
  readonly argumentsOf: (params: unknown, task: unknown) => readonly unknown[];
  /** Class of the params. Default: the type of the method's first parameter. */
  readonly metatype?: Type<object> | undefined;
}

type TaskCall = (params: object, task: TaskContext) => unknown;

/**
 * Calls handlers with the enhancers that stand on them: Nest's guards, interceptors, pipes and filters. A handler without
 * any is called as if there were none in Nest.
 *
 * The app's global enhancers are written for HTTP as a rule, and so are those of a controller's class: they apply with the
 * option `enhancers: 'all'` alone.
 */
export class TaskEnhancers {
  constructor(private readonly parts: TaskEnhancersParts) {}

  /** @throws TasksConfigError for an enhancer that Nest would leave out */
  callOf(site: CallSite): TaskCall {
    const { wrapper, owner, method: name, location } = site;
    const all = this.parts.config.enhancers === 'all';
    const withClass = all || !isController(wrapper);
    restoreMetadata(owner, name);
    const method = memberOf(wrapper, owner, name) as object;
    const type = withClass ? providedClass(wrapper) : null;
    const own = hasEnhancers({ type, method });
    if (own) checkEnhancers({ wrapper, type, method, location });
    const plain = callOn(site);
    if (!own && !all) return plain;
    const metatype = site.metatype ?? firstParameter(owner.prototype as object, name);
    // When the first task comes, the app has its global enhancers.
    let call: TaskCall | null = null;
    return (params, task) => {
      call ??= own || this.hasGlobals() ? this.enhanced({ ...site, metatype }, withClass) : plain;
      return call(params, task);
    };
  }

  private enhanced({ wrapper, method, argumentsOf, metatype }: CallSite, withClass: boolean): TaskCall {
    const { config, modules, globals } = this.parts;
    const creator = new TaskContextCreator({
      modules,
      globals: config.enhancers === 'all' ? globals : new ApplicationConfig(),
      module: wrapper.host!.token,
      withClass,
      method,
      argumentsOf,
      metatype,
    });
    const scoped = config.enhancers === 'all' ? this.scopedGlobals() : [];
    if (isShared(wrapper) && scoped.length === 0) {
      let shared: EnhancedCall | null = null;
      return (params, task) => (shared ??= creator.create(wrapper.instance as object, wrapper.id))(params, task);
    }
    return async (params, task) => {
      const contextId = ContextIdFactory.create();
      const instance = await instanceIn(wrapper, task, contextId);
      for (const one of scoped) await made(one, contextId);
      return creator.create(instance, wrapper.id, contextId)(params, task);
    };
  }

  private hasGlobals(): boolean {
    const { globals } = this.parts;
    const shared = [
      globals.getGlobalGuards(),
      globals.getGlobalInterceptors(),
      globals.getGlobalPipes(),
      globals.getGlobalFilters(),
    ];
    return shared.some((kind) => kind.length > 0) || this.scopedGlobals().length > 0;
  }

  /** Global enhancers of which each attempt has its own. */
  private scopedGlobals(): ProviderWrapper[] {
    const { globals } = this.parts;
    return [
      ...globals.getGlobalRequestGuards(),
      ...globals.getGlobalRequestInterceptors(),
      ...globals.getGlobalRequestPipes(),
      ...globals.getGlobalRequestFilters(),
    ];
  }
}

function made({ host, token }: ProviderWrapper, contextId: ContextId): Promise<object> {
  const moduleRef = host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  return moduleRef.resolve<object>(token as string, contextId, { strict: true });
}

function isController(wrapper: ProviderWrapper): boolean {
  return wrapper.host?.controllers.get(wrapper.token) === wrapper;
}

/** As the compiler has noted it; undefined for an interface, or where it notes none. */
function firstParameter(prototype: object, method: string): Type<object> | undefined {
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  const first = types?.[0];
  return typeof first === 'function' && first !== Object ? (first as Type<object>) : undefined;
}
