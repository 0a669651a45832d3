import {
  Inject,
  Injectable,
  Scope,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { ContextIdFactory, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { TasksConfigError, messageOf } from '../../contract/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';

type LocateGuard = (context: ExecutionContext) => Promise<CanActivate>;
type ObservableLike = { subscribe(observer: object): unknown };

/**
 * The guards of `admin.guards`, run in their order. They are known only when the options are (`forRootAsync`), so they
 * cannot stand on the controllers; they are found in the container here instead, each as the provider that it is
 * somewhere in the app, or made anew with what this module can inject.
 */
@Injectable()
export class ConfiguredGuards implements OnModuleInit {
  /** Where they stand in the options. */
  protected readonly option: string = 'admin.guards';
  private located: Promise<LocateGuard[]> | null = null;

  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: Pick<AdminSettings, 'guards' | 'notMounted'>,
    private readonly moduleRef: ModuleRef,
    private readonly host: HttpAdapterHost,
  ) {}

  /** At boot, so that a guard that cannot be made stops it. A process without HTTP has no use for them. */
  async onModuleInit(): Promise<void> {
    if (this.settings.notMounted !== null || !this.host.httpAdapter) return;
    await this.locateAll();
  }

  async allow(context: ExecutionContext): Promise<boolean> {
    for (const locate of await this.locateAll()) {
      const guard = await locate(context);
      if (!(await settled(guard.canActivate(context)))) return false;
    }
    return true;
  }

  /** Asked for by each request too: a module that is loaded lazily has no boot, and must not stand open. */
  private locateAll(): Promise<LocateGuard[]> {
    this.located ??= Promise.all(this.settings.guards.map((guard) => this.locate(guard)));
    return this.located;
  }

  private async locate(guard: Type<CanActivate> | CanActivate): Promise<LocateGuard> {
    if (typeof guard !== 'function') return () => Promise.resolve(guard);
    const scope = this.scopeOf(guard);
    if (scope === undefined) {
      const made = await this.make(guard);
      return () => Promise.resolve(made);
    }
    if (scope === Scope.DEFAULT) {
      const provided = this.moduleRef.get<CanActivate>(guard, { strict: false });
      return () => Promise.resolve(provided);
    }
    return (context) => this.resolveFor(context, guard);
  }

  /** Undefined where the class is no provider. */
  private scopeOf(guard: Type<CanActivate>): Scope | undefined {
    try {
      return this.moduleRef.introspect(guard).scope;
    } catch {
      return undefined;
    }
  }

  private async make(guard: Type<CanActivate>): Promise<CanActivate> {
    try {
      return await this.moduleRef.create(guard);
    } catch (error) {
      throw new TasksConfigError(
        `"${this.option}": ${guard.name} could not be made: ${messageOf(error)} ` +
          `List ${guard.name} in the providers of the module that has what it injects; it is then found there.`,
        { cause: error },
      );
    }
  }

  private resolveFor(context: ExecutionContext, guard: Type<CanActivate>): Promise<CanActivate> {
    const request = context.switchToHttp().getRequest<Record<string, unknown>>();
    const contextId = ContextIdFactory.getByRequest(request);
    this.moduleRef.registerRequestByContextId(request, contextId);
    return this.moduleRef.resolve<CanActivate>(guard, contextId, { strict: false });
  }
}

/** A guard answers at once, by a promise or by an observable, of which Nest takes the last value. */
async function settled(answer: unknown): Promise<boolean> {
  if (!isObservable(answer)) return Boolean(await answer);
  return new Promise((resolve, reject) => {
    let last = false;
    answer.subscribe({ next: (value: boolean) => (last = value), error: reject, complete: () => resolve(last) });
  });
}

function isObservable(value: unknown): value is ObservableLike {
  return typeof value === 'object' && value !== null && 'subscribe' in value;
}
