import type { DataSource } from 'typeorm';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, SystemClock } from '../clock/index.js';
import { TasksConfigError } from '../errors/index.js';
import { loadConfig } from './load-config.js';
import type { TasksModuleRootOptions } from './options.js';
import type { ResolvedConfig } from './resolved-config.js';

let folder: string;
let home: string;

beforeEach(() => {
  home = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'tasks-config-'));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

function write(text: string | Buffer, path = 'config/config.yaml'): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function concurrency(config: ResolvedConfig): Record<string, number> {
  return Object.fromEntries(Array.from(config.queues.values(), (queue) => [queue.name, queue.concurrency]));
}

/** The lines of the error that loading stops with. */
function problems(options: unknown = {}): string[] {
  try {
    loadConfig(options as TasksModuleRootOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(TasksConfigError);
    return (error as Error).message.split('\n');
  }
  throw new Error('Loading went through');
}

describe('defaults', () => {
  it('fills in everything that nothing is said about', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      name: 'default',
      database: 'data/tasks.db',
      dataSource: null,
      synchronous: 'full',
      cron: 'all',
      admin: { path: 'admin/tasks', guards: [], readOnly: false },
      maxParamsSize: 1_048_576,
      shutdownGrace: 10_000,
      lease: 10_000,
      maxLostAttempts: 5,
      handlerQueueConcurrency: 5,
    });
    expect(config.clock).toBeInstanceOf(SystemClock);
    expect(concurrency(config)).toEqual({ default: 5, emails: 2, imports: 1 });
    expect(config.queues.get('emails')).toMatchObject({ settings: config.defaults, rateLimit: null });
  });

  it('gives a named module its own file and path', () => {
    expect(loadConfig({ name: 'reports' })).toMatchObject({
      name: 'reports',
      database: 'data/tasks-reports.db',
      admin: { path: 'admin/tasks-reports' },
    });
  });

  it('takes undefined for not given', () => {
    expect(loadConfig({ maxRetries: undefined, database: undefined, workers: undefined, admin: undefined })).toEqual({
      ...loadConfig({}),
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
    const config = loadConfig({
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
    });
  });

  it('takes a DataSource or its name in place of a file', () => {
    expect(loadConfig({ dataSource: 'default' })).toMatchObject({ database: null, dataSource: 'default' });
    const dataSource = { createQueryRunner: () => undefined } as unknown as DataSource;
    expect(loadConfig({ dataSource }).dataSource).toBe(dataSource);
    expect(problems({ dataSource: {} })).toEqual([
      'TasksModule.forRoot(): dataSource must be a TypeORM DataSource or the name of one, not an object.',
    ]);
  });

  it('takes false for no panel and no cron', () => {
    expect(loadConfig({ admin: false, cron: false })).toMatchObject({ admin: false, cron: false });
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
    expect(() => loadConfig({ lease: 1 }, 'TasksModule.forRootAsync()')).toThrow(
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

  it('takes any other name', () => {
    const name = 'Mail.eu-west:bulk_1' + 'x'.repeat(81);
    expect(loadConfig({ queues: { [name]: {} } }).queues.has(name)).toBe(true);
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
    const config = loadConfig({ workers: { emails: 3 }, queues: { reports: { concurrency: 2 }, idle: {} } });
    expect(concurrency(config)).toEqual({ default: 0, emails: 3, reports: 2, idle: 0 });
    expect(config.handlerQueueConcurrency).toBe(0);
  });

  it('lets a queue say its own number over the default map', () => {
    const config = loadConfig({ queues: { emails: { concurrency: 7 }, reports: {} } });
    expect(concurrency(config)).toEqual({ default: 5, emails: 7, imports: 1, reports: 5 });
  });

  it('takes a number for every queue', () => {
    const config = loadConfig({ workers: 4, queues: { reports: { concurrency: 1 } } });
    expect(concurrency(config)).toEqual({ default: 4, emails: 4, imports: 4, reports: 4 });
    expect(config.handlerQueueConcurrency).toBe(4);
  });

  it.each([false, 0] as const)('only enqueues with %j', (workers) => {
    const config = loadConfig({ workers, queues: { reports: { concurrency: 3 } } });
    expect(concurrency(config)).toEqual({ default: 0, emails: 0, imports: 0, reports: 0 });
    expect(config.handlerQueueConcurrency).toBe(0);
  });

  it('knows the queues of the file where code overrides its workers', () => {
    write('tasks: { workers: { mail: 2, video: 1 } }');
    expect(concurrency(loadConfig({ workers: false }))).toEqual({ default: 0, mail: 0, video: 0 });
    expect(concurrency(loadConfig({ workers: { video: 3 } }))).toEqual({ default: 0, mail: 0, video: 3 });
    expect(concurrency(loadConfig({}))).toEqual({ default: 0, mail: 2, video: 1 });
  });
});

describe('the file', () => {
  it('means the same as the options of the code', () => {
    write(`
app: { port: 3000, tasks: { nonsense: true } }
tasks:
  database: var/tasks.db
  synchronous: normal
  workers: { default: 5, emails: 2 }
  max_retries: 1
  retry_delay: 5s
  backoff: linear
  jitter: 0.5
  timeout: 1m
  priority: -1
  retention: { completed: 1d, failed: false, cancelled: 5 }
  queues:
    emails: { max_retries: 5, retry_delay: 10s, backoff: exponential, priority: 10, rate_limit: 100/m }
    myQueue: { concurrency: 3 }
    empty:
  cron: own
  admin: { path: ops, read_only: true }
  max_params_size: 64KiB
  shutdown_grace: 3s
  lease: 4s
  max_lost_attempts: 2
`);
    const clock = new ManualClock(0);
    const code: TasksModuleRootOptions = {
      database: 'var/tasks.db',
      synchronous: 'normal',
      workers: { default: 5, emails: 2 },
      maxRetries: 1,
      retryDelay: '5s',
      backoff: 'linear',
      jitter: 0.5,
      timeout: '1m',
      priority: -1,
      retention: { completed: '1d', failed: false, cancelled: 5 },
      queues: {
        emails: { maxRetries: 5, retryDelay: '10s', backoff: 'exponential', priority: 10, rateLimit: '100/m' },
        myQueue: { concurrency: 3 },
        empty: {},
      },
      cron: 'own',
      admin: { path: 'ops', readOnly: true },
      maxParamsSize: '64KiB',
      shutdownGrace: '3s',
      lease: '4s',
      maxLostAttempts: 2,
    };
    const fromFile = loadConfig({ clock });
    expect(fromFile).toEqual(loadConfig({ ...code, configFile: false, clock }));
    expect(fromFile.defaults).toMatchObject({ maxRetries: 1, retryDelay: 5_000 });
  });

  it('gives way to the code, key by key', () => {
    write(`
tasks:
  max_retries: 1
  retry_delay: 1s
  retention: { completed: 1d, failed: 2d }
  queues:
    emails: { max_retries: 5, jitter: 0.5, retention: { failed: 3d } }
    reports: { priority: 4 }
  admin: { path: ops, read_only: true }
`);
    const config = loadConfig({
      retryDelay: '2s',
      retention: { completed: false },
      queues: { emails: { maxRetries: 6, retention: { cancelled: 7 } } },
      admin: { readOnly: false },
    });
    expect(config.defaults).toMatchObject({
      maxRetries: 1,
      retryDelay: 2_000,
      retention: { completed: null, failed: 172_800_000 },
    });
    expect(config.queues.get('emails')!.settings).toMatchObject({
      maxRetries: 6,
      jitter: 0.5,
      retention: { completed: null, failed: 259_200_000, cancelled: 7 },
    });
    expect(config.queues.get('reports')!.settings.priority).toBe(4);
    expect(config.admin).toMatchObject({ path: 'ops', readOnly: false });
  });

  it('lets code turn its panel off and on', () => {
    write('tasks: { admin: { path: ops } }');
    expect(loadConfig({ admin: false }).admin).toBe(false);
    write('tasks: { admin: false }');
    expect(loadConfig({}).admin).toBe(false);
    expect(loadConfig({ admin: {} }).admin).toMatchObject({ path: 'admin/tasks' });
  });

  it('lets code say another place for the tasks', () => {
    write('tasks: { data_source: default }');
    expect(loadConfig({})).toMatchObject({ database: null, dataSource: 'default' });
    expect(loadConfig({ database: ':memory:' })).toMatchObject({ database: ':memory:', dataSource: null });
    write('tasks: { database: a.db }');
    expect(loadConfig({ dataSource: 'main' })).toMatchObject({ database: null, dataSource: 'main' });
    write('tasks:\n  database: a.db\n  data_source: default\n');
    expect(problems()).toEqual([
      expect.stringMatching(/^config\/config\.yaml:3: tasks\.data_source cannot stand beside "database"/),
    ]);
  });

  it('is read from where code says', () => {
    write('tasks: { max_retries: 1 }');
    write('tasks: { max_retries: 2 }', 'etc/app.yaml');
    expect(loadConfig({}).defaults.maxRetries).toBe(1);
    expect(loadConfig({ configFile: 'etc/app.yaml' }).defaults.maxRetries).toBe(2);
    expect(loadConfig({ configFile: join(folder, 'etc/app.yaml') }).defaults.maxRetries).toBe(2);
    expect(loadConfig({ configFile: false }).defaults.maxRetries).toBe(3);
  });

  it('must exist where code names it', () => {
    expect(problems({ configFile: 'etc/app.yaml' })).toEqual([
      expect.stringMatching(/^etc\/app\.yaml: does not exist \(looked for from .*\)\.$/),
    ]);
    mkdirSync(join(folder, 'etc'));
    expect(problems({ configFile: 'etc' })).toEqual(['etc: is not a file.']);
  });

  it('has a section for each module', () => {
    write('tasks: { max_retries: 1 }\ntasks_night_reports: { max_retries: 2, retry_dely: 1s }\n');
    expect(loadConfig({}).defaults.maxRetries).toBe(1);
    for (const name of ['nightReports', 'night-reports', 'night_reports']) {
      expect(problems({ name })).toEqual([
        'config/config.yaml:2: tasks_night_reports.retry_dely is not an option. Did you mean "retry_delay"?',
      ]);
    }
    expect(loadConfig({ name: 'other' }).defaults.maxRetries).toBe(3);
  });

  it.each(['', '# nothing\n', '---\n', 'tasks:\n', 'tasks: {}\n', 'app: { port: 1 }\n', '\uFEFFtasks: {}\n'])(
    'may say nothing: %j',
    (text) => {
      write(text);
      expect(concurrency(loadConfig({}))).toEqual({ default: 5, emails: 2, imports: 1 });
    },
  );

  it('tells line and path of everything that is wrong, beside what is wrong in the code', () => {
    write(`tasks:
  max_retries: three
  retryDelay: 60s
  queues:
    emails:
      retry_dely: 10s
      backoff: exponental
    a.b: { timeout: 0s }
  workers: { "bad name": 1 }
`);
    expect(problems({ lease: 'x' })).toEqual([
      expect.stringContaining('TasksModule.forRoot(): lease must be a duration'),
      'config/config.yaml:2: tasks.max_retries must be a whole number from 0 to 1,000, not "three".',
      'config/config.yaml:3: tasks.retryDelay is not an option. Did you mean "retry_delay"?',
      'config/config.yaml:6: tasks.queues.emails.retry_dely is not an option. Did you mean "retry_delay"?',
      'config/config.yaml:7: tasks.queues.emails.backoff must be "fixed", "linear" or "exponential", not "exponental". Did you mean "exponential"?',
      'config/config.yaml:8: tasks.queues["a.b"].timeout must be at least "1ms", not "0s".',
      expect.stringContaining('config/config.yaml:9: tasks.workers["bad name"] is not a queue name'),
    ]);
  });

  it.each(['clock', 'name', 'global', 'config_file'])('cannot say %s', (key) => {
    write(`tasks: { ${key}: x }`);
    expect(problems()).toEqual([`config/config.yaml:1: tasks.${key} can be set in code only, not in the file.`]);
  });

  it('cannot name guards', () => {
    write('tasks: { admin: { guards: [AdminGuard] } }');
    expect(problems()).toEqual(['config/config.yaml:1: tasks.admin.guards can be set in code only, not in the file.']);
  });

  it.each([
    ['max_retries:', 'max_retries must be a whole number from 0 to 1,000, not empty (null)'],
    ['retention: 7d', 'retention must be a mapping of keys to values, not "7d"'],
    ['workers: 5s', 'workers must be numbers of workers by queue'],
    ['workers:', 'workers must be numbers of workers by queue'],
    ['queues: [emails]', 'queues must be a mapping of keys to values, not a list'],
    ['queues: { __proto__: { max_retries: 1 } }', 'queues.__proto__ is not a queue name'],
    ['__proto__: { max_retries: 1 }', '__proto__ is not an option'],
    ['database: !env DB', 'Unresolved tag: !env'],
  ])('refuses %s', (line, problem) => {
    write(`tasks:\n  ${line}\n`);
    expect(problems()).toEqual([expect.stringContaining(problem)]);
    expect(problems()[0]).toMatch(/^config\/config\.yaml:2: /);
  });

  it('refuses a section that is no mapping', () => {
    write('tasks: [1]');
    expect(problems()).toEqual(['config/config.yaml:1: tasks must be a mapping of keys to values, not a list.']);
    write('- tasks');
    expect(problems()).toEqual(['config/config.yaml:1: must be a mapping with a section "tasks".']);
  });

  it('points out a section that is only nearly ours', () => {
    write('app: {}\nTasks: { max_retries: 1 }');
    expect(problems()).toEqual(['config/config.yaml:2: "Tasks" is not read. Did you mean "tasks"?']);
  });

  it.each([
    [
      'a duplicate key',
      'tasks:\n  max_retries: 1\n  max_retries: 2\n',
      /^config\/config\.yaml:3: Map keys must be unique/,
    ],
    ['broken syntax', 'tasks:\n  workers: { default: 5\n', /^config\/config\.yaml:\d: .*flow/i],
    ['a tab as indent', 'tasks:\n\tmax_retries: 1\n', /^config\/config\.yaml:2: Tabs are not allowed/],
    ['two documents', 'tasks: {}\n---\ntasks: {}\n', /^config\/config\.yaml:\d: .*multiple documents/],
    ['an alias of nothing', 'tasks: { max_retries: *none }\n', /^config\/config\.yaml:1: .*none/],
    ['deep nesting', `tasks: ${'['.repeat(200_000)}`, /^config\/config\.yaml/],
  ])('refuses %s, telling the line', (_, text, problem) => {
    write(text);
    expect(problems()[0]).toMatch(problem);
  });

  it('takes anchors and merge keys', () => {
    write(`
base: &base { max_retries: 7, retry_delay: 1s }
tasks:
  queues:
    a: *base
    b: { <<: *base, retry_delay: 2s }
`);
    const { queues } = loadConfig({});
    expect(queues.get('a')!.settings).toMatchObject({ maxRetries: 7, retryDelay: 1_000 });
    expect(queues.get('b')!.settings).toMatchObject({ maxRetries: 7, retryDelay: 2_000 });
  });

  it('does not unfold aliases of aliases', () => {
    const levels = Array.from('bcdefgh', (name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(9)}]`);
    write(`a: &a [1,2,3,4,5,6,7,8,9]\n${levels.join('\n')}\ntasks: { max_retries: *h }\n`);
    expect(problems()).toEqual([
      expect.stringContaining('config/config.yaml:9: cannot be read: Excessive alias count'),
    ]);
  });

  it('refuses a file that is too large or not UTF-8', () => {
    write(`# ${'x'.repeat(1_048_576)}`);
    expect(problems()).toEqual(['config/config.yaml: has 1,048,578 bytes; at most 1,048,576 are read.']);
    write(Buffer.from([0x74, 0xff, 0xfe]));
    expect(problems()).toEqual(['config/config.yaml: is not valid UTF-8.']);
  });

  it('is left unread where code gives a wrong name', () => {
    write('tasks: { nonsense: 1 }');
    expect(problems({ name: '!' })).toEqual([expect.stringContaining('TasksModule.forRoot(): name must be')]);
  });
});
