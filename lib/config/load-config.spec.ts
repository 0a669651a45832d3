import type { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { ManualClock, SystemClock } from '../clock/index.js';
import { TasksConfigError } from '../contract/index.js';
import { loadConfig } from './load-config.js';
import type { TasksModuleRootOptions } from './options.js';
import { validateTaskSettings } from './task-settings.js';
import type { ResolvedConfig } from './resolved-config.js';

/** Loads with no file read. */
function load(options: TasksModuleRootOptions): ResolvedConfig {
  return loadConfig({ configFile: false, ...options });
}

function concurrency(config: ResolvedConfig): Record<string, number> {
  return Object.fromEntries(Array.from(config.queues.values(), (queue) => [queue.name, queue.concurrency]));
}

/** The lines of the error that loading stops with. */
function problems(options: unknown = {}): string[] {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  try {
    loadConfig((isObject ? { configFile: false, ...options } : options) as TasksModuleRootOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(TasksConfigError);
    return (error as Error).message.split('\n');
  }
  throw new Error('Loading went through');
}

describe('defaults', () => {
  it('fills in everything that nothing is said about', () => {
    const config = load({});
    expect(config).toMatchObject({
      name: 'default',
      database: 'data/tasks.db',
      dataSource: null,
      synchronous: 'full',
      autoStart: true,
      crons: new Map(),
      cron: 'all',
      admin: { path: 'admin/tasks', guards: [], readOnly: false },
      maxParamsSize: 1_048_576,
      maxResultSize: 1_048_576,
      shutdownGrace: 10_000,
      lease: 10_000,
      maxLostAttempts: 5,
      unknownTasksWait: 86_400_000,
      handlerQueueConcurrency: 5,
    });
    expect(config.clock).toBeInstanceOf(SystemClock);
    expect(concurrency(config)).toEqual({ default: 5 });
    expect(config.queues.get('default')).toMatchObject({ settings: config.defaults, rateLimit: null });
  });

  it('gives a named module its own file and path', () => {
    expect(load({ name: 'reports' })).toMatchObject({
      name: 'reports',
      database: 'data/tasks-reports.db',
      admin: { path: 'admin/tasks-reports' },
    });
  });

  it('takes undefined for not given', () => {
    expect(load({ maxRetries: undefined, database: undefined, workers: undefined, admin: undefined })).toEqual({
      ...load({}),
      clock: expect.any(SystemClock) as SystemClock,
    });
  });
});

describe('options of the code', () => {
  it('takes every option', () => {
    const clock = new ManualClock(0);
    class Guard {
      canActivate = () => true;
    }
    const config = load({
      name: 'jobs',
      global: false,
      configFile: false,
      database: ':memory:',
      synchronous: 'normal',
      workers: { default: 1, emails: 0 },
      queues: { emails: { concurrency: 9, rateLimit: '100/m', maxRetries: 5 }, reports: { concurrency: 2 }, idle: {} },
      cron: 'own',
      admin: { path: '/ops/jobs/', guards: [Guard, new Guard()], readOnly: true },
      maxParamsSize: '64KiB',
      shutdownGrace: 0,
      lease: '5s',
      maxLostAttempts: 2,
      clock,
      retryDelay: '5s',
      retention: { completed: false },
    });
    expect(config).toMatchObject({
      name: 'jobs',
      database: ':memory:',
      synchronous: 'normal',
      cron: 'own',
      admin: { path: 'ops/jobs', readOnly: true },
      maxParamsSize: 65_536,
      shutdownGrace: 0,
      lease: 5_000,
      maxLostAttempts: 2,
      defaults: { retryDelay: 5_000, retention: { completed: null, failed: 2_592_000_000 } },
    });
    expect(config.clock).toBe(clock);
    expect(config.admin && config.admin.guards).toEqual([Guard, expect.any(Guard)]);
    expect(config.queues.get('emails')).toEqual({
      name: 'emails',
      concurrency: 0,
      settings: { ...config.defaults, maxRetries: 5 },
      rateLimit: { max: 100, per: 60_000 },
      flow: null,
    });
  });

  it('takes a DataSource or its name in place of a file', () => {
    expect(load({ dataSource: 'default' })).toMatchObject({ database: null, dataSource: 'default' });
    const dataSource = { createQueryRunner: () => undefined } as unknown as DataSource;
    expect(load({ dataSource }).dataSource).toBe(dataSource);
    expect(problems({ dataSource: {} })).toEqual([
      'TasksModule.forRoot(): dataSource must be a TypeORM DataSource or the name of one, not an object.',
    ]);
  });

  it('takes a function that names the user of a request, and nothing else', () => {
    const user = (): string => 'ada';
    const { admin } = load({ admin: { user } });
    expect(admin && admin.user).toBe(user);
    expect(problems({ admin: { user: 'ada' } })).toEqual([
      'TasksModule.forRoot(): admin.user must be a function (request) => string | null, not "ada".',
    ]);
  });

  it('takes false for no panel and no cron', () => {
    expect(load({ admin: false, cron: false })).toMatchObject({ admin: false, cron: false });
  });

  it('lists everything that is wrong, with its path and what is near', () => {
    expect(
      problems({
        max_retries: 3,
        retryDelay: 'soon',
        queues: { emails: { retryDely: '5s', retention: { finished: '1d' } }, 'a b': {} },
        admin: { pathh: 'x', readOnly: 'yes' },
        wholly_other: true,
      }),
    ).toEqual([
      'TasksModule.forRoot(): max_retries is not an option. Did you mean "maxRetries"?',
      expect.stringMatching(/^TasksModule\.forRoot\(\): retryDelay must be a duration such as .*, not "soon"\.$/),
      'TasksModule.forRoot(): queues.emails.retryDely is not an option. Did you mean "retryDelay"?',
      'TasksModule.forRoot(): queues.emails.retention.finished is not an option. Possible here: "completed", "failed" and "cancelled".',
      expect.stringMatching(/^TasksModule\.forRoot\(\): queues\["a b"\] is not a queue name: .*, not "a b"\.$/),
      'TasksModule.forRoot(): admin.pathh is not an option. Did you mean "path"?',
      'TasksModule.forRoot(): admin.readOnly must be true or false, not "yes".',
      expect.stringMatching(
        /^TasksModule\.forRoot\(\): wholly_other is not an option\. Possible here: "maxRetries", .*"configFile"\.$/,
      ),
    ]);
  });

  it('calls the place of the options what it is told', () => {
    expect(() => loadConfig({ configFile: false, lease: 1 }, 'TasksModule.forRootAsync()')).toThrow(
      'TasksModule.forRootAsync(): lease must be at least "100ms", not 1.',
    );
  });

  it.each([
    ['database', ''],
    ['database', 5],
    ['synchronous', 'off'],
    ['workers', 'many'],
    ['workers', null],
    ['workers', true],
    ['workers', -1],
    ['workers', 1.5],
    ['workers', []],
    ['workers', 1e9],
    ['queues', 'emails'],
    ['queues', ['emails']],
    ['cron', true],
    ['cron', 'none'],
    ['admin', true],
    ['maxParamsSize', 'big'],
    ['maxParamsSize', 0],
    ['maxParamsSize', '1GiB'],
    ['maxResultSize', '1GiB'],
    ['shutdownGrace', '2d'],
    ['lease', '0s'],
    ['maxLostAttempts', 0],
    ['clock', Date],
    ['clock', {}],
    ['global', 1],
    ['name', ''],
    ['name', '../x'],
    ['name', 5],
    ['configFile', true],
    ['configFile', ''],
  ])('refuses %s: %j', (key, value) => {
    expect(problems({ [key]: value })).toEqual([expect.stringMatching(`^TasksModule\\.forRoot\\(\\): ${key} must `)]);
  });

  it.each(['', '/', '//', 'a//b', '../x', 'a/./b', 'a b', 'a?b', ':id', '*path', 'a'.repeat(201)])(
    'refuses the path %j for the panel',
    (path) => {
      expect(problems({ admin: { path } })).toEqual([
        expect.stringContaining('admin.path must be a path such as "admin/tasks"'),
      ]);
    },
  );

  it.each([[['AdminGuard']], [{}], [[{}]]])('refuses the guards %j', (guards) => {
    expect(problems({ admin: { guards } })).toEqual([expect.stringContaining('admin.guards must be a list of guards')]);
  });

  it.each(['tasks.example.com', 'https://tasks.example.com/admin', 'file:///x', '*', 'null', 5])(
    'refuses the origin %j of the panel',
    (origin) => {
      expect(problems({ admin: { origins: ['http://tasks.lan:8080/', origin] } })).toEqual([
        expect.stringContaining('admin.origins.1 must be an origin such as "https://tasks.example.com"'),
      ]);
    },
  );

  it('refuses the origins of the panel that are no list', () => {
    expect(problems({ admin: { origins: 'https://tasks.example.com' } })).toEqual([
      expect.stringContaining('admin.origins must be a list'),
    ]);
  });

  it('takes the origins of the panel as browsers spell them', () => {
    const origins = ['HTTPS://Tasks.Example.com', 'http://tasks.lan:8080/', 'http://plain.example:80'];
    expect(loadConfig({ admin: { origins }, configFile: false }).admin).toMatchObject({
      origins: ['https://tasks.example.com', 'http://tasks.lan:8080', 'http://plain.example'],
    });
  });

  it('refuses to be told two places for the tasks', () => {
    expect(problems({ database: 'x.db', dataSource: 'default' })).toEqual([
      expect.stringContaining('TasksModule.forRoot(): dataSource cannot stand beside "database"'),
    ]);
  });

  it.each([null, 'text', []])('refuses %j in place of options', (options) => {
    expect(problems(options)).toEqual([
      expect.stringContaining('TasksModule.forRoot(): the options must be an object'),
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', '', 'a/b', 'é', 'x'.repeat(101)])(
    'refuses the queue name %j',
    (name) => {
      const one = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`) as Record<string, number>;
      const empty = JSON.parse(`{ ${JSON.stringify(name)}: {} }`) as Record<string, object>;
      expect(problems({ workers: one })).toEqual([expect.stringContaining('is not a queue name')]);
      expect(problems({ queues: empty })).toEqual([expect.stringContaining('is not a queue name')]);
    },
  );

  it('takes a number of tasks that are kept, of a queue or of all, state by state, and refuses it elsewhere', () => {
    const config = load({
      retention: { completed: { age: '1d', count: 1_000 }, failed: { count: 50 } },
      queues: { emails: { retention: { completed: '2d' } }, reports: { retention: { completed: { count: 5 } } } },
    });
    const day = 24 * 60 * 60 * 1_000;
    const retention = (queue: string) => config.queues.get(queue)!.settings.retention;
    expect(retention('default')).toEqual({
      completed: day,
      failed: 30 * day,
      cancelled: 7 * day,
      atMost: { completed: 1_000, failed: 50 },
    });
    expect(retention('emails')).toMatchObject({ completed: 2 * day, atMost: { failed: 50 } });
    expect(retention('emails').atMost).not.toHaveProperty('completed');
    expect(retention('reports')).toMatchObject({ completed: day, atMost: { completed: 5, failed: 50 } });
    expect(problems({ retention: { completed: { count: -1, ages: '1d' } } })).toEqual([
      expect.stringContaining('retention.completed.count'),
      expect.stringContaining('retention.completed.ages is not an option'),
    ]);
    const own = { retention: { completed: { count: 5 } } } as never;
    expect(() => validateTaskSettings(own, 'a task')).toThrow(/retention\.completed/);
  });

  it('takes any other name', () => {
    const name = 'Mail.eu-west:bulk_1' + 'x'.repeat(81);
    expect(load({ queues: { [name]: {} } }).queues.has(name)).toBe(true);
  });

  it('leaves the prototype of objects alone', () => {
    const options = JSON.parse(
      '{ "__proto__": { "maxRetries": 99 }, "queues": { "q": { "__proto__": { "priority": 9 } } } }',
    ) as object;
    expect(problems(options)).toEqual([
      expect.stringContaining('__proto__ is not an option'),
      expect.stringContaining('queues.q.__proto__ is not an option'),
    ]);
    expect(Object.hasOwn(Object.prototype, 'maxRetries') || Object.hasOwn(Object.prototype, 'priority')).toBe(false);
  });
});

describe('workers', () => {
  it('runs only what an explicit map names, and what says its own number', () => {
    const config = load({ workers: { emails: 3 }, queues: { reports: { concurrency: 2 }, idle: {} } });
    expect(concurrency(config)).toEqual({ default: 0, emails: 3, reports: 2, idle: 0 });
    expect(config.handlerQueueConcurrency).toBe(0);
  });

  it('lets a queue say its own number over the default', () => {
    const config = load({ queues: { emails: { concurrency: 7 }, reports: {} } });
    expect(concurrency(config)).toEqual({ default: 5, emails: 7, reports: 5 });
  });

  it('takes a number for every queue', () => {
    const config = load({ workers: 4, queues: { reports: { concurrency: 1 } } });
    expect(concurrency(config)).toEqual({ default: 4, reports: 4 });
    expect(config.handlerQueueConcurrency).toBe(4);
  });

  it.each([false, 0] as const)('only enqueues with %j', (workers) => {
    const config = load({ workers, queues: { reports: { concurrency: 3 } } });
    expect(concurrency(config)).toEqual({ default: 0, reports: 0 });
    expect(config.handlerQueueConcurrency).toBe(0);
  });
});
