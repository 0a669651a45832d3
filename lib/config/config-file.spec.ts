import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../clock/index.js';
import { TasksConfigError } from '../contract/index.js';
import { loadConfig } from './load-config.js';
import { moduleOptionKeys, queueOptionKeys } from './module-options.js';
import type { TasksModuleRootOptions } from './options.js';
import type { ResolvedConfig } from './resolved-config.js';
import { toSnakeCase } from '../checks/index.js';

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
  auto_start: false
  cron: own
  crons: { cleanup: { expression: '@daily', time_zone: UTC, disabled: true } }
  admin: { path: ops, read_only: true }
  max_params_size: 64KiB
  max_result_size: 16KiB
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
      autoStart: false,
      cron: 'own',
      crons: { cleanup: { expression: '@daily', timeZone: 'UTC', disabled: true } },
      admin: { path: 'ops', readOnly: true },
      maxParamsSize: '64KiB',
      maxResultSize: '16KiB',
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

  it('knows the queues of the file where code overrides its workers', () => {
    write('tasks: { workers: { mail: 2, video: 1 } }');
    expect(concurrency(loadConfig({ workers: false }))).toEqual({ default: 0, mail: 0, video: 0 });
    expect(concurrency(loadConfig({ workers: { video: 3 } }))).toEqual({ default: 0, mail: 0, video: 3 });
    expect(concurrency(loadConfig({}))).toEqual({ default: 0, mail: 2, video: 1 });
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
      expect(concurrency(loadConfig({}))).toEqual({ default: 5 });
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

  it('refuses a section with a tag', () => {
    write('app: {}\ntasks: !secret { max_retries: 1 }\n');
    expect(problems()).toEqual(['config/config.yaml:2: Unresolved tag: !secret.']);
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
    ['deep lists', `\ntasks: ${'['.repeat(200_000)}`, /^config\/config\.yaml:2: .* more than 100 levels deep\.$/],
    ['deep mappings', `\n\ntasks: ${'{a: '.repeat(101)}`, /^config\/config\.yaml:3: .* more than 100 levels deep\.$/],
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

  it('tells the line of what stands at an anchor', () => {
    write('base: &base\n  retry_dely: 1s\ntasks:\n  queues:\n    a: *base\n');
    expect(problems()).toEqual([
      'config/config.yaml:2: tasks.queues.a.retry_dely is not an option. Did you mean "retry_delay"?',
    ]);
  });

  it('leaves tags of the app to the app', () => {
    write('app: { secret: !env SECRET }\ntasks: { max_retries: 7 }\nmore: !env MORE\n');
    expect(loadConfig({}).defaults.maxRetries).toBe(7);
  });

  it('knows each key that is spelled as in the other place', () => {
    const swapped = [...moduleOptionKeys, ...queueOptionKeys].filter((key) => toSnakeCase(key) !== key);
    for (const key of swapped) {
      const snake = toSnakeCase(key);
      const section = queueOptionKeys.includes(key) ? { q: { [key]: 1 } } : undefined;
      write(section ? `tasks: { queues: { q: { ${key}: 1 } } }` : `tasks: { ${key}: 1 }`);
      expect(problems()).toEqual([expect.stringContaining(`Did you mean "${snake}"?`)]);
      const code = section ? { queues: { q: { [snake]: 1 } } } : { [snake]: 1 };
      expect(problems({ configFile: false, ...code })).toEqual([expect.stringContaining(`Did you mean "${key}"?`)]);
    }
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
