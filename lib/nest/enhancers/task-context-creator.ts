import type { PipeTransform, Type } from '@nestjs/common';
import type { ApplicationConfig, ContextId, ModulesContainer, NestContainer } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import type { TaskContext } from '../../attempts/index.js';
import { TaskErrorProxy } from './filtered.js';

/** `RouteParamtypes.BODY`: what Nest's pipes take params for. */
const BODY = 3 as unknown as 'body';
const ALL_KINDS = { guards: true, interceptors: true, filters: true };

type Method = (...args: unknown[]) => unknown;
export type EnhancedCall = (params: object, task: TaskContext) => Promise<unknown>;

export interface TaskContextCreatorOptions {
  readonly modules: ModulesContainer;
  /** Where the global enhancers stand. */
  readonly globals: ApplicationConfig;
  /** Token of the module that provides the handler: it has its enhancers. */
  readonly module: string;
  /** Whether enhancers of the class count. */
  readonly withClass: boolean;
  /** Name of the method. */
  readonly method: string;
  /** What the method takes of the params, when pipes are through with them, and the context. */
  readonly argumentsOf: (params: unknown, task: unknown) => readonly unknown[];
  /** Class of the params, for pipes; undefined where they have none. */
  readonly metatype: Type<object> | undefined;
}

/**
 * Nest's own way of calling a handler with its guards, interceptors, pipes and filters, made fit for tasks.
 *
 * Nest looks for the module of a handler among providers by its class, though a controller may have handlers too; it pipes
 * every argument, and the context of a task is none to be piped. So these few of its methods are replaced.
 */
export class TaskContextCreator {
  private readonly creator: ExternalContextCreator;

  constructor(private readonly options: TaskContextCreatorOptions) {
    const { modules, globals, module, withClass } = options;
    const container = { getModules: () => modules, applicationConfig: globals } as unknown as NestContainer;
    const creator = ExternalContextCreator.fromContainer(container);
    if (!withClass) withoutClass(creator);
    this.creator = Object.assign<ExternalContextCreator, object>(creator, {
      getContextModuleKey: () => module,
      getHostModuleKey: () => module,
      createPipesFn: (pipes: PipeTransform[]) => this.pipe(pipes),
      externalErrorProxy: new TaskErrorProxy(async (answer) => creator.transformToResult(await answer)),
    });
  }

  /**
   * The call of a handler on `instance`.
   * @param contextId of the attempt, where the instance or an enhancer is made for it alone
   * @param host id of the handler's provider
   */
  create(instance: object, host: string, contextId?: ContextId): EnhancedCall {
    const { method } = this.options;
    const callback = (instance as Record<string, Method>)[method]!;
    return this.creator.create(
      instance,
      callback,
      method,
      undefined,
      undefined,
      contextId,
      host,
      ALL_KINDS,
      'task',
    ) as EnhancedCall;
  }

  private pipe(pipes: PipeTransform[]): (args: unknown[], params: unknown, task: unknown) => Promise<void> {
    const { argumentsOf, metatype } = this.options;
    return async (args, params, task) => {
      const metadata = { type: BODY, metatype, data: undefined };
      const piped: unknown = pipes.length === 0 ? params : await this.creator.getParamValue(params, metadata, pipes);
      args.splice(0, args.length, ...argumentsOf(piped, task));
    };
  }
}

/** Enhancers of a controller are written for its routes. */
function withoutClass(creator: ExternalContextCreator): void {
  for (const part of Object.values(creator) as unknown[]) {
    const kind = part as { reflectClassMetadata?: () => readonly unknown[] } | null | undefined;
    if (typeof kind?.reflectClassMetadata === 'function') kind.reflectClassMetadata = () => [];
  }
}
