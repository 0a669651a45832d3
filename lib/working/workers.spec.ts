import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, type ResolvedConfig } from '../config/index.js';
import { InvalidArgumentError, type QueueDepth, TasksConfigError, UnknownQueueError } from '../contract/index.js';
import type { ConsumeOptions, Delivery, Outcome, RunTask } from '../engine/port/index.js';
import type { RegisteredHandler } from '../handlers/index.js';
import type { WorkOptions } from './work-options.js';
import { Workers } from './workers.js';

const GRACE = 60_000;

type QueueConfig = ResolvedConfig['queues'] extends ReadonlyMap<string, infer Config> ? Config : never;
type NamedHandler = Pick<RegisteredHandler, 'name' | 'aliases' | 'limit'>;

interface Site {
  readonly queues?: Readonly<Record<string, Partial<QueueConfig>>>;
  readonly handlers?: readonly NamedHandler[];
  readonly limits?: Readonly<Record<string, { readonly max: number; readonly per: number }>>;
  readonly grace?: number;
}

/** Frees what consumers still wait for when a test ends. */
const freed: Array<() => void> = [];
afterEach(() => {
  for (const free of freed.splice(0)) free();
});

/** Workers over an engine that writes down what is asked of it, and that a test answers for. */
function setUp({
  queues = { default: {}, other: {} },
  handlers = [{ name: 'work' }],
  limits = {},
  grace = GRACE,
}: Site) {
  const asked: string[] = [];
  const errors: string[] = [];
  const consumed: Array<ConsumeOptions & { queue: string; run: RunTask }> = [];
  const known = [...handlers];
  const firsts: Array<() => void> = [];
  const engine = {
    /** What the engine says to the next calls. */
    onConsume: async (): Promise<void> => undefined,
    onClose: async (): Promise<void> => undefined,
    depths: async (): Promise<QueueDepth[]> => [],
  };
  const workers = new Workers({
    engine: {
      delivering: {
        consume: async (queue: string, options: ConsumeOptions, run: RunTask) => {
          asked.push(`consume ${queue}`);
          await engine.onConsume();
          consumed.push({ ...options, queue, run });
          return {
            close: async (patience: number) => {
              asked.push(`close ${queue} ${patience}`);
              await engine.onClose();
            },
          };
        },
      },
      inspecting: { queues: () => engine.depths() },
    } as never,
    config: {
      queues: new Map(
        Object.entries(queues).map(([name, config]) => {
          return [name, { concurrency: 2, settings: DEFAULT_SETTINGS, rateLimit: null, ...config } as QueueConfig];
        }),
      ),
      limits: new Map(Object.entries(limits)),
      shutdownGrace: grace,
    },
    registry: {
      names: () => known.map(({ name }) => name),
      all: () => known as RegisteredHandler[],
      whenFirst: (tell) => void firsts.push(tell),
    },
    logger: { error: (message: string) => void errors.push(message) },
  });
  /** A handler is registered, as after a module that is loaded late. */
  const register = (handler: NamedHandler): void => {
    known.push(handler);
    for (const tell of firsts.splice(0)) tell();
  };
  return { workers, engine, asked, errors, consumed, register };
}

const completed = { kind: 'completed', keepFor: null, maxAttempts: 1 } as const;
const failed = { kind: 'failed', error: { name: 'Error', message: 'x' }, keepFor: null, maxAttempts: 1 } as const;
const runs: RunTask = async () => completed;

function depth(queue: string, available: number, paused = false): QueueDepth {
  return { queue, paused, counts: { available } as QueueDepth['counts'], oldestAvailableAt: null };
}

/** A promise that a test settles, and at its end at the latest. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => (open = resolve));
  freed.push(open);
  return { passed, open };
}

describe('Workers: starting', () => {
  it('consumes every queue once, with what its configuration says', async () => {
    const rateLimit = { max: 3, per: 1_000 };
    const settings = { ...DEFAULT_SETTINGS, priority: 7 };
    const { workers, consumed } = setUp({ queues: { default: {}, mails: { concurrency: 5, settings, rateLimit } } });
    workers.runBy(runs);
    await workers.start();
    await workers.start('mails');
    await workers.start();
    const own = { concurrency: 2, priority: DEFAULT_SETTINGS.priority, rateLimit: null, run: runs };
    expect(consumed).toEqual([
      { queue: 'default', ...own },
      { queue: 'mails', concurrency: 5, priority: 7, rateLimit, run: runs },
    ]);
  });

  it('consumes one queue alone where it is named, and none without workers', async () => {
    const { workers, asked } = setUp({ queues: { default: {}, other: {}, idle: { concurrency: 0 } } });
    workers.runBy(runs);
    await workers.start('other');
    expect(asked).toEqual(['consume other']);
    await workers.start();
    expect(asked).toEqual(['consume other', 'consume default']);
  });

  it('tells the engine of the limits that handlers name, by the names and aliases of their tasks', async () => {
    const site = {
      handlers: [{ name: 'mail', aliases: ['send'], limit: 'smtp' }, { name: 'free' }, { name: 'odd', limit: 'gone' }],
      limits: { smtp: { max: 2, per: 500 }, unused: { max: 1, per: 1 } },
    };
    const { workers, consumed } = setUp(site);
    workers.runBy(runs);
    await workers.start('default');
    const smtp = { name: 'smtp', max: 2, per: 500 };
    expect(consumed[0]!.limits).toEqual({ mail: smtp, send: smtp });

    const unlimited = setUp({ handlers: [{ name: 'free' }], limits: site.limits });
    unlimited.workers.runBy(runs);
    await unlimited.workers.start('default');
    expect(unlimited.consumed[0]).not.toHaveProperty('limits');
  });

  it('refuses a queue that there is none of, naming those that there are', async () => {
    const { workers, asked } = setUp({});
    workers.runBy(runs);
    for (const call of [workers.start('ohter'), workers.stop('ohter')]) {
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UnknownQueueError);
      expect((error as Error).message).toMatch(/"ohter".*default.*other/s);
    }
    expect(asked).toEqual([]);
  });

  it('is refused before the app has started, whichever way', async () => {
    const { workers } = setUp({});
    for (const [call, name] of [
      [workers.start(), 'start()'],
      [workers.work({ until: 'idle' }), 'work()'],
    ] as const) {
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TasksConfigError);
      expect((error as Error).message).toContain(`TaskDispatcher.${name} was called before the app had started`);
      expect((error as Error).message).toContain('Call it after app.init() or app.listen()');
    }
  });

  it('runs tasks by what it was told first', async () => {
    const { workers, consumed } = setUp({});
    workers.runBy(runs);
    workers.runBy(async () => failed);
    await workers.start('default');
    expect(consumed[0]!.run).toBe(runs);
  });
});

describe('Workers: a process without handlers', () => {
  it('takes nothing until it has one', async () => {
    const { workers, asked, register } = setUp({ handlers: [] });
    workers.runBy(runs);
    await workers.start('other');
    expect(asked).toEqual([]);
    register({ name: 'late' });
    await workers.stop('default'); // behind what registering set off
    expect(asked).toEqual(['consume other']);
  });

  it('says so where the workers cannot be started then', async () => {
    const { workers, engine, errors, register } = setUp({ handlers: [] });
    workers.runBy(runs);
    await workers.start();
    engine.onConsume = async () => {
      throw new Error('the disk is full');
    };
    register({ name: 'late' });
    await workers.stop();
    await Promise.resolve();
    expect(errors).toEqual(['Could not start the workers: the disk is full']);
  });

  it('does not begin after it was closed', async () => {
    const { workers, asked, register } = setUp({ handlers: [] });
    workers.runBy(runs);
    await workers.start();
    await workers.close();
    register({ name: 'late' });
    await workers.stop();
    expect(asked).toEqual([]);
  });
});

describe('Workers: stopping', () => {
  it('closes what it consumed with the grace of the shutdown, once, and can begin again', async () => {
    const { workers, asked } = setUp({});
    workers.runBy(runs);
    await workers.start();
    await workers.stop('other');
    await workers.stop();
    await workers.stop();
    await workers.start('other');
    expect(asked).toEqual([
      'consume default',
      'consume other',
      `close other ${GRACE}`,
      `close default ${GRACE}`,
      'consume other',
    ]);
  });

  it('drains all of it within what it is given, and tells whether all ended by itself', async () => {
    const { workers, engine, asked } = setUp({});
    workers.runBy(runs);
    expect(await workers.drain({ timeout: 0 })).toBe(true);
    await workers.start();
    expect(await workers.drain({ timeout: '2m' })).toBe(true);
    expect(asked.slice(2)).toEqual(['close default 120000', 'close other 120000']);

    await workers.start('default');
    engine.onClose = async () => {
      await sleep(50);
      asked.push('closed');
    };
    expect(await workers.drain({ timeout: 1 })).toBe(false);
    // It is late, and waits all the same for what the engine does with what it aborted.
    expect(asked.at(-1)).toBe('closed');
  });

  it('drains within the grace of the shutdown where nothing else is said, and never longer than a timer can be', async () => {
    const { workers, asked } = setUp({});
    workers.runBy(runs);
    for (const options of [{}, { timeout: undefined }, undefined, { timeout: '100w' }] as const) {
      await workers.start('default');
      await workers.drain(options as object);
    }
    const closed = asked.filter((call) => call.startsWith('close'));
    expect(closed).toEqual([...Array<string>(3).fill(`close default ${GRACE}`), `close default ${2 ** 31 - 1}`]);
  });

  it('refuses options that it does not have', async () => {
    const { workers } = setUp({});
    const error = await workers.drain({ within: 1 } as object).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({ field: 'within', message: 'There is no option "within". Known: timeout.' });
    await expect(workers.drain({ timeout: 'soon' })).rejects.toThrow(/timeout/);
  });

  it('carries out one call after the other, also after one that failed', async () => {
    const { workers, engine, asked } = setUp({});
    workers.runBy(runs);
    engine.onConsume = async () => {
      throw new Error('away');
    };
    const refused = workers.start('default');
    await expect(refused).rejects.toThrow('away');
    const { passed, open } = gate();
    engine.onConsume = () => passed;
    const starting = workers.start('default');
    const stopping = workers.stop();
    open();
    await Promise.all([starting, stopping]);
    expect(asked).toEqual(['consume default', 'consume default', `close default ${GRACE}`]);
  });

  it('stops for good when it is closed, however often', async () => {
    const { workers, asked } = setUp({});
    workers.runBy(runs);
    await workers.start();
    await Promise.all([workers.close(), workers.close()]);
    await workers.close();
    await workers.start();
    expect(asked.slice(2)).toEqual([`close default ${GRACE}`, `close other ${GRACE}`]);
  });
});

describe('Workers: working until nothing is due', () => {
  const untilIdle: WorkOptions = { until: 'idle' };

  it('counts what ended here, and what failed for good', async () => {
    const { workers, engine, consumed } = setUp({});
    const outcomes: Array<Outcome | Error> = [completed, failed, new Error('not to be'), completed];
    workers.runBy(async () => {
      const next = outcomes.shift()!;
      if (next instanceof Error) throw next;
      return next;
    });
    engine.depths = async () => {
      while (outcomes.length > 0) await consumed[0]!.run({} as Delivery).catch(() => undefined);
      return [depth('default', 0)];
    };
    expect(await workers.work(untilIdle)).toEqual({ idle: true, ran: 4, failed: 1 });
  });

  it('stops when it is done, and may work again', async () => {
    const { workers, asked } = setUp({ queues: { default: {} } });
    workers.runBy(runs);
    expect(await workers.work(untilIdle)).toEqual({ idle: true, ran: 0, failed: 0 });
    expect(await workers.work(untilIdle)).toEqual({ idle: true, ran: 0, failed: 0 });
    expect(asked).toEqual(['consume default', `close default ${GRACE}`, 'consume default', `close default ${GRACE}`]);
  });

  it('goes on while a queue of its own has a task that is due, and takes no account of others', async () => {
    const { workers, engine } = setUp({ queues: { default: {}, idle: { concurrency: 0 } } });
    workers.runBy(runs);
    let looks = 0;
    engine.depths = async () => {
      looks += 1;
      return [depth('idle', 9), depth('foreign', 9), depth('default', [2, 0, 1, 0, 0][looks - 1]!)];
    };
    expect(await workers.work(untilIdle)).toMatchObject({ idle: true });
    expect(looks).toBe(5);
  });

  it('looks again twice after a task that came and ended between two looks', async () => {
    const { workers, engine, consumed } = setUp({});
    workers.runBy(runs);
    let looks = 0;
    engine.depths = async () => {
      looks += 1;
      if (looks === 1) setImmediate(() => void consumed[0]!.run({} as Delivery));
      return [];
    };
    expect(await workers.work(untilIdle)).toEqual({ idle: true, ran: 1, failed: 0 });
    expect(looks).toBe(3);
  });

  it('does not wait for a queue that is paused', async () => {
    const { workers, engine } = setUp({});
    workers.runBy(runs);
    engine.depths = async () => [depth('default', 3, true), depth('other', 0)];
    expect(await workers.work({ until: 'idle', timeout: '1h' })).toMatchObject({ idle: true });
  });

  it('does not end while a task is at work, whatever the store says', async () => {
    const { workers, engine, consumed } = setUp({});
    workers.runBy(async () => {
      await sleep(400);
      return completed;
    });
    let looks = 0;
    engine.depths = async () => {
      looks += 1;
      if (looks === 1) void consumed[0]!.run({} as Delivery);
      return [];
    };
    expect(await workers.work(untilIdle)).toEqual({ idle: true, ran: 1, failed: 0 });
  });

  it('ends when its time is over, with what was done by then', async () => {
    const { workers, engine, asked } = setUp({ queues: { default: {} } });
    workers.runBy(runs);
    engine.depths = async () => [depth('default', 1)];
    expect(await workers.work({ until: 'idle', timeout: 30 })).toEqual({ idle: false, ran: 0, failed: 0 });
    expect(await workers.work({ until: 'idle', timeout: 0 })).toEqual({ idle: false, ran: 0, failed: 0 });
    expect(asked.filter((call) => call.startsWith('close'))).toHaveLength(2);
  });

  it('ends when the app is closed', async () => {
    const { workers, engine } = setUp({});
    workers.runBy(runs);
    const closing: Promise<void>[] = [];
    engine.depths = async () => {
      closing.push(workers.close());
      return [depth('default', 1)];
    };
    expect(await workers.work(untilIdle)).toMatchObject({ idle: false });
    await Promise.all(closing);
  });

  it('stops the workers also where the store does not answer', async () => {
    const { workers, engine, asked } = setUp({ queues: { default: {} } });
    workers.runBy(runs);
    engine.depths = async () => {
      throw new Error('away');
    };
    await expect(workers.work(untilIdle)).rejects.toThrow('away');
    expect(asked).toEqual(['consume default', `close default ${GRACE}`]);
  });

  it('is refused where the workers have started', async () => {
    const { workers, asked } = setUp({});
    workers.runBy(runs);
    await workers.start('other');
    const error = await workers.work(untilIdle).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({ field: 'until', message: expect.stringContaining('"autoStart: false"') as string });
    expect((error as Error).message).toMatch(/have started, and go on when nothing is due.* when work\(\) is called/s);
    expect(asked).toEqual(['consume other']);
  });

  it.each([
    [{ until: 'tired' }, { field: 'until', message: 'until must be "idle": work({ until: "idle" }).' }],
    [undefined, { field: 'until' }],
    [
      { until: 'idle', within: 3 },
      { field: 'within', message: 'There is no option "within". Known: until, timeout.' },
    ],
    [{ until: 'idle', timeout: 'soon' }, { field: 'timeout' }],
  ])('refuses %j', async (options, error) => {
    const { workers, asked } = setUp({});
    workers.runBy(runs);
    await expect(workers.work(options as never)).rejects.toMatchObject(error);
    expect(asked).toEqual([]);
  });
});
