import 'reflect-metadata';
import { Inject, Injectable, Logger, Scope } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { TasksConfigError, UnknownTaskNameError } from '../../lib/contract/index.js';
import { bootApp, dispatcherOf, ended, moduleOf, onTestEnd, rootModule } from './support.js';

/** What ran, in its order; each test has its own. */
@Injectable()
class Journal {
  readonly entries: string[] = [];
}

@TaskHandler('by_class')
class ClassHandler {
  constructor(private readonly journal: Journal) {}
  handle(_params: object, task: TaskContext): void {
    this.journal.entries.push(`class ${task.name} ${task.attempt} of ${task.maxAttempts} on ${task.queueName}`);
  }
}

@Injectable()
class MethodHandlers {
  private readonly prefix = 'method';
  constructor(private readonly journal: Journal) {}

  @TaskHandler('by_method', { maxRetries: 0 })
  first(params: { n: number }): void {
    this.journal.entries.push(`${this.prefix} ${params.n}`);
  }

  @TaskHandler('by_other_method')
  async second(): Promise<void> {
    await Promise.resolve();
    this.journal.entries.push(`${this.prefix} other`);
  }
}

async function run(tasks: TaskDispatcher, name: string, params: object = {}): Promise<string> {
  const { id } = await tasks.queue('default', name, params);
  const task = await ended(tasks, id);
  return task.error ? `${task.state}: ${task.error.message}` : task.state;
}

describe('Handlers', () => {
  it('are classes and methods, bound to their instance, with what it injects', async () => {
    const app = await bootApp({ providers: [Journal, ClassHandler, MethodHandlers] });
    const tasks = dispatcherOf(app);
    expect(await run(tasks, 'by_class')).toBe('completed');
    expect(await run(tasks, 'by_method', { n: 1 })).toBe('completed');
    expect(await run(tasks, 'by_other_method')).toBe('completed');
    expect(app.get(Journal).entries).toEqual(['class by_class 1 of 4 on default', 'method 1', 'method other']);
  });

  it('are found however their class is provided', async () => {
    const seen: string[] = [];
    @TaskHandler('use_class')
    class Impl {
      handle(): void {
        seen.push('use_class');
      }
    }
    abstract class Port {}
    class FromFactory {
      @TaskHandler('use_factory')
      run(): void {
        seen.push('use_factory');
      }
    }
    class FromValue {
      @TaskHandler('use_value')
      run(): void {
        seen.push('use_value');
      }
    }
    abstract class Base {
      @TaskHandler('inherited')
      run(): void {
        seen.push(`inherited by ${this.constructor.name}`);
      }
    }
    @Injectable()
    class Derived extends Base {}
    const app = await bootApp({
      providers: [
        { provide: Port, useClass: Impl },
        { provide: 'alias', useExisting: Port },
        { provide: 'factory', useFactory: async () => Promise.resolve(new FromFactory()) },
        { provide: 'value', useValue: new FromValue() },
        { provide: 'nothing', useValue: undefined },
        { provide: 'null', useFactory: () => null },
        { provide: 'bare', useValue: Object.create(null) as object },
        Derived,
      ],
    });
    for (const name of ['use_class', 'use_factory', 'use_value', 'inherited']) {
      expect(await run(dispatcherOf(app), name)).toBe('completed');
    }
    expect(seen).toEqual(['use_class', 'use_factory', 'use_value', 'inherited by Derived']);
  });

  it('are found on controllers', async () => {
    const { Controller } = await import('@nestjs/common');
    const seen: string[] = [];
    @Controller('reports')
    class ReportsController {
      @TaskHandler('on_controller')
      run(): void {
        seen.push('ran');
      }
    }
    const testing = await Test.createTestingModule({
      imports: [rootModule({ controllers: [ReportsController] })],
    }).compile();
    const app = testing.createNestApplication();
    onTestEnd(() => app.close());
    await app.init();
    expect(await run(app.get(TaskDispatcher), 'on_controller')).toBe('completed');
    expect(seen).toEqual(['ran']);
  });

  it('may be replaced in a test under the token of their class', async () => {
    const handle = vi.fn();
    const testing = await Test.createTestingModule({ imports: [rootModule({ providers: [Journal, ClassHandler] })] })
      .overrideProvider(ClassHandler)
      .useValue({ handle })
      .compile();
    onTestEnd(() => testing.close());
    await testing.init();
    expect(await run(testing.get(TaskDispatcher), 'by_class', { a: 1 })).toBe('completed');
    expect(handle).toHaveBeenCalledWith({ a: 1 }, expect.objectContaining({ name: 'by_class' }));
  });

  it.each(['value', 'class', 'factory'] as const)(
    'may be replaced in a test by a %s where they are methods',
    async (kind) => {
      const first = vi.fn();
      class Stub {
        first = first;
        second(): void {}
      }
      const override = Test.createTestingModule({
        imports: [rootModule({ providers: [Journal, MethodHandlers] })],
      }).overrideProvider(MethodHandlers);
      const replaced = {
        value: () => override.useValue({ first, second: first }),
        class: () => override.useClass(Stub),
        factory: () => override.useFactory({ factory: () => new Stub() }),
      };
      const testing = await replaced[kind]().compile();
      onTestEnd(() => testing.close());
      await testing.init();
      expect(await run(testing.get(TaskDispatcher), 'by_method', { n: 1 })).toBe('completed');
      expect(first).toHaveBeenCalledExactlyOnceWith({ n: 1 }, expect.objectContaining({ name: 'by_method' }));
    },
  );

  it('are missed in what a test puts in the place of their class', async () => {
    const building = Test.createTestingModule({ imports: [rootModule({ providers: [Journal, MethodHandlers] })] })
      .overrideProvider(MethodHandlers)
      .useValue({ first: vi.fn() })
      .compile();
    await expect(building).rejects.toThrow(
      new TasksConfigError(
        "@TaskHandler('by_other_method') stands on MethodHandlers.second, and what is provided in the place of " +
          'MethodHandlers has no method second(params, task). Give it one.',
      ),
    );
  });

  it('may be made in code, one for each name of a list', async () => {
    const seen: unknown[] = [];
    const handlerFor = (name: string, work: (params: object, task: TaskContext) => unknown): new () => object => {
      class Made {
        handle(params: object, task: TaskContext): unknown {
          return work(params, task);
        }
      }
      TaskHandler(name, { maxRetries: 0 })(Made);
      return Made;
    };
    const providers = ['import_csv', 'import_xml'].map((name) =>
      handlerFor(name, (params, task) => seen.push([task.name, params])),
    );
    const app = await bootApp({ providers });
    expect(await run(dispatcherOf(app), 'import_csv', { row: 1 })).toBe('completed');
    expect(await run(dispatcherOf(app), 'import_xml', { row: 2 })).toBe('completed');
    expect(seen).toEqual([
      ['import_csv', { row: 1 }],
      ['import_xml', { row: 2 }],
    ]);
  });

  it('are what a class decorator has put in the place of their class', async () => {
    const seen: string[] = [];
    const Traced = <T extends new (...args: never[]) => object>(target: T): T => {
      const Made = class extends (target as unknown as new (...args: unknown[]) => { handle(params: object): void }) {
        override handle(params: object): void {
          seen.push('traced');
          super.handle(params);
        }
      };
      return Made as unknown as T;
    };
    @Traced
    @TaskHandler('traced', { maxRetries: 0 })
    class TracedHandler {
      handle(): void {
        seen.push('handled');
      }
    }
    const app = await bootApp({ providers: [TracedHandler] });
    expect(await run(dispatcherOf(app), 'traced')).toBe('completed');
    expect(seen).toEqual(['traced', 'handled']);
  });

  it('include a class that extends one, unless that one is provided itself', async () => {
    const seen: string[] = [];
    @Injectable()
    class Extended extends ClassHandler {
      override handle(): void {
        seen.push('extended');
      }
    }
    const alone = await bootApp({ providers: [Journal, Extended] });
    expect(await run(dispatcherOf(alone), 'by_class')).toBe('completed');
    expect(seen).toEqual(['extended']);

    const beside = await bootApp({ providers: [Journal, Extended, ClassHandler] });
    expect(await run(dispatcherOf(beside), 'by_class')).toBe('completed');
    expect(seen).toEqual(['extended']);
    expect(beside.get(Journal).entries).toHaveLength(1);
  });

  it('do not include a method without the decorator that overrides one with it, which is said', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    onTestEnd(() => warn.mockRestore());
    @Injectable()
    class Overriding extends MethodHandlers {
      override first(): void {}
    }
    const app = await bootApp({ providers: [Journal, Overriding, ClassHandler] });
    await expect(dispatcherOf(app).queue('default', 'by_method', {})).rejects.toThrow(UnknownTaskNameError);
    const said = () => warn.mock.calls.flat().filter((text) => String(text).includes('overrides'));
    expect(said()).toEqual([
      "Overriding.first overrides MethodHandlers.first, which has @TaskHandler('by_method'), and has no decorator itself: " +
        'nothing here handles "by_method". Repeat the decorator on Overriding.first.',
    ]);
    expect(await run(dispatcherOf(app), 'by_other_method')).toBe('completed');
  });

  it('are not missed where the method that is overridden is provided, too', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    onTestEnd(() => warn.mockRestore());
    abstract class Base {
      @TaskHandler('of_base')
      run(): void {}
    }
    @Injectable()
    class Whole extends Base {}
    @Injectable()
    class Part extends Base {
      override run(): void {}
    }
    await bootApp({ providers: [Whole, Part] });
    expect(warn.mock.calls.flat().filter((text) => String(text).includes('overrides'))).toEqual([]);
  });
});

describe('Request-scoped and transient handlers', () => {
  it('are made for each attempt, with the task as REQUEST', async () => {
    const made: string[] = [];
    @TaskHandler('scoped')
    @Injectable({ scope: Scope.REQUEST })
    class ScopedHandler {
      constructor(
        @Inject(REQUEST) private readonly task: TaskContext,
        private readonly journal: Journal,
      ) {
        made.push(task.id);
      }
      handle(_params: object, task: TaskContext): void {
        this.journal.entries.push(String(this.task === task));
      }
    }
    const app = await bootApp({ providers: [Journal, ScopedHandler] });
    const tasks = dispatcherOf(app);
    const [first, second] = await tasks.queueMany('default', 'scoped', [{}, {}]);
    await ended(tasks, first!.id);
    await ended(tasks, second!.id);
    expect(made.sort()).toEqual([first!.id, second!.id].sort());
    expect(app.get(Journal).entries).toEqual(['true', 'true']);
  });

  it('are those that depend on one, too', async () => {
    let instances = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {
      constructor() {
        instances++;
      }
    }
    @TaskHandler('depends')
    class DependsHandler {
      constructor(readonly tenant: Tenant) {}
      handle(): void {
        if (!(this.tenant instanceof Tenant)) throw new Error('no tenant');
      }
    }
    const app = await bootApp({ providers: [Tenant, DependsHandler] });
    expect(await run(dispatcherOf(app), 'depends')).toBe('completed');
    expect(await run(dispatcherOf(app), 'depends')).toBe('completed');
    expect(instances).toBe(2);
  });

  it('are of their own module, where others provide the same class', async () => {
    const seen: string[] = [];
    @Injectable({ scope: Scope.TRANSIENT })
    class Shared {
      constructor(@Inject('where') readonly where: string) {}
      @TaskHandler('where_am_i')
      run(): void {
        seen.push(this.where);
      }
    }
    const inModule = (where: string) =>
      moduleOf({ providers: [Shared, { provide: 'where', useValue: where }] }, `${where}Module`);
    const warnings = vi.spyOn(Logger.prototype, 'warn');
    onTestEnd(() => warnings.mockRestore());
    const app = await bootApp({ imports: [inModule('First'), inModule('Second')] });
    expect(await run(dispatcherOf(app), 'where_am_i')).toBe('completed');
    expect(seen).toEqual(['First']);
    expect(warnings).toHaveBeenCalledWith(
      expect.stringMatching(/Shared.run is provided by FirstModule and by SecondModule/),
    );
  });

  it('fail their task when they cannot be made', async () => {
    @TaskHandler('cannot', { maxRetries: 0 })
    @Injectable({ scope: Scope.REQUEST })
    class CannotHandler {
      constructor() {
        throw new Error('no licence');
      }
      handle(): void {}
    }
    const app = await bootApp({ providers: [CannotHandler] });
    expect(await run(dispatcherOf(app), 'cannot')).toBe('failed: no licence');
  });
});

describe('Lazily loaded modules', () => {
  @TaskHandler('lazy')
  class LazyHandler {
    handle(): void {}
  }
  const LazyModule = moduleOf({ providers: [LazyHandler] }, 'LazyModule');

  it('have their handlers found once they are loaded', async () => {
    const app = await bootApp({ providers: [Journal, ClassHandler] });
    await expect(dispatcherOf(app).queue('default', 'lazy', {})).rejects.toThrow(UnknownTaskNameError);
    await app.get(LazyModuleLoader).load(() => LazyModule);
    expect(await run(dispatcherOf(app), 'lazy')).toBe('completed');
  });

  it('do not stop the others when a name of theirs is taken', async () => {
    @TaskHandler('by_class')
    class SecondHandler {
      handle(): void {}
    }
    const errors = vi.spyOn(Logger.prototype, 'error');
    onTestEnd(() => errors.mockRestore());
    const app = await bootApp({ providers: [Journal, ClassHandler] });
    await app.get(LazyModuleLoader).load(() => moduleOf({ providers: [SecondHandler] }, 'LateModule'));
    await expect(dispatcherOf(app).queue('default', 'nobody', {})).rejects.toThrow(UnknownTaskNameError);
    expect(errors).toHaveBeenCalledWith(expect.stringMatching(/SecondHandler.handle \(in LateModule\)/));
    expect(await run(dispatcherOf(app), 'by_class')).toBe('completed');
    expect(app.get(Journal).entries).toHaveLength(1);
  });
});

describe('The boot stops', () => {
  async function bootError(...providers: Array<new (...args: never[]) => object>): Promise<TasksConfigError> {
    const error: unknown = await bootApp({ providers: [Journal, ...providers] }).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TasksConfigError);
    return error as TasksConfigError;
  }

  it('for two handlers of one name, naming both', async () => {
    @Injectable()
    class Doublet {
      @TaskHandler('by_class')
      again(): void {}
    }
    const { message } = await bootError(ClassHandler, Doublet);
    expect(message).toMatch(/"by_class": ClassHandler.handle \(in AppModule\) and Doublet.again \(in AppModule\)/);
  });

  it('for a class without handle', async () => {
    class Handless {}
    (TaskHandler('handless') as ClassDecorator)(Handless);
    expect((await bootError(Handless)).message).toMatch(/'handless'.* Handless, which has no method handle/);
  });

  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['too long', 'x'.repeat(201)],
    ['no text', 7 as unknown as string],
  ])('for a name that is %s', async (_what, name) => {
    @TaskHandler(name)
    class Named {
      handle(): void {}
    }
    expect((await bootError(Named)).message).toMatch(/name in @TaskHandler on Named.handle is not valid.* 1 to 200/);
  });

  it.each([
    ['aliases that are no list', { aliases: 'old' }, '"aliases" must be a list'],
    ['an alias that is no name', { aliases: [''] }, '"aliases" must hold names'],
    ['its own name as an alias', { aliases: ['renamed'] }, `the handler's own name, "renamed"`],
    ['a version that is none', { version: 1.5 }, '"version" must be a whole number'],
    ['an upgrade that is no function', { version: 2, upgrade: { 1: 'x' } }, '"upgrade.1" must be a function'],
    ['an upgrade that never runs', { version: 2, upgrade: { 2: () => ({}) } }, '"upgrade.2" never runs'],
    ['a word for a version', { version: 2, upgrade: { one: () => ({}) } }, '"upgrade.one" never runs'],
  ])('for %s', async (_what, options, message) => {
    @TaskHandler('renamed', options as object)
    class Renamed {
      handle(): void {}
    }
    expect((await bootError(Renamed)).message).toContain(message);
  });

  it('for wrong settings, naming the key and the class', async () => {
    @TaskHandler('wrong', { maxRetries: -1, ...({ retryDelai: '1s' } as object) })
    class Wrong {
      handle(): void {}
    }
    const { message } = await bootError(Wrong);
    expect(message).toMatch(/@TaskHandler\('wrong'\) on Wrong.handle: maxRetries/);
    expect(message).toMatch(/retryDelai.*retryDelay/);
  });

  it('for params that are no class', async () => {
    @TaskHandler('wrong', { params: 'SendEmailParams' as never })
    class Wrong {
      handle(): void {}
    }
    expect((await bootError(Wrong)).message).toMatch(/'wrong'.*Wrong.handle: "params" must be a class/);
  });

  it('for a queue that cannot be one', async () => {
    @TaskHandler('wrong', { queue: 'my queue' })
    class Wrong {
      handle(): void {}
    }
    expect((await bootError(Wrong)).message).toMatch(/'wrong'.* on Wrong.handle: "queue" is not a queue name/);
  });
});

describe('A queue that only a handler names', () => {
  it('is known and worked on', async () => {
    @TaskHandler('report', { queue: 'reports' })
    class ReportHandler {
      handle(): void {}
    }
    const app = await bootApp({ providers: [ReportHandler] });
    const { id } = await dispatcherOf(app).queue('reports', 'report', {});
    expect(await ended(dispatcherOf(app), id)).toMatchObject({ state: 'completed', queue: 'reports' });
  });

  it('is warned of when this process has no worker for it', async () => {
    @TaskHandler('report', { queue: 'reports' })
    class ReportHandler {
      handle(): void {}
    }
    const warnings = vi.spyOn(Logger.prototype, 'warn');
    onTestEnd(() => warnings.mockRestore());
    const said = () => warnings.mock.calls.flat().filter((text) => String(text).includes('"reports" has no worker'));
    await bootApp({ providers: [ReportHandler], tasks: { workers: false } });
    expect(said()).toEqual([]);
    await bootApp({ providers: [ReportHandler], tasks: { workers: { default: 1 } } });
    expect(said()).toEqual([expect.stringContaining('"ReportHandler.handle" is here')]);
  });
});
