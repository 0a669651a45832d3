import { Controller, Inject, Injectable, Logger, type ModuleMetadata, Scope } from '@nestjs/common';
import {
  ApplicationConfig,
  DiscoveryModule,
  DiscoveryService,
  LazyModuleLoader,
  ModulesContainer,
  REQUEST,
} from '@nestjs/core';
import { Cron as NestCron, CronExpression, Interval, ScheduleModule, Timeout } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../clock/index.js';
import { loadConfig, type TasksModuleOptions } from '../../config/index.js';
import { Cron } from '../decorators/cron.decorator.js';
import { HandlerRegistry } from '../../handlers/index.js';
import { Stores } from './stores.js';
import { TasksConfigError } from '../../contract/index.js';
import type { TaskContext } from '../../attempts/index.js';
import { CronExplorer } from './cron.explorer.js';
import { CronScanner } from './cron.scanner.js';
import { CronRegistry } from '../../cron/index.js';
import { TaskEnhancers } from '../enhancers/index.js';

const context = { id: 'task-1', attempt: 1 } as TaskContext;

async function boot(
  metadata: ModuleMetadata,
  options: TasksModuleOptions = {},
  stores = new Stores('default', ['default']),
) {
  const app = await Test.createTestingModule({
    ...metadata,
    imports: [DiscoveryModule, ...(metadata.imports ?? [])],
  }).compile();
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const config = loadConfig({ clock, queues: { emails: {} }, ...options, configFile: false });
  const handlers = new HandlerRegistry({ config });
  const crons = new CronRegistry();
  const discovery = app.get(DiscoveryService, { strict: false });
  const scanner = new CronScanner({ discovery, stores });
  const explorer = new CronExplorer({
    discovery,
    scanner,
    handlers,
    crons,
    config,
    enhancers: new TaskEnhancers({ config, modules: app.get(ModulesContainer), globals: app.get(ApplicationConfig) }),
  });
  explorer.exploreAtBoot();
  return { app, handlers, crons, schedule: (name: string) => crons.get(name)?.schedule };
}

/** The message of the error that stops the boot. */
async function refusal(metadata: ModuleMetadata, options?: TasksModuleOptions): Promise<string> {
  const error: unknown = await boot(metadata, options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TasksConfigError);
  return (error as Error).message;
}

/** A provider whose method `tick` has the decorator. */
function providerWith(decorator: MethodDecorator) {
  @Injectable()
  class Housekeeping {
    @decorator
    tick(): void {}
  }
  return Housekeeping;
}

@Injectable()
class NestJobs {
  readonly calls: unknown[][] = [];

  @NestCron(CronExpression.EVERY_DAY_AT_MIDNIGHT, {
    name: 'nightly',
    timeZone: 'Europe/Paris',
    waitForCompletion: true,
    threshold: 5_000,
  })
  nightly(...args: unknown[]): string {
    this.calls.push(args);
    return 'done';
  }

  @NestCron('*/5 * * * *', { utcOffset: 60, disabled: true })
  often(): void {}
}

@Injectable()
class OwnJobs {
  @Cron('0 8 * * *', { queue: 'emails', maxRetries: 7, priority: 3, catchUp: 'all', threshold: '1h' })
  digest(task: TaskContext): string {
    return task.id;
  }
}

describe('CronExplorer', () => {
  it("makes schedules and handlers of Nest's @Cron methods", async () => {
    const { app, handlers, schedule } = await boot({ providers: [NestJobs] });
    expect(schedule('nightly')).toMatchObject({
      name: 'nightly',
      task: 'nightly',
      expression: CronExpression.EVERY_DAY_AT_MIDNIGHT,
      timeZone: 'Europe/Paris',
      queue: 'default',
      params: '{}',
      maxAttempts: 4,
      catchUp: 'once',
      threshold: 5_000,
      overlap: false,
      disabled: false,
      source: 'code',
    });
    expect(schedule('NestJobs.often')).toMatchObject({ utcOffset: 60, timeZone: null, disabled: true, overlap: true });

    expect(handlers.get('nightly')).toMatchObject({ kind: 'cron', location: 'NestJobs.nightly', queue: 'default' });
    expect(handlers.get('nightly')!.call({}, context)).toBe('done');
    // As Nest calls it: an optional parameter of such a method must not suddenly be a task's context.
    expect(app.get(NestJobs).calls).toEqual([[]]);
  });

  it("makes them of the library's own @Cron methods, with queue, settings and the task's context", async () => {
    const { handlers, schedule } = await boot({ providers: [OwnJobs] });
    expect(schedule('OwnJobs.digest')).toMatchObject({
      queue: 'emails',
      priority: 3,
      maxAttempts: 8,
      catchUp: 'all',
      threshold: 3_600_000,
    });
    expect(handlers.get('OwnJobs.digest')).toMatchObject({ queue: 'emails', settings: { maxRetries: 7, priority: 3 } });
    expect(handlers.get('OwnJobs.digest')!.call({}, context)).toBe('task-1');
  });

  it('finds them on controllers and in inherited methods', async () => {
    @Controller()
    class Reports extends OwnJobs {
      @Cron('@hourly')
      refresh(): void {}
    }
    const { handlers } = await boot({ controllers: [Reports] });
    expect(handlers.names().toSorted()).toEqual(['Reports.digest', 'Reports.refresh']);
  });

  it('leaves out a method without the decorator that overrides one with it, and says so', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    @Injectable()
    class Reports extends NestJobs {
      override often(): void {}
    }
    const { handlers } = await boot({ providers: [Reports] });
    const said = warn.mock.calls.flat();
    warn.mockRestore();
    expect(handlers.names()).toEqual(['nightly']);
    expect(said).toEqual([
      'Reports.often overrides NestJobs.often, which has @Cron, and has no decorator itself, so it does not run by itself. ' +
        'Repeat the decorator on Reports.often, or add "disabled: true" to it to say so.',
    ]);
  });

  it('says which schedules are called after classes that a minifier has renamed', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const called = (name: string, decorator: MethodDecorator) =>
      Object.defineProperty(providerWith(decorator), 'name', { value: name });
    const { handlers } = await boot({
      providers: [
        called('e', Cron('@hourly')),
        called('k0e', NestCron('0 * * * *')),
        called('n', Cron('@hourly', { name: 'hourly' })),
        called('Job', Cron('@hourly')),
      ],
    });
    const said = warn.mock.calls.flat().map(String);
    warn.mockRestore();
    expect(handlers.names()).toEqual(['e.tick', 'k0e.tick', 'hourly', 'Job.tick']);
    expect(said).toEqual([
      expect.stringMatching(/^@Cron without a name stands on "?e\.tick"? and "?k0e\.tick"?: .*name/),
    ]);
  });

  it('says what to do where two methods have no name of their own, and their classes have the same', async () => {
    const [one, other] = [providerWith(Cron('@hourly')), providerWith(Cron('@daily'))];
    expect(await refusal({ providers: [one, { provide: 'other', useClass: other }] })).toMatch(
      /"Housekeeping\.tick".* an @Cron without a name is called after its class .*name: '/,
    );
  });

  it.each([
    ['nobody', [], ['Interval', 'Timeout']],
    [
      'a ScheduleModule without intervals',
      [ScheduleModule.forRoot({ cronJobs: false, intervals: false })],
      ['Interval'],
    ],
    ['ScheduleModule', [ScheduleModule.forRoot({ cronJobs: false })], []],
  ] as const)("says which timers of Nest's never fire, where %s runs them", async (_who, imports, idle) => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    @Injectable()
    class Poller {
      @Interval(3_600_000)
      poll(): void {}
      @Timeout(3_600_000)
      warmUp(): void {}
    }
    await boot({ imports: [...imports], providers: [Poller] });
    const said = warn.mock.calls.flat().map(String);
    warn.mockRestore();
    const method = { Interval: 'poll', Timeout: 'warmUp' };
    const named = idle.map((kind) => `@${kind} on Poller.${method[kind]}`);
    expect(said).toHaveLength(idle.length === 0 ? 0 : 1);
    for (const name of named) expect(said[0]).toContain(name);
    for (const kind of ['Interval', 'Timeout'] as const) {
      if (!(idle as readonly string[]).includes(kind)) expect(said.join()).not.toContain(`@${kind} on`);
    }
  });

  it('takes a date, and a Luxon DateTime as Nest does', async () => {
    const at = new Date('2027-01-01T08:00:00Z');
    const { schedule } = await boot({
      providers: [
        { provide: 'own', useClass: providerWith(Cron(at, { name: 'own' })) },
        { provide: 'nest', useClass: providerWith(NestCron({ toJSDate: () => at } as never, { name: 'nest' })) },
      ],
    });
    expect(schedule('own')?.expression).toBe('2027-01-01T08:00:00.000Z');
    expect(schedule('nest')?.expression).toBe('2027-01-01T08:00:00.000Z');
  });

  it('makes a request-scoped provider anew for each run, with the task as its request', async () => {
    const made: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerRun {
      constructor(@Inject(REQUEST) readonly request: unknown) {
        made.push(request);
      }
      @Cron('@daily', { name: 'per_run' })
      run(): unknown {
        return this.request;
      }
    }
    const { handlers } = await boot({ providers: [PerRun] });
    const second = { ...context, id: 'task-2' } as TaskContext;
    await expect(handlers.get('per_run')!.call({}, context)).resolves.toBe(context);
    await expect(handlers.get('per_run')!.call({}, second)).resolves.toBe(second);
    expect(made).toEqual([context, second]);
  });

  it('finds those of a lazily loaded module when somebody asks', async () => {
    class LateModule {}
    const { app, handlers, schedule } = await boot({ providers: [NestJobs] });
    expect(handlers.get('OwnJobs.digest')).toBeUndefined();
    await app.get(LazyModuleLoader).load(() => ({ module: LateModule, providers: [OwnJobs] }));
    expect(handlers.get('OwnJobs.digest')).toMatchObject({ kind: 'cron' });
    expect(schedule('OwnJobs.digest')).toBeDefined();
  });

  it('runs a class that two modules provide once', async () => {
    const { handlers } = await boot({
      imports: [
        { module: class First {}, providers: [OwnJobs] },
        { module: class Second {}, providers: [OwnJobs] },
      ],
    });
    expect(handlers.names()).toEqual(['OwnJobs.digest']);
  });

  it('leaves alone what a test puts in the place of a provider', async () => {
    const { handlers } = await boot({ providers: [{ provide: OwnJobs, useValue: { digest: () => 'mock' } }] });
    expect(handlers.names()).toEqual([]);
  });

  it('belongs to the store that the decorator names', async () => {
    const providers = [providerWith(Cron('@daily', { name: 'archived', store: 'archive' })), OwnJobs];
    const both = ['default', 'archive'];
    const archive = await boot({ providers }, {}, new Stores('archive', both));
    const main = await boot({ providers }, {}, new Stores('default', both));
    expect(archive.handlers.names()).toEqual(['archived']);
    expect(main.handlers.names()).toEqual(['OwnJobs.digest']);
  });
});

describe('the option cron', () => {
  const providers = [NestJobs, OwnJobs];

  it.each([
    ['all', ['NestJobs.often', 'OwnJobs.digest', 'nightly']],
    ['own', ['OwnJobs.digest']],
    [false, []],
  ] as const)('%s', async (cron, names) => {
    const { handlers } = await boot({ providers }, { cron });
    expect(handlers.names().toSorted()).toEqual(names);
  });

  it("stops the boot where ScheduleModule would run Nest's @Cron methods too, and says what to write", async () => {
    const message = await refusal({ imports: [ScheduleModule.forRoot()], providers });
    expect(message).toContain('"NestJobs.nightly" and "NestJobs.often"');
    expect(message).toContain('ScheduleModule.forRoot({ cronJobs: false })');
    expect(message).toContain("cron: 'own'");
    const later = ScheduleModule.forRootAsync({ useFactory: async () => ({}) });
    expect(await refusal({ imports: [later], providers })).toContain('"NestJobs.nightly"');
  });

  it.each<[string, ModuleMetadata, 'all' | 'own']>([
    ['its cron jobs are off', { imports: [ScheduleModule.forRoot({ cronJobs: false })], providers }, 'all'],
    ['they are left to it', { imports: [ScheduleModule.forRoot()], providers }, 'own'],
    ["there are none of Nest's", { imports: [ScheduleModule.forRoot()], providers: [OwnJobs] }, 'all'],
  ])('boots beside ScheduleModule where %s', async (_case, metadata, cron) => {
    const { handlers } = await boot(metadata, { cron });
    expect(handlers.get('OwnJobs.digest')).toBeDefined();
  });
});

describe('an @Cron that is wrong', () => {
  it.each([
    ['expression', Cron('61 * * * *'), /@Cron on Housekeeping\.tick: "61 \* \* \* \*".*minute: 61.*"0 3 \* \* \*"/],
    ["expression of Nest's", NestCron('every day'), /@Cron on Housekeeping\.tick: "every day"/],
    ['expression that never comes', Cron('0 0 31 2 *'), /Housekeeping\.tick.*never comes/],
    ['date', Cron(new Date(Number.NaN)), /Housekeeping\.tick: "Invalid Date"/],
    [
      'time zone',
      Cron('@daily', { timeZone: 'Europe/Pariss' }),
      /Housekeeping\.tick.*"Europe\/Pariss".*"Europe\/Paris"/,
    ],
    ['zone and offset', NestCron('@daily', { timeZone: 'UTC', utcOffset: 60 } as never), /Housekeeping\.tick: both/],
    ['queue', Cron('@daily', { queue: 'email' }), /Housekeeping\.tick.*"email".*"emails"/],
    ['catch-up', Cron('@daily', { catchUp: 'one' as never }), /Housekeeping\.tick.*probably "once"/],
    ['threshold', Cron('@daily', { threshold: 'soon' }), /Housekeeping\.tick: threshold must be a duration/],
    [
      "threshold of Nest's",
      NestCron('@daily', { threshold: -1 }),
      /Housekeeping\.tick: threshold must not be negative/,
    ],
    ['disabled', Cron('@daily', { disabled: 'yes' as never }), /Housekeeping\.tick: "disabled"/],
    ['name', Cron('@daily', { name: '' }), /Housekeeping\.tick: the name/],
    ['retries', Cron('@daily', { maxRetries: -1 }), /Housekeeping\.tick: maxRetries/],
    ['key', Cron('@daily', { timezone: 'UTC' } as never), /Housekeeping\.tick: timezone.*"timeZone"/],
    ['store', Cron('@daily', { store: 'archive' }), /Housekeeping\.tick.*"archive"/],
  ])('%s: stops the boot naming the method, what is wrong and what is right', async (_what, decorator, message) => {
    expect(await refusal({ providers: [providerWith(decorator)] })).toMatch(message);
  });

  it('of a name that another has stops the boot naming both', async () => {
    @Injectable()
    class Other {
      @Cron('@daily', { name: 'nightly' })
      run(): void {}
    }
    const message = await refusal({ providers: [NestJobs, Other] });
    expect(message).toContain('NestJobs.nightly');
    expect(message).toContain('Other.run');
  });

  it('beside the other one on the same method stops the boot', async () => {
    @Injectable()
    class Twice {
      @Cron('@daily')
      @NestCron('@hourly')
      run(): void {}
    }
    expect(await refusal({ providers: [Twice] })).toMatch(/Twice\.run .*run twice/);
  });

  it('is refused at once when a method has two, or when it is not one', () => {
    expect(() => {
      class Twice {
        @Cron('@daily')
        @Cron('@hourly')
        run(): void {}
      }
      return Twice;
    }).toThrow(/Twice\.run has two @Cron/);
    expect(() => {
      class Static {
        @Cron('@daily')
        static run(): void {}
      }
      return Static;
    }).toThrow(/Static\.run, which is not a method of an instance/);
  });
});
