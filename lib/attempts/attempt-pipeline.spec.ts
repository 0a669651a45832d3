import 'reflect-metadata';
import { tracingChannel } from 'node:diagnostics_channel';
import { setImmediate as settled } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { Transform } from 'class-transformer';
import { IsInt, IsString, Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../clock/index.js';
import { type ContextOptions, DEFAULT_SETTINGS, type TaskSettings, type TaskSettingsOptions } from '../config/index.js';
import { Sensitive } from '../nest/index.js';
import { HandlerRegistry, type ParamsUpgrades, type RegisteredHandler } from '../handlers/index.js';
import {
  type AbortCause,
  DeadlineError,
  RateLimited,
  RetryLater,
  type TaskAbortedError,
  type TaskProgress,
  UnrecoverableError,
} from '../contract/index.js';
import { abort } from '../engine/common/index.js';
import type { DeliveredTask, Delivery, Outcome, TaskEngine } from '../engine/port/index.js';
import type { AttemptMessage } from '../channels/index.js';
import type { StepTools } from '../steps/index.js';
import { ParamsCodec } from '../params/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import type { TaskContext } from './task-context.js';
import { AttemptPipeline } from './attempt-pipeline.js';

const START = Date.UTC(2027, 0, 1);
const NO_STEPS = { kind: 'none', inspecting: {} as TaskEngine['inspecting'] };
const dispatcher = { queue: () => undefined } as unknown as TaskDispatcher;

type Then = (resolve: (value: unknown) => void, reject?: (error: Error) => void) => void;
/** Has an object look like a promise. */
// eslint-disable-next-line unicorn/no-thenable
const thenable = (object: object, value: unknown): object => Object.assign(object, { then: value });
type Call = (params: object, task: TaskContext) => unknown;
interface Handled {
  readonly call: Call;
  readonly params?: RegisteredHandler['params'];
  readonly settings?: TaskSettingsOptions;
  readonly version?: number;
  readonly upgrade?: ParamsUpgrades;
  readonly limit?: string;
  /** What the app enters for a handler. */
  readonly context?: ContextOptions;
  readonly limits?: readonly string[];
  readonly engine?: StepTools['engine'];
}

/** A runner with one handler, and a delivery to it made by hand. */
function setUp(
  {
    call,
    params = null,
    settings = {},
    version = 1,
    upgrade = {},
    limit,
    context = {},
    limits = [],
    engine = NO_STEPS,
  }: Handled,
  queueSettings: Partial<TaskSettings> = {},
  unknownTasksWait: number | null = null,
) {
  const clock = new ManualClock(START);
  const defaults: TaskSettings = { ...DEFAULT_SETTINGS, ...queueSettings };
  const registry = new HandlerRegistry({ config: { defaults, queues: new Map() } });
  registry.add({
    name: 'work',
    kind: 'class',
    location: 'Worker.handle',
    queue: null,
    params,
    version,
    upgrade,
    settings,
    ...(limit !== undefined && { limit }),
    call: (given, task) => call(given, task as TaskContext),
  });
  const reported: string[] = [];
  const report = (level: string) => (message: string, stack?: string) =>
    void reported.push(`${level}: ${message}${stack === undefined ? '' : ` STACK ${stack}`}`);
  const pipeline = new AttemptPipeline({
    registry,
    codec: new ParamsCodec(1_000_000),
    config: {
      clock,
      maxResultSize: 1_000,
      unknownTasksWait,
      context,
      limits: new Map(limits.map((name) => [name, { max: 1, per: 1_000 }])),
    },
    engine,
    dispatcher,
    logger: { log: report('log'), warn: report('warn'), error: report('error') },
    random: () => 0.5,
  });
  const state: { aborted: TaskAbortedError | null; onAbort: Delivery['onAbort'] } = { aborted: null, onAbort: null };
  const logs: string[] = [];
  const progress: TaskProgress[] = [];
  const run = (task: Partial<DeliveredTask> = {}, more: Partial<Delivery> = {}): Promise<Outcome> =>
    pipeline.run(
      Object.assign(state, more, {
        task: {
          id: 'id-1',
          queue: 'default',
          name: 'work',
          params: '{}',
          priority: 0,
          runAt: START,
          createdAt: START - 1000,
          maxAttempts: null,
          settings: null,
          sensitive: [],
          attempt: 1,
          excusedAttempts: 0,
          ...task,
        },
        progress: (value: TaskProgress) => void progress.push(value),
        log: (message: string) => void logs.push(message),
      }),
    );
  const abortFor = (cause: AbortCause) => abort(state, cause, `because of ${cause}`);
  return { run, clock, abortFor, reported, logs, progress };
}

const throwing =
  (thrown: unknown) =>
  (..._: unknown[]): never => {
    throw thrown;
  };

/** A handler that tells when it has started. */
function started(rest: (task: TaskContext, params: object) => unknown) {
  let tell!: () => void;
  const hasStarted = new Promise<void>((resolve) => (tell = resolve));
  const call: Call = (params, task) => {
    tell();
    return rest(task, params);
  };
  return { call, hasStarted };
}

const untilAborted = (task: TaskContext): Promise<never> =>
  new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)));
const never = (): Promise<never> => new Promise(() => undefined);

const unhandled: unknown[] = [];
const collect = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', collect));
afterEach(() => {
  process.off('unhandledRejection', collect);
  expect(unhandled.splice(0)).toEqual([]);
});

describe('AttemptPipeline: a handler that resolves', () => {
  it('completes, with the context filled in', async () => {
    let seen: TaskContext | undefined;
    const { run } = setUp({ call: (_, task) => void (seen = task), settings: { maxRetries: 4 } });
    expect(await run({ attempt: 3, excusedAttempts: 2 })).toEqual({
      kind: 'completed',
      keepFor: DEFAULT_SETTINGS.retention.completed,
      maxAttempts: 5,
    });
    expect(seen).toMatchObject({
      id: 'id-1',
      queueName: 'default',
      name: 'work',
      attempt: 3,
      maxAttempts: 7,
      enqueuedAt: START - 1000,
      dispatcher,
    });
    expect(seen!.signal.aborted).toBe(false);
  });

  it('takes retention and retries of the task over the handler over the queue', async () => {
    const { run } = setUp(
      { call: () => undefined, settings: { retention: { completed: '2s' }, maxRetries: 1 } },
      { maxRetries: 9, retention: { completed: 1, failed: 1, cancelled: 1 } },
    );
    expect(await run()).toMatchObject({ keepFor: 2000, maxAttempts: 2 });
    const settings = JSON.stringify({ retention: { completed: false }, maxRetries: 2 });
    expect(await run({ settings })).toMatchObject({ keepFor: null, maxAttempts: 3 });
    expect(await run({ settings, maxAttempts: 8 })).toMatchObject({ maxAttempts: 8 });
  });

  it('gives the handler an instance of its params class', async () => {
    class Params {
      @IsInt() id!: number;
    }
    let seen: object | undefined;
    const { run } = setUp({ call: (params) => void (seen = params), params: Params });
    await run({ params: '{"id":7}' });
    expect(seen).toBeInstanceOf(Params);
    expect(seen).toEqual({ id: 7 });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an object', thenable({}, 7)],
    ['a text', 'then'],
    ['a function', () => 1],
  ])('completes at once where it returns %s', async (_, returned) => {
    const { run } = setUp({ call: () => returned });
    expect(await run()).toMatchObject({ kind: 'completed' });
  });

  it.each([
    ['an object', (end: Then) => thenable({}, end)],
    ['a function', (end: Then) => thenable(() => 1, end)],
  ])('is waited for where it returns a promise of another library: %s', async (_, promise) => {
    let resolve!: () => void;
    const { run } = setUp({ call: () => promise((done) => (resolve = done as () => void)) });
    const outcome = run();
    await settled();
    expect(await Promise.race([outcome, settled('waiting')])).toBe('waiting');
    resolve();
    expect(await outcome).toMatchObject({ kind: 'completed' });
    const failing = setUp({ call: () => promise((_done, fail) => fail!(new RangeError('late'))) });
    expect(await failing.run()).toMatchObject({ kind: 'retry', error: { name: 'RangeError' } });
  });

  it('passes progress and logs on, within bounds, until the attempt has ended', async () => {
    let kept: TaskContext | undefined;
    const { run, progress, logs } = setUp({
      call: (_, task) => {
        kept = task;
        task.progress(50, 'half');
        task.progress(150);
        task.progress(Number.NaN, 'of nothing');
        task.progress(-3);
        task.log('line');
        task.log(undefined as unknown as string);
        task.log('x'.repeat(10_000));
        for (let line = 0; line < 2_000; line++) task.log('again');
      },
    });
    await run();
    kept!.progress(99);
    kept!.log('too late');
    expect(progress).toEqual([
      { percent: 50, message: 'half' },
      { percent: 100 },
      { percent: 100, message: 'of nothing' },
      { percent: 0 },
    ]);
    expect(logs.slice(0, 2)).toEqual(['line', 'undefined']);
    expect(logs[2]!.length).toBeLessThan(8_300);
    expect(logs).toHaveLength(1_001);
    expect(logs.at(-1)).toContain('1000');
  });
});

describe('AttemptPipeline: a handler that throws', () => {
  it('is retried after the backoff while attempts are left', async () => {
    const settings = { maxRetries: 2, retryDelay: '10s', backoff: 'exponential' } as const;
    const { run, reported } = setUp({ call: throwing(new TypeError('boom')), settings });
    const retry = { kind: 'retry', countsAttempt: true, error: { name: 'TypeError', message: 'boom' }, maxAttempts: 3 };
    expect(await run({ attempt: 1 })).toMatchObject({ ...retry, at: START + 10_000 });
    expect(await run({ attempt: 2 })).toMatchObject({ ...retry, at: START + 20_000 });
    expect(await run({ attempt: 3 })).toMatchObject({ kind: 'failed', keepFor: DEFAULT_SETTINGS.retention.failed });
    expect(reported.map((line) => line.slice(0, 5))).toEqual(['warn:', 'warn:', 'error']);
    expect(reported[0]).toContain(
      'Task "work" (id-1) of queue "default" failed in attempt 1 of 3, next attempt in 10s',
    );
  });

  it('does not count excused attempts', async () => {
    const { run } = setUp({ call: throwing(new Error('boom')), settings: { maxRetries: 1, backoff: 'linear' } });
    expect(await run({ attempt: 6, excusedAttempts: 5 })).toMatchObject({ kind: 'retry', at: START + 60_000 });
    expect(await run({ attempt: 7, excusedAttempts: 5 })).toMatchObject({ kind: 'failed', maxAttempts: 2 });
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a string', 'boom'],
    ['a symbol', Symbol('boom')],
    ['a number', 7],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['an object without prototype', Object.create(null) as object],
    ['an error whose properties throw', new Proxy(new Error('x'), { get: throwing(new Error('got')) })],
    [
      'a proxy that throws at everything',
      new Proxy({}, { get: throwing(1), getPrototypeOf: throwing(1), ownKeys: throwing(1) }),
    ],
    ['an error of another realm', runInNewContext('new TypeError("other")') as Error],
  ])('is stored whatever it throws: %s', async (_, thrown) => {
    const { run } = setUp({ call: throwing(thrown) });
    const outcome = await run();
    expect(outcome).toMatchObject({
      kind: 'retry',
      error: { name: expect.any(String) as string, message: expect.any(String) as string },
    });
    expect(() => JSON.stringify(outcome)).not.toThrow();
  });

  it('survives a handler, a registry and a logger that are broken', async () => {
    const registry = new HandlerRegistry({ config: { defaults: DEFAULT_SETTINGS, queues: new Map() } });
    registry.get = throwing(new Error('no registry'));
    const pipeline = new AttemptPipeline({
      registry,
      codec: new ParamsCodec(10),
      config: {
        clock: new ManualClock(START),
        maxResultSize: 1_000,
        unknownTasksWait: null,
        context: {},
        limits: new Map(),
      },
      engine: NO_STEPS,
      dispatcher,
      logger: { log: throwing(1), warn: throwing(1), error: throwing(1) },
    });
    const task = { name: 'x', queue: 'q', params: '', attempt: 1, excusedAttempts: 0, maxAttempts: 1, settings: null };
    expect(await pipeline.run({ task: { ...task, sensitive: [] } } as never)).toMatchObject({ kind: 'failed' });
  });

  it('ends at once with UnrecoverableError, also one of another copy of the package', async () => {
    class Subclass extends UnrecoverableError {}
    const foreign = Object.assign(new Error('gone'), { name: 'UnrecoverableError' });
    for (const thrown of [new UnrecoverableError('gone'), new Subclass('gone'), foreign]) {
      const { run } = setUp({ call: throwing(thrown) });
      expect(await run()).toMatchObject({ kind: 'failed', error: { message: 'gone' }, maxAttempts: 4 });
    }
  });

  it('retries when RetryLater says so', async () => {
    const later = setUp({ call: throwing(new RetryLater('30s')), settings: { maxRetries: 1 } });
    expect(await later.run()).toMatchObject({ kind: 'retry', at: START + 30_000, countsAttempt: true });
    expect(await later.run({ attempt: 2 })).toMatchObject({ kind: 'failed' });

    const snooze = setUp({ call: throwing(new RetryLater(0, { countsAttempt: false })), settings: { maxRetries: 0 } });
    expect(await snooze.run()).toMatchObject({ kind: 'retry', at: START, countsAttempt: false, maxAttempts: 1 });
    expect(await snooze.run({ attempt: 9 })).toMatchObject({ kind: 'retry', countsAttempt: false });
  });

  it('closes the limit of its handler, or its queue, when RateLimited says so, and counts no attempt', async () => {
    const limited = setUp({ call: throwing(new RateLimited('30s')), settings: { maxRetries: 0 } });
    const outcome = { kind: 'retry', at: START + 30_000, countsAttempt: false, maxAttempts: 1 };
    expect(await limited.run()).toMatchObject({ ...outcome, closes: { limit: null } });
    expect(await limited.run({ attempt: 9 })).toMatchObject(outcome);

    const own = setUp({ call: throwing(new RateLimited(5)), limit: 'smtp', limits: ['smtp', 'stripe'] });
    expect(await own.run()).toMatchObject({ at: START + 5, closes: { limit: 'smtp' } });
    expect(own.logs).toEqual([]);

    const named = setUp({ call: throwing(new RateLimited(5, { limit: 'stripe' })), limits: ['smtp', 'stripe'] });
    expect(await named.run()).toMatchObject({ closes: { limit: 'stripe' } });

    const odd = setUp({ call: throwing(Object.assign(new RateLimited(5), { limit: 7 })), limits: ['smtp'] });
    expect(await odd.run()).toMatchObject({ closes: { limit: null } });
    expect(odd.logs.join()).toContain('the limit 7');

    const foreign = setUp({ call: throwing(Object.assign(new Error('slow'), { name: 'RateLimited', delay: '1s' })) });
    expect(await foreign.run()).toMatchObject({ ...outcome, at: START + 1_000, maxAttempts: 4 });

    const unknown = setUp({ call: throwing(new RateLimited(5, { limit: 'strip' })) });
    expect(await unknown.run()).toMatchObject({ at: START + 5, closes: { limit: null } });
    expect(unknown.logs.join()).toContain('"strip"');
  });

  it('takes the retry delay, and says so, where RetryLater or the backoff function give none', async () => {
    const badDelay = setUp({ call: throwing(new RetryLater('soon')) });
    expect(await badDelay.run()).toMatchObject({ kind: 'retry', at: START + 60_000 });
    expect(badDelay.logs.join()).toContain('The delay of RetryLater');

    const backoff = () => Promise.reject(new Error('async')) as never;
    const badBackoff = setUp({ call: throwing(new Error('x')), settings: { backoff } });
    expect(await badBackoff.run()).toMatchObject({ kind: 'retry', at: START + 60_000 });
    expect(badBackoff.logs.join()).toContain('backoff function');
  });

  it('treats wrong params of follow-up work as any failure', async () => {
    const codec = new ParamsCodec(100);
    const { run } = setUp({ call: () => codec.encode('next', { a: 1n }, null) });
    expect(await run()).toMatchObject({ kind: 'retry', error: { name: 'InvalidParamsError' } });
  });
});

describe('AttemptPipeline: a task that cannot be run', () => {
  class Params {
    @IsInt() id!: number;
  }

  it('is left to others where its name is not known here, and said so once for each name', async () => {
    const { run, reported } = setUp({ call: () => undefined }, {}, 7_200_000);
    for (const name of ['later', 'later', 'never']) {
      expect(await run({ name })).toMatchObject({
        kind: 'declined',
        wait: 7_200_000,
        error: { name: 'UnknownTaskNameError', message: expect.stringContaining(name) as string },
      });
    }
    expect(reported).toEqual([expect.stringMatching(/warn: .*"later".*2h/), expect.stringMatching(/warn: .*"never"/)]);
  });

  it('fails with the reason, and is not tried again', async () => {
    const { run, reported } = setUp({ call: () => undefined, params: Params });
    expect(await run({ name: 'wrok' })).toMatchObject({
      kind: 'failed',
      error: { name: 'UnknownTaskNameError', message: expect.stringContaining('"work"') as string },
      maxAttempts: 4,
    });
    for (const params of ['{"id":"x"}', '{"id"', '[]', 'null']) {
      expect(await run({ params })).toMatchObject({ kind: 'failed', error: { name: 'InvalidParamsError' } });
    }
    for (const settings of ['{', 'null', '[1]', '{"maxRetries":"x"}', '{"timeout":"soon"}']) {
      expect(await run({ settings })).toMatchObject({ kind: 'failed', error: { name: 'InvalidArgumentError' } });
    }
    expect(reported).toHaveLength(10);
  });

  it('is tried again when it was not the params that failed their check', async () => {
    @ValidatorConstraint({ async: true })
    class InDatabase implements ValidatorConstraintInterface {
      validate(): Promise<boolean> {
        return Promise.reject(new Error('no connection'));
      }
    }
    class Known {
      @Validate(InDatabase) id!: string;
    }
    const { run } = setUp({ call: () => undefined, params: Known });
    expect(await run({ params: '{"id":"x"}' })).toMatchObject({ kind: 'retry', error: { message: 'no connection' } });
  });
});

describe('AttemptPipeline: what a handler stands in', () => {
  it('is entered by the app, with what the task carries', async () => {
    const entered: unknown[] = [];
    const run = (context: object, next: () => unknown): unknown => {
      entered.push(context);
      return next();
    };
    const site = setUp({ call: async () => void entered.push('called'), context: { run } });
    expect(await site.run({ traits: { context: { tenant: 'acme' } } })).toMatchObject({ kind: 'completed' });
    expect(await site.run()).toMatchObject({ kind: 'completed' });
    expect(entered).toEqual([{ tenant: 'acme' }, 'called', {}, 'called']);
  });

  it('fails with what it throws', async () => {
    const site = setUp({ call: () => undefined, context: { run: throwing(new RangeError('no such tenant')) } });
    expect(await site.run()).toMatchObject({ kind: 'retry', error: { name: 'RangeError' } });
  });
});

describe('AttemptPipeline: params that are checked by waiting', () => {
  @ValidatorConstraint({ async: true })
  class Looked implements ValidatorConstraintInterface {
    async validate(): Promise<boolean> {
      await settled();
      return true;
    }
  }
  class Params {
    @Validate(Looked) id!: number;
  }
  const params = '{"id":7}';

  it('have the handler start later, which is told to whoever asked', async () => {
    const seen: unknown[] = [];
    const { run } = setUp({ call: (given) => void seen.push(given), params: Params });
    expect(await run({ params })).toMatchObject({ kind: 'completed' });
    const starts = { startsLater: () => () => void seen.push('started') };
    expect(await run({ params }, starts)).toMatchObject({ kind: 'completed' });
    expect(seen).toEqual([{ id: 7 }, { id: 7 }, 'started']);
  });

  it('do not have it start at all where it is aborted meanwhile', async () => {
    const seen: unknown[] = [];
    const { run, abortFor } = setUp({ call: (given) => void seen.push(given), params: Params });
    const running = run({ params });
    abortFor('shutdown');
    expect(await running).toMatchObject({ kind: 'released' });
    expect(seen).toEqual([]);
  });
});

describe('AttemptPipeline: steps', () => {
  it('of a task whose engine keeps none are said to be missing, and the handler is not called', async () => {
    const { run } = setUp({ call: throwing(new Error('called')) });
    expect(await run({ traits: { steps: true } })).toMatchObject({
      kind: 'retry',
      error: { name: 'StepsNotSupportedError' },
    });
  });

  it('that cannot be read fail the attempt, and the handler is not called', async () => {
    const stepping = { read: () => Promise.reject(new Error('the disk is away')) };
    const engine = { ...NO_STEPS, stepping } as unknown as StepTools['engine'];
    const { run } = setUp({ call: throwing(new Error('called')), engine });
    expect(await run({ traits: { steps: true } })).toMatchObject({
      kind: 'retry',
      error: { message: 'the disk is away' },
    });
  });
});

describe('AttemptPipeline: what is told of attempts', () => {
  it('is told to who listens, with the outcome', async () => {
    const told: AttemptMessage[] = [];
    const hear = (message: unknown): void => void told.push(message as AttemptMessage);
    const channel = tracingChannel<unknown, AttemptMessage>('nestjs-tasks:attempt');
    channel.asyncEnd.subscribe(hear);
    try {
      const { run } = setUp({ call: () => undefined });
      expect(await run({ attempt: 2 })).toMatchObject({ kind: 'completed' });
    } finally {
      channel.asyncEnd.unsubscribe(hear);
    }
    expect(told).toEqual([
      { store: 'default', task: expect.objectContaining({ id: 'id-1', attempt: 2 }) as object, outcome: 'completed' },
    ]);
  });
});

describe('AttemptPipeline: params of another version', () => {
  const upgrade: ParamsUpgrades = {
    1: ({ to }: { to: string }) => ({ to: [to] }),
    2: (params: { to: string[] }) => {
      params.to.push('archive');
      return params;
    },
  };
  const seen: unknown[] = [];
  const call: Call = (params) => void seen.push(params);
  beforeEach(() => void seen.splice(0));

  it('are brought up to date one version at a time, and then checked', async () => {
    class Params {
      @IsString({ each: true }) to!: string[];
    }
    const { run } = setUp({ call, params: Params, version: 3, upgrade });
    await run({ params: '{"to":"a"}' });
    await run({ params: '{"to":["b"]}', traits: { version: 2 } });
    await run({ params: '{"to":["c"]}', traits: { version: 3 } });
    expect(seen).toEqual([{ to: ['a', 'archive'] }, { to: ['b', 'archive'] }, { to: ['c'] }]);
    expect(seen[0]).toBeInstanceOf(Params);
  });

  it('are left to others where they are later than what the handler knows', async () => {
    const { run, reported } = setUp({ call, version: 2 }, {}, 60_000);
    expect(await run({ traits: { version: 3 } })).toMatchObject({
      kind: 'declined',
      error: { name: 'UnknownTaskVersionError', message: expect.stringContaining('versions up to 2') as string },
    });
    await run({ traits: { version: 3 } });
    expect(reported).toEqual([expect.stringMatching(/does not know version 3 of task "work"/)]);
    expect(seen).toEqual([]);
  });

  it.each<[string, ParamsUpgrades, string]>([
    ['is missing', { 2: (params: object) => params }, 'has no "upgrade" of version 1'],
    ['throws', { 1: throwing(new RangeError('no address')) }, 'the upgrade threw RangeError: no address'],
    ['returns nothing', { 1: () => undefined as unknown as object }, 'must return the params'],
    ['returns a list', { 1: () => [] }, 'must return the params'],
    ['returns a promise', { 1: async () => ({}) }, 'must return the params'],
    ['returns what is no JSON', { 1: () => ({ n: 1n }) }, 'BigInt'],
  ])('fail for good where an upgrade %s', async (_, wrong, message) => {
    const { run } = setUp({ call, version: 3, upgrade: wrong });
    expect(await run()).toMatchObject({
      kind: 'failed',
      error: { name: 'ParamsUpgradeError', message: expect.stringContaining(message) as string },
    });
    expect(seen).toEqual([]);
  });
});

describe('AttemptPipeline: a signal that is aborted', () => {
  it.each([
    ['cancelled', { kind: 'cancelled', keepFor: DEFAULT_SETTINGS.retention.cancelled, maxAttempts: 4 }],
    ['shutdown', { kind: 'released', maxAttempts: 4 }],
    ['lease-lost', { kind: 'released', maxAttempts: 4 }],
  ] as const)('%s: ends the attempt when the handler stops', async (cause, outcome) => {
    for (const settings of [{}, { timeout: '1h' }]) {
      const { call, hasStarted } = started(untilAborted);
      const { run, abortFor } = setUp({ call, settings });
      const running = run();
      await hasStarted;
      abortFor(cause);
      expect(await running).toEqual(outcome);
    }
  });

  it('counts a handler that finishes all the same as completed', async () => {
    for (const cause of ['cancelled', 'shutdown'] as const) {
      const { call, hasStarted } = started((task) => untilAborted(task).catch(() => 'finished'));
      const { run, abortFor } = setUp({ call });
      const running = run();
      await hasStarted;
      abortFor(cause);
      expect(await running).toMatchObject({ kind: 'completed' });
    }
  });

  it('keeps an error of the handler with a cancelled attempt', async () => {
    const { call, hasStarted } = started((task) =>
      untilAborted(task).catch(() => throwing(new Error('mess'))({}, task)),
    );
    const { run, abortFor } = setUp({ call });
    const running = run();
    await hasStarted;
    abortFor('cancelled');
    expect(await running).toMatchObject({ kind: 'cancelled', error: { message: 'mess' } });
  });

  it('is one and the same signal, and aborted with its reason also where the handler looks at it late', async () => {
    const look: { now?: () => void } = {};
    const signals: AbortSignal[] = [];
    const { call, hasStarted } = started(async (task) => {
      await new Promise<void>((resolve) => (look.now = resolve));
      signals.push(task.signal, task.signal);
      throw task.signal.reason;
    });
    const { run, abortFor } = setUp({ call });
    const running = run();
    await hasStarted;
    abortFor('shutdown');
    look.now!();
    expect(await running).toMatchObject({ kind: 'released' });
    expect(signals[0]!.aborted).toBe(true);
    expect(signals[0]!.reason).toMatchObject({ reason: 'shutdown' });
    expect(signals[1]).toBe(signals[0]);
  });

  it('does not look at the params of a task that was aborted before', async () => {
    const { run, abortFor } = setUp({ call: () => undefined });
    abortFor('cancelled');
    expect(await run({ params: '[]' })).toEqual({
      kind: 'cancelled',
      keepFor: DEFAULT_SETTINGS.retention.cancelled,
      maxAttempts: 4,
    });
  });

  it('is released where its lease was lost, although it ran out of time before', async () => {
    const { call, hasStarted } = started(never);
    const { run, clock, abortFor } = setUp({ call, settings: { timeout: '1s' } });
    const running = run();
    await hasStarted;
    clock.advance(1_000);
    abortFor('lease-lost');
    clock.advance(5_000);
    expect(await running).toMatchObject({ kind: 'released' });
  });

  it('says why it was aborted first: a timeout is one, although the process shuts down meanwhile', async () => {
    const { call, hasStarted } = started(never);
    const { run, clock, abortFor } = setUp({ call, settings: { timeout: '1s' } });
    const running = run();
    await hasStarted;
    clock.advance(1_000);
    abortFor('shutdown');
    clock.advance(5_000);
    expect(await running).toMatchObject({ kind: 'retry', error: { name: 'TimeoutError' } });
  });

  it('does not call the handler when it was aborted before', async () => {
    let called = false;
    const { run, abortFor } = setUp({ call: () => (called = true) });
    abortFor('cancelled');
    expect(await run()).toMatchObject({ kind: 'cancelled' });
    expect(called).toBe(false);
  });

  it('gives up waiting for a handler that does not stop, and ignores what becomes of it', async () => {
    let fail!: (error: Error) => void;
    const { call, hasStarted } = started(() => new Promise((_, reject) => (fail = reject)));
    const { run, abortFor, clock, logs, reported } = setUp({ call });
    const running = run();
    await hasStarted;
    abortFor('cancelled');
    clock.advance(4_999);
    expect(await Promise.race([running, settled('waiting')])).toBe('waiting');
    clock.advance(1);
    expect(await running).toMatchObject({ kind: 'cancelled' });
    expect(logs).toEqual([expect.stringContaining('did not stop within 5s')]);
    const said = [...reported];
    expect(said).toEqual([
      'warn: The handler of Task "work" (id-1) of queue "default" did not stop within 5s after its signal was aborted, and ' +
        'was left running',
    ]);
    fail(new Error('too late'));
    await settled(); // an unhandled rejection is reported by now
    expect(reported).toEqual(said);
    expect(logs).toHaveLength(1);
  });
});

describe('AttemptPipeline: a timeout', () => {
  it('aborts the signal and counts as a failure that names it', async () => {
    const { call, hasStarted } = started(untilAborted);
    const { run, clock } = setUp({ call, settings: { timeout: '90s', maxRetries: 1 } });
    for (const [attempt, kind] of [
      [1, 'retry'],
      [2, 'failed'],
    ] as const) {
      const running = run({ attempt });
      await hasStarted;
      await settled();
      clock.advance(90_000);
      const outcome = await running;
      expect(outcome).toMatchObject({
        kind,
        error: { name: 'TimeoutError', message: 'The attempt took longer than its timeout of 1m30s' },
      });
    }
  });

  it('gives up waiting five seconds later', async () => {
    const { call, hasStarted } = started(never);
    const { run, clock } = setUp({ call, settings: { timeout: '1s' } });
    const running = run();
    await hasStarted;
    clock.advance(1_000);
    clock.advance(5_000);
    expect(await running).toMatchObject({ kind: 'retry', error: { name: 'TimeoutError' }, at: START + 66_000 });
  });

  it('leaves the decision to a handler that makes one, and shows the error that came of it', async () => {
    const after = (thrown: Error) => started((task) => untilAborted(task).catch(() => throwing(thrown)({}, task)));
    for (const [thrown, outcome] of [
      [new UnrecoverableError('gone'), { kind: 'failed', error: { message: 'gone' } }],
      [new RetryLater('5s'), { kind: 'retry', at: START + 6_000 }],
      [new Error('mess'), { error: { name: 'TimeoutError', stack: expect.stringContaining('Error: mess') as string } }],
    ] as const) {
      const { call, hasStarted } = after(thrown);
      const { run, clock } = setUp({ call, settings: { timeout: '1s' } });
      const running = run();
      await hasStarted;
      clock.advance(1_000);
      expect(await running).toMatchObject(outcome);
    }
  });

  it('is overruled by a cancellation', async () => {
    const { call, hasStarted } = started(never);
    const { run, clock, abortFor } = setUp({ call, settings: { timeout: '1s' } });
    const running = run();
    await hasStarted;
    clock.advance(1_000);
    abortFor('cancelled');
    clock.advance(5_000);
    expect(await running).toMatchObject({ kind: 'cancelled' });
  });

  it('does not touch an attempt that ended in time', async () => {
    let signal: AbortSignal | undefined;
    const { run, clock, abortFor } = setUp({
      call: (_, task) => void ({ signal } = task),
      settings: { timeout: '1s' },
    });
    await run();
    clock.advance(60_000);
    abortFor('shutdown');
    expect(signal!.aborted).toBe(false);
  });
});

describe('AttemptPipeline: sensitive params', () => {
  class Login {
    @IsString() user!: string;
    @Sensitive() @IsString() password!: string;
  }

  it('are kept out of errors, logs, progress and reports', async () => {
    const call: Call = (params, task) => {
      const { user, password } = params as Login;
      task.log(`login ${user} with ${password}`);
      task.progress(1, password);
      const cause = new Error(`bad ${password}`);
      throw new Error(`${user}: ${password} is wrong`, { cause });
    };
    const { run, logs, progress, reported } = setUp({ call, params: Login });
    const outcome = await run({ params: '{"user":"ann","password":"hunter-2-secret"}' });
    const all = JSON.stringify([outcome, logs, progress, reported]);
    expect(all).not.toContain('hunter-2');
    expect(logs).toEqual(['login ann with [sensitive]']);
    expect(outcome).toMatchObject({ error: { message: 'ann: [sensitive] is wrong' } });
    expect((outcome as { error: { stack: string } }).error.stack).toContain('Caused by: Error: bad [sensitive]');
  });

  it('are known in the form that the class gives them, too', async () => {
    class Encoded {
      @Sensitive() @Transform(({ value }) => atob(value as string), { toClassOnly: true }) token!: string;
    }
    const { run } = setUp({ call: (params) => throwing(new Error((params as Encoded).token))(), params: Encoded });
    const params = JSON.stringify({ token: btoa('hunter-2-secret') });
    expect(await run({ params })).toMatchObject({ error: { message: '[sensitive]' } });
  });

  it('are those that the stored task names, where the handler has no class', async () => {
    const { run } = setUp({ call: throwing(new Error('hunter-2-secret')) });
    const params = '{"password":"hunter-2-secret"}';
    expect(await run({ params, sensitive: ['password'] })).toMatchObject({ error: { message: '[sensitive]' } });
    expect(await run({ params })).toMatchObject({ error: { message: 'hunter-2-secret' } });
  });
});

describe('AttemptPipeline: a task with an expiry or a deadline', () => {
  const deadlineAt = START + 60_000;
  const isOver = {
    kind: 'failed',
    keepFor: DEFAULT_SETTINGS.retention.failed,
    maxAttempts: 1 + DEFAULT_SETTINGS.maxRetries,
    error: { name: 'DeadlineError', message: 'The task had not ended by its deadline, 2027-01-01T00:01:00.000Z' },
  };

  it('is not begun at its startBy, nor later, in its first attempt', async () => {
    let calls = 0;
    const { run } = setUp({ call: () => void (calls += 1), settings: { maxRetries: 2 } });
    const expired = {
      kind: 'cancelled',
      reason: 'expired',
      keepFor: DEFAULT_SETTINGS.retention.cancelled,
      maxAttempts: 3,
    };
    expect(await run({ traits: { startBy: START } })).toEqual(expired);
    expect(await run({ traits: { startBy: START - 1 }, name: 'nobody knows', maxAttempts: 3 })).toEqual(expired);
    expect(calls).toBe(0);
    expect(await run({ traits: { startBy: START + 1 } })).toMatchObject({ kind: 'completed' });
    expect(await run({ traits: { startBy: START - 1 }, attempt: 2 })).toMatchObject({ kind: 'completed' });
    expect(calls).toBe(2);
  });

  it('is not begun at its deadline, in whichever attempt', async () => {
    const { run, clock } = setUp({ call: throwing(new Error('not called')) });
    clock.set(deadlineAt);
    for (const attempt of [1, 3]) expect(await run({ attempt, traits: { deadlineAt } })).toMatchObject(isOver);
  });

  it('has its signal aborted at the deadline, and fails whatever it throws then', async () => {
    const reasons: unknown[] = [];
    for (const thrown of [
      null,
      new Error('stopped'),
      new RetryLater('1h'),
      new RetryLater('1s', { countsAttempt: false }),
    ]) {
      const { call, hasStarted } = started(async (task) => {
        await untilAborted(task).catch((reason: unknown) => {
          reasons.push(reason);
          throw (thrown ?? reason) as Error;
        });
      });
      const { run, clock } = setUp({ call, settings: { timeout: '2h' } });
      const outcome = run({ traits: { deadlineAt } });
      await hasStarted;
      clock.set(deadlineAt);
      expect(await outcome).toMatchObject(isOver);
      const { error } = (await outcome) as Outcome & { kind: 'failed' };
      if (thrown !== null) expect(error.stack).toContain(`Caused by: ${thrown.name}: ${thrown.message}`);
    }
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(DeadlineError);
      expect(reason).toMatchObject({ reason: 'deadline', deadlineAt });
    }
    expect(reasons).toHaveLength(4);
  });

  it('is left running and fails where it does not stop', async () => {
    const { call, hasStarted } = started(never);
    const { run, clock } = setUp({ call });
    const outcome = run({ traits: { deadlineAt } });
    await hasStarted;
    clock.set(deadlineAt);
    clock.advance(5_000);
    expect(await outcome).toMatchObject(isOver);
  });

  it('is not retried, whatever it asks for, where the deadline is over when it throws', async () => {
    const late = setUp({
      call: () => {
        late.clock.set(deadlineAt);
        throw new RetryLater('1s');
      },
      settings: { maxRetries: 3 },
    });
    expect(await late.run({ traits: { deadlineAt } })).toMatchObject({ kind: 'failed', error: isOver.error });
  });

  it('is cancelled where somebody cancelled it, although its deadline came', async () => {
    const { call, hasStarted } = started(untilAborted);
    const { run, clock, abortFor } = setUp({ call });
    const outcome = run({ traits: { deadlineAt } });
    await hasStarted;
    abortFor('cancelled');
    clock.set(deadlineAt);
    expect(await outcome).toMatchObject({ kind: 'cancelled' });
  });
});
