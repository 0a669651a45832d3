import 'reflect-metadata';
import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, NestFactory, REQUEST, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { IsInt, IsString } from 'class-validator';
import { map, type Observable, of, retry, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { RetryLater, TasksConfigError, UnrecoverableError } from '../../lib/contract/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, IN_MEMORY, onTestEnd, rootModule, when } from './support.js';

/** What ran, in its order; each test has its own. */
@Injectable()
class Journal {
  readonly entries: string[] = [];
  note(entry: string): void {
    this.entries.push(entry);
  }
}

const Role = (role: string) => SetMetadata('role', role);

/** Notes what a controller's interceptor would see. */
@Injectable()
class NotingInterceptor implements NestInterceptor {
  constructor(
    private readonly journal: Journal,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const rpc = context.switchToRpc();
    const task = rpc.getContext<TaskContext>();
    const role = this.reflector.getAllAndOverride<string | undefined>('role', [
      context.getHandler(),
      context.getClass(),
    ]);
    const where = `${context.getClass().name}.${context.getHandler().name}`;
    this.journal.note(
      `${context.getType()} ${where} ${task.name} ${JSON.stringify(rpc.getData())} ${role ?? 'no role'}`,
    );
    return next.handle().pipe(map((value: unknown) => ({ wrapped: value })));
  }
}

@Injectable()
class NotingGuard implements CanActivate {
  constructor(private readonly journal: Journal) {}
  canActivate(context: ExecutionContext): boolean {
    this.journal.note('guard');
    return context.switchToRpc().getData<{ allowed?: boolean }>().allowed !== false;
  }
}

@Injectable()
class NotingPipe implements PipeTransform {
  constructor(private readonly journal: Journal) {}
  transform(value: object, { type, metatype }: { type: string; metatype?: { name: string } }): object {
    this.journal.note(`pipe ${type} ${metatype?.name ?? 'none'}`);
    return { ...value, piped: true };
  }
}

@Catch(BadRequestException)
class ForGoodFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): never {
    throw new UnrecoverableError(`${host.getType()}: ${error.message}`);
  }
}

async function run(tasks: TaskDispatcher, name: string, params: object = {}) {
  const { id } = await tasks.queue('default', name, params);
  return ended(tasks, id);
}

const QUICK = { maxRetries: 0 } as const;

describe('Enhancers', () => {
  it('surround a handler as they would a route: guard, interceptor, pipe, filter, of class and method', async () => {
    @UseInterceptors(NotingInterceptor)
    @UseGuards(NotingGuard)
    @TaskHandler('by_class', { ...QUICK, result: true })
    class ByClass {
      constructor(private readonly journal: Journal) {}
      @Role('admin')
      @UsePipes(NotingPipe)
      @UseFilters(ForGoodFilter)
      handle(params: { wrong?: boolean }, task: TaskContext): unknown {
        this.journal.note(`handle ${JSON.stringify(params)} ${task.attempt}`);
        if (params.wrong) throw new BadRequestException('no');
        return params;
      }
    }
    const app = await bootApp({ providers: [Journal, ByClass] });
    const tasks = dispatcherOf(app);
    const done = await run(tasks, 'by_class', { n: 1 });
    expect(done).toMatchObject({ state: 'completed', result: { wrapped: { n: 1, piped: true } } });
    expect(app.get(Journal).entries).toEqual([
      'guard',
      'task ByClass.handle by_class {"n":1} admin',
      'pipe body none',
      'handle {"n":1,"piped":true} 1',
    ]);
    expect(await run(tasks, 'by_class', { wrong: true })).toMatchObject({
      state: 'failed',
      error: { name: 'UnrecoverableError', message: 'task: no' },
    });
    expect(await run(tasks, 'by_class', { allowed: false })).toMatchObject({
      state: 'failed',
      error: { name: 'ForbiddenException', message: 'Forbidden resource' },
    });
  });

  it('surround handlers that are methods, and cron methods, which get what they got without', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Jobs {
      @UseInterceptors(NotingInterceptor)
      @TaskHandler('by_method', QUICK)
      first(...args: unknown[]): void {
        seen.push(args.length);
      }
      @UseInterceptors(NotingInterceptor)
      @UsePipes(NotingPipe)
      @Cron('0 0 1 1 *', { name: 'by_cron' })
      second(...args: unknown[]): void {
        seen.push(args.map((arg) => (arg as TaskContext).name));
      }
      @TaskHandler('without', QUICK)
      third(): void {}
    }
    const app = await bootApp({ providers: [Journal, Jobs] });
    const tasks = dispatcherOf(app);
    await run(tasks, 'by_method', { n: 1 });
    await run(tasks, 'without');
    const id = (await tasks.queue('default', 'by_cron', {})).id;
    expect(await ended(tasks, id)).toMatchObject({ state: 'completed' });
    expect(seen).toEqual([2, ['by_cron']]);
    expect(app.get(Journal).entries.filter((entry) => entry.startsWith('task'))).toEqual([
      'task Jobs.first by_method {"n":1} no role',
      'task Jobs.second by_cron {} no role',
    ]);
  });

  it('pipe params into the class that the method takes, and never the context', async () => {
    class Order {
      @IsInt()
      n!: number;
      @IsString()
      s!: string;
    }
    const seen: unknown[] = [];
    @TaskHandler('validated', QUICK)
    class Validated {
      @UsePipes(new ValidationPipe({ transform: true, whitelist: true }))
      handle(params: Order, task: TaskContext): void {
        seen.push(params instanceof Order, params, task.name);
      }
    }
    const app = await bootApp({ providers: [Validated] });
    const tasks = dispatcherOf(app);
    expect(await run(tasks, 'validated', { n: 1, s: 'a', more: 2 })).toMatchObject({ state: 'completed' });
    expect(seen).toEqual([true, { n: 1, s: 'a' }, 'validated']);
    expect(await run(tasks, 'validated', { n: 'x', s: 'a' })).toMatchObject({
      state: 'failed',
      error: { name: 'BadRequestException' },
    });
  });

  it('have the last word by what filters throw, and leave the error where they only look', async () => {
    const looked: string[] = [];
    const failing = (name: string, filter: ExceptionFilter) => {
      @UseFilters(filter)
      @TaskHandler(name, { maxRetries: 1, retryDelay: '1h', result: true })
      class Failing {
        handle(): never {
          throw new BadRequestException('no');
        }
      }
      return Failing;
    };
    const filter = (answer: (error: Error) => unknown): ExceptionFilter => {
      @Catch()
      class Filter implements ExceptionFilter {
        catch(error: Error): unknown {
          looked.push(error.message);
          return answer(error);
        }
      }
      return new Filter();
    };
    const app = await bootApp({
      providers: [
        failing(
          'looks',
          filter(() => undefined),
        ),
        failing(
          'looks_later',
          filter(async () => Promise.resolve()),
        ),
        failing(
          'returns_error',
          filter(() => new UnrecoverableError('returned')),
        ),
        failing(
          'observable',
          filter(() => throwError(() => new UnrecoverableError('observed'))),
        ),
        failing(
          'value',
          filter(() => of('instead')),
        ),
        failing(
          'later',
          filter(() => {
            throw new RetryLater('2d');
          }),
        ),
      ],
    });
    const tasks = dispatcherOf(app);
    const after = async (name: string) => {
      const { id } = await tasks.queue('default', name, {});
      return when(tasks, id, ({ state }) => state !== 'available' && state !== 'running');
    };
    for (const name of ['looks', 'looks_later']) {
      expect(await after(name)).toMatchObject({ state: 'retryable', error: { message: 'no' } });
    }
    expect(await after('returns_error')).toMatchObject({ state: 'failed', error: { message: 'returned' } });
    expect(await after('observable')).toMatchObject({ state: 'failed', error: { message: 'observed' } });
    expect(await after('value')).toMatchObject({ state: 'completed', result: 'instead' });
    const later = await after('later');
    expect(later.state).toBe('retryable');
    expect(later.runAt - later.startedAt!).toBeGreaterThan(86_400_000);
    expect(looked).toHaveLength(6);
  });

  it('run the handler again where an interceptor says so, and see its promise', async () => {
    let calls = 0;
    @TaskHandler('flaky', QUICK)
    class Flaky {
      @UseInterceptors({ intercept: (_context: ExecutionContext, next: CallHandler) => next.handle().pipe(retry(2)) })
      async handle(): Promise<void> {
        calls += 1;
        await Promise.resolve();
        if (calls < 3) throw new Error('flaky');
      }
    }
    const app = await bootApp({ providers: [Flaky] });
    expect(await run(dispatcherOf(app), 'flaky')).toMatchObject({ state: 'completed', attempt: 1 });
    expect(calls).toBe(3);
  });

  it('are made for each attempt where they are request-scoped, with the task as their request', async () => {
    const made: string[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerAttempt implements NestInterceptor {
      constructor(@Inject(REQUEST) private readonly task: TaskContext) {
        made.push(`made for ${task.name} ${task.attempt}`);
      }
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        made.push(`same ${context.switchToRpc().getContext() === this.task}`);
        return next.handle();
      }
    }
    @UseInterceptors(PerAttempt)
    @TaskHandler('scoped', { maxRetries: 1, retryDelay: 0 })
    class Shared {
      handle(_params: object, task: TaskContext): void {
        if (task.attempt === 1) throw new Error('once more');
      }
    }
    @Controller()
    class Routes {
      @UseInterceptors(PerAttempt)
      @TaskHandler('of_controller', QUICK)
      run(): void {}
    }
    const app = await bootApp({ providers: [Shared], controllers: [Routes] });
    await run(dispatcherOf(app), 'scoped');
    await run(dispatcherOf(app), 'of_controller');
    expect(made).toEqual([
      'made for scoped 1',
      'same true',
      'made for scoped 2',
      'same true',
      'made for of_controller 1',
      'same true',
    ]);
  });

  it('of a controller count on its method, not on the class, which is written for its routes', async () => {
    @Injectable()
    class HttpGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['authorization'] !== '';
      }
    }
    @UseGuards(HttpGuard)
    @Controller()
    class Routes {
      @Get('/')
      get(): void {}
      @UseGuards(NotingGuard)
      @TaskHandler('of_controller', QUICK)
      run(): void {}
    }
    const app = await bootApp({ providers: [Journal], controllers: [Routes] });
    expect(await run(dispatcherOf(app), 'of_controller')).toMatchObject({ state: 'completed' });
    expect(app.get(Journal).entries).toEqual(['guard']);
  });

  it('of the app apply with "all" alone, those made for each attempt too', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerAttempt implements CanActivate {
      constructor(
        @Inject(REQUEST) private readonly task: TaskContext,
        private readonly journal: Journal,
      ) {}
      canActivate(): boolean {
        this.journal.note(`guard of ${this.task.name}`);
        return true;
      }
    }
    @TaskHandler('plain', QUICK)
    class Plain {
      handle(): void {}
    }
    const entries = async (enhancers: 'own' | 'all', scoped: boolean): Promise<string[]> => {
      const root = rootModule({
        tasks: { ...IN_MEMORY, enhancers },
        providers: [
          Journal,
          Plain,
          { provide: APP_INTERCEPTOR, useClass: NotingInterceptor },
          ...(scoped ? [{ provide: APP_GUARD, useClass: PerAttempt }] : []),
        ],
      });
      const app = await NestFactory.create(root, { logger: false, abortOnError: false });
      onTestEnd(() => app.close());
      app.useGlobalFilters(new ForGoodFilter());
      await app.init();
      await run(app.get(TaskDispatcher), 'plain');
      return app.get(Journal).entries;
    };
    expect(await entries('own', true)).toEqual([]);
    expect(await entries('all', false)).toEqual(['task Plain.handle plain {} no role']);
    expect(await entries('all', true)).toEqual(['guard of plain', 'task Plain.handle plain {} no role']);
  });

  it('of what a test puts in the place of a handler are its own', async () => {
    @UseGuards(NotingGuard)
    @TaskHandler('replaced', QUICK)
    class Real {
      handle(): void {}
    }
    let calls = 0;
    const module = await Test.createTestingModule({ imports: [rootModule({ providers: [Journal, Real] })] })
      .overrideProvider(Real)
      .useValue({ handle: () => void (calls += 1) })
      .compile();
    onTestEnd(() => module.close());
    await module.init();
    await run(module.get(TaskDispatcher), 'replaced');
    expect([calls, module.get(Journal, { strict: false }).entries]).toEqual([1, []]);
  });

  it('that Nest would leave out stop the boot', async () => {
    @UseGuards(NotingGuard)
    class Made {
      @TaskHandler('made')
      run(): void {}
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends NotingGuard {}
    @Injectable()
    class Jobs {
      @UseGuards(Transient)
      @TaskHandler('transient')
      run(): void {}
    }
    const refusal = async (providers: NonNullable<Parameters<typeof bootApp>[0]['providers']>): Promise<unknown> =>
      bootApp({ providers: [Journal, ...providers] }).catch((error: unknown) => error);
    const made = await refusal([{ provide: 'made', useFactory: () => new Made() }]);
    expect(made).toBeInstanceOf(TasksConfigError);
    expect((made as Error).message).toBe(
      '@UseGuards(NotingGuard) of Made.run: Nest makes no enhancers for what is provided by a value or a factory. List ' +
        'the handler\'s class itself in "providers", or give an instance: @UseGuards(new NotingGuard()).',
    );
    expect((await refusal([Jobs])) as Error).toMatchObject({
      message: expect.stringMatching(/^@UseGuards\(Transient\) of Jobs\.run: Transient is transient/) as string,
    });
  });
});
