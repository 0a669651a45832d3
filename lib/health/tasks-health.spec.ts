import { afterEach, describe, expect, it } from 'vitest';
import { attemptChannel, traceAttempt } from '../channels/index.js';
import { ManualClock, monotonicTime, sleep } from '../clock/index.js';
import { StoreError } from '../contract/index.js';
import { TasksHealth, WorkPhase } from './index.js';

const START = Date.UTC(2026, 0, 1);
const IDLE = { queue: 'default', paused: false, foreign: false, rateLimit: null, concurrency: 2 };
const DUE = { ...IDLE, flow: null, counts: { available: 3, running: 0 }, oldestAvailableAt: START - 60_000 };

/** What the engine tells of limits, slots and pauses. */
interface Held {
  readonly flow?: object;
  /** Of the queue, and of the limit `stripe`, where that is there. */
  readonly own?: object;
  readonly shared?: object;
  readonly pauses?: readonly object[];
}

const PLACE = { used: 0, max: 1, closedUntil: null, waiting: 0 };

function setUp(
  stats: () => Promise<unknown>,
  write: () => Promise<void> = async () => undefined,
  { flow = {}, own = PLACE, shared, pauses = [] }: Held = {},
) {
  const phase = new WorkPhase();
  phase.begin();
  const health = new TasksHealth({
    config: {
      name: 'default',
      clock: new ManualClock(START),
      autoStart: true,
      limits: new Map(shared ? [['stripe', { max: 1, per: 1 }]] : []),
    },
    operations: { queues: { stats: stats as never } },
    engine: {
      enqueueing: { noteSensitive: write },
      delivering: {},
      keying: { keys: async () => ({ flow }) } as never,
      limiting: {
        limits: async () => [{ kind: 'queue', ...own }, ...(shared ? [{ kind: 'shared', ...shared }] : [])],
        pauses: async () => pauses,
      } as never,
    },
    phase,
  });
  cleanups.push(() => health.onApplicationShutdown());
  return { health, phase };
}

const cleanups: Array<() => void> = [];
const never = () => new Promise<never>(() => undefined);

describe('TasksHealth', () => {
  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
    expect(attemptChannel.hasSubscribers).toBe(false);
  });

  it('lives where nothing is due, and where what is due is begun', async () => {
    const { health } = setUp(async () => [{ ...IDLE, counts: { available: 0 }, oldestAvailableAt: null }]);
    expect(await health.live({ stuck: 0, blocked: '1h' })).toEqual({ ok: true, problems: [] });
    expect(health.indicator(await health.live({ stuck: 0, blocked: '1h' }))).toEqual({ tasks: { status: 'up' } });
    const busy = setUp(async () => [DUE]);
    await busy.health.live({ stuck: '1h', blocked: '1h' });
    const task = { id: '1', queue: 'default', name: 'a', attempt: 1, createdAt: 0, runAt: 0 };
    await traceAttempt(
      { store: 'default', task },
      async () => undefined,
      () => undefined,
    );
    expect(await busy.health.live({ stuck: '1h', blocked: '1h' })).toMatchObject({ ok: true });
  });

  it('does not live where the event loop stood still since the last call, and does again after that', async () => {
    const { health } = setUp(async () => []);
    await health.live();
    const until = monotonicTime() + 600;
    while (monotonicTime() < until);
    expect(await health.live({ blocked: 100 })).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^The event loop stood still for 0?\.?\d+/) as string],
    });
    expect(await health.live({ blocked: '1h' })).toMatchObject({ ok: true });
  });

  it('does not live where the store hangs, or has been away, for too long', async () => {
    const hanging = setUp(never).health;
    expect(await hanging.live({ timeout: 10, stuck: '1h', blocked: '1h' })).toMatchObject({ ok: true });
    expect(await hanging.live({ timeout: 10, stuck: 1, blocked: '1h' })).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^The store has not answered for .* it took longer than 0 s\.$/) as string],
    });
    let isAway = true;
    const { health } = setUp(async () => {
      if (isAway) throw new StoreError('Redis at localhost:6379 is away.');
      return [];
    });
    await health.live({ stuck: '1h', blocked: '1h' });
    await sleep(2);
    expect(await health.live({ stuck: 1, blocked: '1h' })).toMatchObject({
      problems: [expect.stringContaining('Redis at localhost:6379 is away.') as string],
    });
    isAway = false;
    expect(await health.live({ stuck: 1, blocked: '1h' })).toMatchObject({ ok: true });
  });

  it('does not live where work is due and workers are free, and nothing is begun', async () => {
    const { health, phase } = setUp(async () => [DUE]);
    await health.live({ stuck: '1h', blocked: '1h' });
    await sleep(5);
    expect(await health.live({ stuck: 1, blocked: '1h' })).toEqual({
      ok: false,
      problems: [
        'Queue "default" has 3 due tasks and 2 workers here, of which some are free, and none of them has begun one for too long.',
      ],
    });
    phase.end();
    expect(await health.live({ stuck: 1, blocked: '1h' })).toMatchObject({ ok: true });
  });

  interface Case {
    readonly where: string;
    readonly lives: boolean;
    readonly change?: object;
    readonly by?: Held;
  }

  it.each<Case>([
    { where: 'it is paused', lives: true, change: { paused: true } },
    { where: 'it has no workers here', lives: true, change: { concurrency: 0 } },
    { where: 'it is of other code', lives: true, change: { foreign: true } },
    { where: 'what is due has come a moment ago', lives: true, change: { oldestAvailableAt: START } },
    {
      where: 'its rate limit is used up',
      lives: true,
      change: { rateLimit: { max: 1, per: 1 } },
      by: { own: { ...PLACE, used: 1 } },
    },
    { where: 'its rate limit has a place', lives: false, change: { rateLimit: { max: 1, per: 1 } } },
    { where: 'it was told to wait', lives: true, by: { own: { ...PLACE, closedUntil: START + 1 } } },
    { where: 'it was told to wait, and has', lives: false, by: { own: { ...PLACE, closedUntil: START } } },
    {
      where: 'all slots over all processes are taken',
      lives: true,
      change: { counts: { available: 3, running: 1 } },
      by: { flow: { globalConcurrency: 1 } },
    },
    { where: 'a slot over all processes is free', lives: false, by: { flow: { globalConcurrency: 1 } } },
    { where: 'others of its keys are held', lives: false, by: { flow: { keyConcurrency: 1, fair: true } } },
    { where: 'all wait for a limit', lives: true, by: { shared: { ...PLACE, waiting: 3 } } },
    { where: 'some wait for a limit', lives: false, by: { shared: { ...PLACE, waiting: 2 } } },
    {
      where: 'all are paused or wait',
      lives: true,
      by: { shared: { ...PLACE, waiting: 2 }, pauses: [{ waiting: 1 }] },
    },
  ])('with work that is due and free workers, where $where: lives: $lives', async ({ lives, change, by }) => {
    const { health } = setUp(async () => [{ ...DUE, ...change }], undefined, by);
    await health.live({ stuck: '1h', blocked: '1h' });
    await sleep(5);
    expect(await health.live({ stuck: 1, blocked: '1h' })).toMatchObject({ ok: lives });
  });

  it('is ready while its workers work and the store takes what is written', async () => {
    let write: () => Promise<void> = async () => undefined;
    const { health, phase } = setUp(
      async () => [],
      () => write(),
    );
    expect(await health.ready()).toEqual({ ok: true, problems: [] });
    write = () => Promise.reject(new StoreError('The disk is full.'));
    expect(health.indicator(await health.ready(), 'jobs')).toEqual({
      jobs: { status: 'down', problems: ['The store takes nothing: The disk is full.'] },
    });
    write = never;
    expect(await health.ready({ timeout: 5 })).toMatchObject({ ok: false });
    write = async () => undefined;
    phase.end();
    phase.begin();
    expect(await health.ready()).toEqual({ ok: false, problems: ['The app is shutting down.'] });
  });

  it('checks how long due tasks wait', async () => {
    const { health } = setUp(async () => [DUE, { ...DUE, queue: 'mail', oldestAvailableAt: START - 600_000 }]);
    expect(await health.check({ latency: '5m' })).toEqual({
      ok: false,
      problems: ['The oldest due task of queue "mail" has waited for 600 s.'],
    });
    expect(await health.check({ latency: '5m', queues: ['default'] })).toMatchObject({ ok: true });
    const away = setUp(never).health;
    expect(await away.check({ latency: '5m', timeout: 5 })).toMatchObject({ ok: false });
  });
});
