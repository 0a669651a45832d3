import { describe, expect, it } from 'vitest';
import { noTasks, type OutboxDepth, type UnhandledKind, type StateCounts } from '../contract/index.js';
import type { QueueStats } from '../operations/index.js';
import { findProblems } from './find-problems.js';
import type { CronSituation } from './problem.js';

const NOW = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;

interface Given extends Partial<StateCounts> {
  readonly queue?: string;
  readonly workers?: number;
  /** A minute. */
  readonly done?: number;
  readonly broken?: number;
  /** How long the oldest has waited, in milliseconds. */
  readonly oldest?: number;
  readonly paused?: boolean;
  readonly foreign?: boolean;
  readonly limited?: boolean;
  /** How long its running tasks have run. */
  readonly busyFor?: number;
}

interface Around {
  readonly crons?: readonly CronSituation[];
  readonly outbox?: readonly OutboxDepth[];
  readonly unhandled?: readonly UnhandledKind[];
  /** No process is alive. */
  readonly deserted?: boolean;
  readonly pausedBy?: string | null;
  readonly logBytes?: number;
}

const queueOf = ({ queue = 'emails', workers = 2, done = 0, broken = 0, ...given }: Given): QueueStats =>
  ({
    queue,
    counts: { ...noTasks(), ...given },
    paused: given.paused ?? false,
    oldestAvailableAt: given.oldest === undefined ? null : NOW - given.oldest,
    workers,
    rates: { completedPerMinute: done, failedPerMinute: broken },
    rateLimit: given.limited ? { max: 100, per: MINUTE } : null,
    foreign: given.foreign ?? false,
  }) as QueueStats;

function found(
  queues: readonly Given[],
  { crons = [], outbox = [], unhandled = [], deserted, pausedBy, logBytes = 0 }: Around = {},
): string[] {
  const running = queues.flatMap(({ queue = 'emails', running: busy = 0, busyFor = 0 }) =>
    Array.from({ length: busy }, (_, n) => ({
      id: `${queue} ${n}`,
      queue,
      name: 'work',
      attempt: 1,
      startedAt: NOW - busyFor,
    })),
  );
  const worker = { id: 'w', host: 'h', pid: 1, startedAt: 0, queues: {}, running, self: true };
  return findProblems({
    now: NOW,
    queues: queues.map(queueOf),
    workers: deserted ? [] : [worker],
    outbox,
    crons,
    condition: { logBytes, unhandled },
    pausedBy: new Map(pausedBy === undefined ? [] : [['emails', { who: pausedBy, at: NOW - 9 * MINUTE }]]),
  }).map(({ severity, text }) => `${severity}: ${text}`);
}

const cron = (states: readonly string[], more: Partial<CronSituation> = {}): CronSituation => ({
  name: 'nightly',
  paused: false,
  disabled: false,
  nextRunAt: NOW + MINUTE,
  lastRuns: states.map((state) => ({ state })),
  ...more,
});

const SITUATIONS: Array<[what: string, queues: readonly Given[], told: readonly string[], around?: Around]> = [
  // Nothing to be told.
  ['no queues at all', [], []],
  ['an idle system', [{}], []],
  [
    'an idle system without a process, with nothing kept for later',
    [{ workers: 0, completed: 900 }],
    [],
    { deserted: true },
  ],
  ['work that flows', [{ done: 6_000, running: 2, available: 40, oldest: 500 }], []],
  ['one failure in five minutes on an idle system', [{ broken: 0.2 }], []],
  ['two failures in five minutes on an idle system', [{ broken: 0.4 }], []],
  ['four failures of a hundred', [{ done: 19.2, broken: 0.8 }], []],
  ['a queue that just got its first tasks', [{ available: 90, oldest: 900 }], []],
  ['a queue whose backlog is done within minutes', [{ available: 5_000, oldest: 9_000, done: 1_000 }], []],
  ['a paused queue in which nothing waits', [{ paused: true, scheduled: 3 }], []],
  ['long tasks on some of the workers', [{ running: 1, workers: 2, busyFor: 60 * MINUTE }], []],
  ['busy workers, one of which began lately', [{ queue: 'a', running: 2, busyFor: MINUTE }], []],
  ['a few retries beside much work', [{ retryable: 60, done: 600 }], []],
  [
    'a queue of another program that nobody works on',
    [{ foreign: true, workers: 0, available: 9_000, oldest: MINUTE * 60 }],
    [],
  ],
  ['scheduled tasks of a queue without workers, while a process is alive', [{ workers: 0, scheduled: 4 }], []],
  ['an outbox that was just filled', [{}], [], { outbox: [{ queue: 'emails', waiting: 3, oldestAt: NOW - 2_000 }] }],
  [
    'crons that go well, fail now and then, or are paused',
    [{}],
    [],
    {
      crons: [
        cron(['completed']),
        cron(['failed', 'failed', 'completed']),
        cron(['failed', 'failed', 'failed'], { paused: true }),
      ],
    },
  ],
  // What a person on call would be told wrongly by one sentence.
  [
    'a queue that fails beside one that works a hundred times as much',
    [{ queue: 'payments', broken: 60 }, { done: 6_000 }],
    ['bad: payments: 100 % failing (300 of 300 in 5 min)'],
  ],
  [
    'thousands that wait for a retry',
    [{ retryable: 5_000, done: 10 }],
    ['bad: emails: 5,000 tasks waiting for a retry, 50 completed in 5 min'],
  ],
  [
    'workers that are all stuck',
    [{ running: 2, workers: 2, busyFor: 7 * MINUTE }],
    ['warn: emails: all 2 workers have been busy for 7m and nothing ended'],
  ],
  [
    'half a million that wait, none of them for long yet',
    [{ available: 500_000, oldest: 59_000, done: 1_000 }],
    ['warn: emails: 500,000 tasks waiting, 8h 20m of work at 1,000 a minute'],
  ],
  [
    'no process alive, and nothing due yet',
    [{ workers: 0, scheduled: 12 }],
    ['bad: No process is alive: 12 for later'],
    { deserted: true },
  ],
  [
    'several queues that nobody works on: the fullest first',
    [
      { queue: 'a', workers: 0, available: 3, oldest: 900 },
      { queue: 'z', workers: 0, available: 100_000, oldest: 2 * MINUTE },
    ],
    [
      'bad: No process works on z: 100,000 tasks waiting, the oldest for 2m',
      'bad: No process works on a: 3 tasks waiting',
    ],
  ],
  [
    'four things at once, in their order',
    [
      { queue: 'idle', workers: 0, available: 1, oldest: 900 },
      { queue: 'late', available: 9, oldest: 150_000, done: 1 },
      { queue: 'sick', done: 90, broken: 10 },
      { queue: 'dead', done: 0.4, broken: 1 },
    ],
    [
      'bad: No process works on idle: 1 task waiting',
      'bad: dead: 71 % failing (5 of 7 in 5 min)',
      'warn: sick: 10 % failing (50 of 500 in 5 min)',
      'warn: late is behind: 9 tasks waiting, the oldest for 2m 30s',
    ],
  ],
  // More of its kind.
  [
    'no process alive and much to do: said once',
    [
      { workers: 0, available: 7, oldest: 9 * MINUTE },
      { queue: 'b', workers: 0, running: 2, retryable: 1 },
    ],
    ['bad: No process is alive: 7 tasks waiting, 2 left running, 1 for later'],
    { deserted: true },
  ],
  [
    'stuck workers with more waiting: bad, and not said to be behind as well',
    [{ running: 1, workers: 1, busyFor: 10 * MINUTE, available: 5, oldest: 10 * MINUTE }],
    ['bad: emails: its worker has been busy for 10m and nothing ended, 5 waiting'],
  ],
  [
    'a queue an hour behind',
    [{ available: 4, oldest: 60 * MINUTE, done: 2 }],
    ['bad: emails is behind: 4 tasks waiting, the oldest for 1h'],
  ],
  [
    'a queue that its rate limit holds',
    [{ available: 400, oldest: 4 * MINUTE, done: 100, limited: true }],
    ['warn: emails is behind: 400 tasks waiting, the oldest for 4m; its rate limit is 100 in 1m'],
  ],
  [
    'a queue that somebody paused',
    [{ paused: true, available: 14, oldest: 9_000 }],
    ['warn: emails was paused by ada 9m ago: 14 tasks waiting'],
    { pausedBy: 'ada' },
  ],
  [
    'a queue that was paused in code',
    [{ paused: true, available: 1, workers: 0 }],
    ['warn: emails was paused: 1 task waiting'],
  ],
  [
    'a queue paused by whom nobody knows',
    [{ paused: true, available: 2 }],
    ['warn: emails was paused by hand 9m ago: 2 tasks waiting'],
    { pausedBy: null },
  ],
  ['three of three that fail', [{ broken: 0.6 }], ['bad: emails: 100 % failing (3 of 3 in 5 min)']],
  [
    'nearly all that fail: never 100 %',
    [{ done: 0.2, broken: 100 }],
    ['bad: emails: over 99 % failing (500 of 501 in 5 min)'],
  ],
  [
    'a paused queue whose last tasks failed',
    [{ paused: true, available: 3, broken: 2 }],
    ['bad: emails: 100 % failing (10 of 10 in 5 min)', 'warn: emails was paused: 3 tasks waiting'],
  ],
  [
    'retries that pile up slowly',
    [{ retryable: 80, done: 10 }],
    ['warn: emails: 80 tasks waiting for a retry, 50 completed in 5 min'],
  ],
  [
    'a task that nobody handles',
    [{ scheduled: 7 }],
    ['bad: Nobody handles mail: 7 tasks of emails waiting for 10m'],
    { unhandled: [{ queue: 'emails', name: 'mail', since: NOW - 10 * MINUTE, tasks: 7 }] },
  ],
  [
    'a task whose handler may be about to come',
    [{ scheduled: 7 }],
    [],
    { unhandled: [{ queue: 'emails', name: 'mail', since: NOW - 2_000, tasks: 7 }] },
  ],
  [
    'an outbox that is not handed over',
    [{}],
    ['bad: Outbox: 3 tasks of emails not handed over for 2m'],
    { outbox: [{ queue: 'emails', waiting: 3, oldestAt: NOW - 2 * MINUTE }] },
  ],
  [
    'an outbox with what the store refused',
    [{}],
    ['bad: Outbox: the store refused 1 task of emails'],
    { outbox: [{ queue: 'emails', waiting: 1, oldestAt: NOW - 90 * MINUTE, setAside: 1 }] },
  ],
  [
    'a cron whose runs all fail',
    [{}],
    ['warn: Cron nightly: the last 4 runs failed'],
    { crons: [cron(['failed', 'failed', 'retryable', 'failed', 'failed', 'completed'])] },
  ],
  [
    'a cron that nobody runs',
    [{}],
    ['warn: Cron nightly is 5m late'],
    { crons: [cron([], { nextRunAt: NOW - 5 * MINUTE })] },
  ],
  ['a log that is as long as it may be', [{}], [], { logBytes: 128 * 1024 ** 2 }],
  [
    'a log that a long reader keeps from beginning anew',
    [{}],
    ['warn: The log of the store has grown to 864 MiB: somebody keeps it from beginning anew'],
    { logBytes: 864 * 1024 ** 2 },
  ],
];

describe('findProblems', () => {
  it.each(SITUATIONS)('%s', (_what, queues, told, around?: Around) => {
    expect(found(queues, around)).toEqual(told);
  });

  it('leads to where each can be looked at', () => {
    const queues = [
      { queue: 'a', workers: 0, available: 1 },
      { queue: 'b', broken: 9 },
    ].map(queueOf);
    const worker = { id: 'w', host: 'h', pid: 1, startedAt: 0, queues: {}, running: [], self: true };
    const problems = findProblems({
      now: NOW,
      queues,
      workers: [worker],
      outbox: [],
      crons: [],
      condition: { logBytes: null, unhandled: [] },
      pausedBy: new Map(),
    });
    expect(problems.map(({ place, queue, kind }) => ({ place, queue, kind }))).toEqual([
      { place: { page: 'tasks', state: 'available', queue: 'a' }, queue: 'a', kind: 'unmanned' },
      { place: { page: 'errors', queue: 'b' }, queue: 'b', kind: 'failing' },
    ]);
  });
});
