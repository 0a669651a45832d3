import { describe, expect, it } from 'vitest';
import type { AttemptOutcome, TaskState } from '../../lib/contract/index.js';
import { check, type Rule } from './checker.js';
import { buildHistory, type StoredTask, type StoreTraits } from './history.js';
import type { Asked, Entry } from './ledger.js';
import { QUEUE_OF, TICK } from './process/setup.js';

/** Microseconds for which a fault's consequences may still show. */
const SLACK = 1_000;
const SECOND = 1_000_000;
const MAX_LOST_ATTEMPTS = 5;
/** What the machine's clock says at the beginning, in milliseconds. */
const NOON = Date.UTC(2027, 0, 1, 12);

const paramsOf = (task: string) => JSON.stringify({ key: task });
const asked = (task: string, more: Partial<Asked> = {}): Asked => ({
  name: 'quick',
  params: paramsOf(task),
  priority: 0,
  dueAt: null,
  ...more,
});
const failing = (failures: number, retries: number): Partial<Asked> => ({
  name: 'fail',
  params: JSON.stringify({ key: 'a', failures, retries, ms: 0 }),
});
const acknowledged = (at: number, task = 'a', more: Partial<Asked> = {}): Entry => ({
  event: 'acknowledged',
  at,
  from: at,
  task,
  asked: asked(task, more),
  relayed: false,
  process: 'producer',
});
const start = (
  at: number,
  process: string,
  attempt = 1,
  task = 'a',
  more: Partial<Entry & { event: 'start' }> = {},
): Entry => ({
  event: 'start',
  at,
  task,
  attempt,
  process,
  name: 'quick',
  params: paramsOf(task),
  clock: NOON + at / 1_000,
  ...more,
});
const end = (
  at: number,
  process: string,
  attempt = 1,
  how: 'done' | 'threw' | 'aborted' = 'done',
  task = 'a',
): Entry => ({
  event: 'end',
  at,
  task,
  attempt,
  how,
  process,
});
const clock = (process: string, at = 0, offset = 0): Entry => ({
  event: 'clock',
  at,
  now: NOON + at / 1_000,
  offset,
  process,
});
const booted = (at: number, process: string): Entry => ({ event: 'booted', at, from: at, works: true, process });
const gone = (at: number, process: string): Entry => ({ event: 'gone', at, process, how: 'killed' });
const terminated = (at: number, process: string): Entry => ({ event: 'gone', at, process, how: 'terminated' });
const cancelled = (at: number, task = 'a'): Entry[] => [
  { event: 'cancelling', at, task, process: 'p' },
  { event: 'cancelled', at: at + 1, task, process: 'p' },
];
const stopped = (at: number, until: number, process: string): Entry => ({
  event: 'fault',
  at,
  until,
  fault: 'stop',
  process,
});
const stored = (state: TaskState, outcomes: AttemptOutcome[], more: Partial<StoredTask> = {}): StoredTask => {
  const { id = 'a', name = 'quick' } = more;
  return {
    id,
    name,
    queue: name === TICK ? 'fast' : QUEUE_OF[name as keyof typeof QUEUE_OF],
    params: paramsOf(id),
    priority: 0,
    state,
    runAt: 0,
    attempt: outcomes.length,
    attempts: outcomes.map((outcome, index) => ({ attempt: index + 1, worker: 'w', outcome })),
    ...more,
  };
};
/** One that is asked for, run and completed by `process`. */
const whole = (task: string, ...[at, begin, process]: [number, number, string]): [Entry[], StoredTask] => [
  [acknowledged(at, task), start(begin, process, 1, task), end(begin + 1, process, 1, 'done', task)],
  stored('completed', ['completed'], { id: task }),
];
const ticks = (...seconds: number[]): [Entry[], StoredTask[]] => [
  seconds.flatMap((second, index) => {
    const tick = { name: TICK, params: null, clock: NOON + second * 1_000 };
    const at = second * SECOND;
    return [start(at, 'one', 1, `tick${index}`, tick), end(at + 1, 'one', 1, 'done', `tick${index}`)];
  }),
  seconds.map((second, index) =>
    stored('completed', ['completed'], {
      id: `tick${index}`,
      name: TICK,
      params: '{}',
      runAt: NOON + second * 1_000,
    }),
  ),
];
const poison = (losses: number, called = losses): [Entry[], AttemptOutcome[]] => {
  const runs = Array.from({ length: called }, (_, index) => {
    const run = start(2 * index + 2, `one${index}`, index + 1, 'a', { name: 'poison' });
    return [run, gone(2 * index + 3, `one${index}`)];
  });
  return [[acknowledged(1, 'a', { name: 'poison' }), ...runs.flat()], Array<AttemptOutcome>(losses).fill('lost')];
};

const AT_HAND: StoreTraits = {
  isRemote: false,
  lease: 1_000,
  maxLostAttempts: MAX_LOST_ATTEMPTS,
  deletesInTime: true,
  pausedAt: NOON + 1_000_000,
  readAt: 60 * SECOND,
};

interface Story {
  readonly entries: readonly Entry[];
  readonly tasks: readonly StoredTask[];
  readonly traits?: Partial<StoreTraits>;
}

function story(entries: Entry[], tasks: StoredTask[], traits: Partial<StoreTraits> = {}): Story {
  return { entries, tasks, traits };
}

function rules({ entries, tasks, traits }: Story): Rule[] {
  const inOrder = [clock('producer'), ...entries].toSorted((one, other) => one.at - other.at);
  const found = check(buildHistory(inOrder, tasks, SLACK, { ...AT_HAND, ...traits }));
  return [...new Set(found.map(({ rule }) => rule))];
}

const COMPLETED = stored('completed', ['completed']);

describe('the check finds nothing wrong with', () => {
  const fine: [what: string, Story][] = [
    ['a task that completes', story([acknowledged(1), start(2, 'one'), end(3, 'one')], [COMPLETED])],
    [
      'a task that is run again after its process was killed',
      story(
        [acknowledged(1), start(2, 'one'), gone(3, 'one'), start(4, 'two', 2), end(5, 'two', 2)],
        [stored('completed', ['lost', 'completed'])],
      ),
    ],
    [
      'one that was done and not stored when its process was killed',
      story(
        [acknowledged(1), start(2, 'one'), end(3, 'one'), gone(4, 'one'), start(5, 'two', 2), end(6, 'two', 2)],
        [stored('completed', ['lost', 'completed'])],
      ),
    ],
    [
      'a handler that ends in a process that was stopped, after another took the task',
      story(
        [acknowledged(1), start(2, 'one'), start(5, 'two', 2), end(6, 'two', 2), end(7, 'one'), stopped(3, 7, 'one')],
        [stored('completed', ['lost', 'completed'])],
      ),
    ],
    [
      'a stale attempt that begins when its process wakes up',
      story(
        [acknowledged(1), stopped(2, 5, 'one'), start(4, 'two', 2), start(5, 'one'), end(6, 'one'), end(7, 'two', 2)],
        [stored('completed', ['lost', 'completed'])],
      ),
    ],
    [
      'a task that fails after all its retries',
      story(
        [
          acknowledged(1, 'a', failing(2, 1)),
          start(2, 'one', 1, 'a', failing(2, 1)),
          end(3, 'one', 1, 'threw'),
          start(30_000, 'two', 2, 'a', failing(2, 1)),
          end(30_001, 'two', 2, 'threw'),
        ],
        [stored('failed', ['retried', 'failed'], failing(2, 1))],
      ),
    ],
    ['what was cancelled in time', story([acknowledged(1), ...cancelled(2)], [stored('cancelled', [])])],
    ['what was rolled back and never ran', story([{ event: 'rolled-back', at: 1, task: 'a', process: 'p' }], [])],
    ['what was stored although nobody was told', story([start(2, 'one'), end(3, 'one')], [COMPLETED])],
    [
      'a task that waits for its time',
      story([acknowledged(1, 'a', { dueAt: NOON + 1 }), start(1_000, 'one'), end(1_001, 'one')], [COMPLETED]),
    ],
    [
      'one that comes early by the clock of a process that is ahead',
      story(
        [
          clock('ahead', 0, 60_000),
          acknowledged(1, 'a', { dueAt: NOON + 60_000 }),
          start(1_000, 'one'),
          end(1_001, 'one'),
        ],
        [COMPLETED],
      ),
    ],
    [
      'one that comes early by the clock of a process that shuts down',
      story(
        [
          clock('ahead', 0, 60_000),
          terminated(1, 'ahead'),
          acknowledged(2, 'a', { dueAt: NOON + 60_000 }),
          start(1_000, 'one'),
          end(1_001, 'one'),
          { event: 'exited', at: 2_000, process: 'ahead' },
        ],
        [COMPLETED],
      ),
    ],
    [
      'a task that ends its process until it is given up',
      story(poison(MAX_LOST_ATTEMPTS)[0], [stored('failed', poison(MAX_LOST_ATTEMPTS)[1], { name: 'poison' })]),
    ],
    [
      'one that is not kept, and was given to another while its process was stopped',
      story(
        [
          acknowledged(1, 'a', { name: 'brief' }),
          start(2, 'one', 1, 'a', { name: 'brief' }),
          stopped(3, 4 * SECOND, 'one'),
          start(2 * SECOND, 'two', 2, 'a', { name: 'brief' }),
          end(2 * SECOND + 1, 'two', 2),
          end(4 * SECOND + 1, 'one'),
        ],
        [],
      ),
    ],
    [
      'one that was handed back in between',
      story(
        [
          ...poison(MAX_LOST_ATTEMPTS - 1)[0],
          start(100, 'z', MAX_LOST_ATTEMPTS, 'a', { name: 'poison' }),
          gone(101, 'z'),
        ],
        [
          stored('failed', [...Array<AttemptOutcome>(MAX_LOST_ATTEMPTS - 1).fill('lost'), 'released', 'lost'], {
            name: 'poison',
          }),
        ],
      ),
    ],
    [
      'one that is not kept and is gone',
      story([acknowledged(1, 'a', { name: 'brief' }), start(2, 'one', 1, 'a', { name: 'brief' }), end(3, 'one')], []),
    ],
    [
      'a task that waits while its queue is paused',
      story(
        [
          booted(0, 'one'),
          ...ticks(1, 2, 3, 4, 5)[0],
          ...whole('b', 1, 5 * SECOND, 'one')[0],
          { event: 'pausing', at: 1, queue: 'fast', process: 'p' },
          { event: 'paused', at: 2, queue: 'fast', process: 'p' },
          { event: 'resuming', at: 5 * SECOND - 2, queue: 'fast', process: 'p' },
          { event: 'resumed', at: 5 * SECOND - 1, queue: 'fast', process: 'p' },
          gone(5.5 * SECOND, 'one'),
        ],
        [whole('b', 0, 0, '')[1], ...ticks(1, 2, 3, 4, 5)[1]],
      ),
    ],
    [
      'ticks until their worker ends',
      story([booted(0, 'one'), ...ticks(1, 2, 3, 4)[0], gone(4.9 * SECOND, 'one')], ticks(1, 2, 3, 4)[1]),
    ],
    [
      'an attempt that a store lost on the line, which counts',
      story(
        [
          acknowledged(1, 'a', failing(3, 2)),
          start(2, 'one', 1, 'a', failing(3, 2)),
          end(3, 'one', 1, 'threw'),
          gone(4, 'one'),
          start(50_000, 'two', 3, 'a', failing(3, 2)),
          end(50_001, 'two', 3, 'threw'),
        ],
        [stored('failed', ['retried', 'lost', 'failed'], failing(3, 2))],
        { isRemote: true },
      ),
    ],
  ];
  it.each(fine)('%s', (_what, told) => {
    expect(rules(told)).toEqual([]);
  });
});

describe('the check finds', () => {
  const wrong: [what: string, rule: Rule, Story][] = [
    ['an acknowledged task that is not there', 'lost', story([acknowledged(1)], [])],
    [
      'one that is not kept for long and is gone before it ran',
      'lost',
      story([acknowledged(1, 'a', { name: 'brief' })], []),
    ],
    ['one that has not ended', 'unfinished', story([acknowledged(1)], [stored('available', [])])],
    [
      'one that is still there when it should be gone',
      'retention',
      story(
        [acknowledged(1, 'a', { name: 'brief' }), start(2, 'one', 1, 'a', { name: 'brief' }), end(3, 'one')],
        [stored('completed', ['completed'], { name: 'brief' })],
      ),
    ],
    [
      'params that are not those that were asked for',
      'altered',
      story([acknowledged(1), start(2, 'one', 1, 'a', { params: paramsOf('b') }), end(3, 'one')], [COMPLETED]),
    ],
    [
      'a priority that was not asked for',
      'altered',
      story([acknowledged(1), start(2, 'one'), end(3, 'one')], [stored('completed', ['completed'], { priority: 1 })]),
    ],
    [
      'two completions',
      'doubled',
      story(
        [acknowledged(1), start(2, 'one'), end(3, 'one'), start(4, 'two', 2), end(5, 'two', 2)],
        [stored('completed', ['completed', 'completed'])],
      ),
    ],
    [
      'an attempt after the completion',
      'doubled',
      story(
        [acknowledged(1), start(2, 'one'), end(3, 'one'), start(4, 'two', 2), gone(5, 'two')],
        [stored('available', ['completed', 'lost'])],
      ),
    ],
    [
      'two owners at a time',
      'two live owners',
      story(
        [acknowledged(1), start(2, 'one'), start(3, 'two', 2), end(4, 'one'), end(5, 'two', 2)],
        [stored('completed', ['retried', 'completed'])],
      ),
    ],
    [
      'two owners at a time of what is not kept',
      'two live owners',
      story(
        [
          acknowledged(1, 'a', { name: 'brief' }),
          start(2, 'one', 1, 'a', { name: 'brief' }),
          start(3, 'two', 2, 'a', { name: 'brief' }),
          end(4, 'one'),
          end(5, 'two', 2),
        ],
        [],
      ),
    ],
    [
      'a task taken from a process that lives',
      'lost without cause',
      story(
        [acknowledged(1), start(2, 'one'), end(3, 'one'), start(4, 'two', 2), end(5, 'two', 2)],
        [stored('completed', ['lost', 'completed'])],
      ),
    ],
    [
      'one taken long after its process was stopped',
      'lost without cause',
      story(
        [
          stopped(1, 2, 'one'),
          acknowledged(3, 'a'),
          start(5_000, 'one'),
          end(5_001, 'one'),
          start(5_002, 'two', 2),
          end(5_003, 'two', 2),
        ],
        [stored('completed', ['lost', 'completed'])],
      ),
    ],
    [
      'an outcome that the handler did not have',
      'stale owner',
      story([acknowledged(1), start(2, 'one'), end(3, 'one', 1, 'threw')], [COMPLETED]),
    ],
    [
      'a state that the last attempt does not bear out',
      'stale owner',
      story([acknowledged(1), start(2, 'one'), gone(3, 'one')], [stored('completed', ['lost'])]),
    ],
    [
      'a retry too many',
      'retries',
      story(
        [
          acknowledged(1, 'a', failing(1, 0)),
          start(2, 'one', 1, 'a', failing(1, 0)),
          end(3, 'one', 1, 'threw'),
          start(30_000, 'one', 2, 'a', failing(1, 0)),
          end(30_001, 'one', 2, 'threw'),
        ],
        [stored('failed', ['retried', 'failed'], failing(1, 0))],
      ),
    ],
    [
      'a lost attempt that was counted as a retry',
      'retries',
      story(
        [
          acknowledged(1, 'a', failing(2, 1)),
          start(2, 'one', 1, 'a', failing(2, 1)),
          gone(3, 'one'),
          start(4, 'two', 2, 'a', failing(2, 1)),
          end(5, 'two', 2, 'threw'),
        ],
        [stored('failed', ['lost', 'failed'], failing(2, 1))],
      ),
    ],
    [
      'an attempt that counts although no handler was called',
      'retries',
      story(
        [
          acknowledged(1, 'a', failing(3, 2)),
          start(2, 'one', 1, 'a', failing(3, 2)),
          end(3, 'one', 1, 'threw'),
          gone(4, 'one'),
          start(50_000, 'two', 3, 'a', failing(3, 2)),
          end(50_001, 'two', 3, 'threw'),
        ],
        [stored('failed', ['retried', 'lost', 'failed'], failing(3, 2))],
      ),
    ],
    [
      'an attempt that was started twice',
      'attempts',
      story([acknowledged(1), start(2, 'one'), gone(3, 'one'), start(4, 'two'), end(5, 'two')], [COMPLETED]),
    ],
    [
      'an attempt that is not on record',
      'attempts',
      story(
        [acknowledged(1), start(2, 'one'), end(3, 'one', 1, 'threw'), start(4, 'two', 2), end(5, 'two', 2)],
        [stored('completed', ['completed'], { attempt: 1 })],
      ),
    ],
    [
      'a task that is given up too late',
      'poison',
      story(poison(MAX_LOST_ATTEMPTS + 1)[0], [stored('failed', poison(MAX_LOST_ATTEMPTS + 1)[1], { name: 'poison' })]),
    ],
    [
      'one that is given up although its handler was not called so often',
      'poison',
      story(poison(MAX_LOST_ATTEMPTS, 2)[0], [stored('failed', poison(MAX_LOST_ATTEMPTS)[1], { name: 'poison' })]),
    ],
    [
      'a run after the cancellation',
      'cancelled',
      story([acknowledged(1), ...cancelled(2), start(4, 'one'), end(5, 'one')], [COMPLETED]),
    ],
    ['a cancellation that nobody asked for', 'cancelled', story([acknowledged(1)], [stored('cancelled', [])])],
    [
      'a run of what was rolled back',
      'rolled back',
      story([{ event: 'rolled-back', at: 1, task: 'a', process: 'p' }, start(2, 'one'), end(3, 'one')], [COMPLETED]),
    ],
    [
      'a task that is stored under two ids',
      'stored twice',
      story(
        [
          start(2, 'one'),
          end(3, 'one'),
          start(2, 'one', 1, 'b', { params: paramsOf('a') }),
          end(3, 'one', 1, 'done', 'b'),
        ],
        [COMPLETED, stored('completed', ['completed'], { id: 'b', params: paramsOf('a') })],
      ),
    ],
    [
      'a task that runs before its time',
      'early',
      story([acknowledged(1, 'a', { dueAt: NOON + 1_000 }), start(1_000, 'one'), end(1_001, 'one')], [COMPLETED]),
    ],
    [
      'a task that runs before its time once the process that was ahead is gone',
      'early',
      story(
        [
          clock('ahead', 0, 60_000),
          terminated(1, 'ahead'),
          { event: 'exited', at: 2, process: 'ahead' },
          acknowledged(3, 'a', { dueAt: NOON + 60_000 }),
          start(1_000, 'one'),
          end(1_001, 'one'),
        ],
        [COMPLETED],
      ),
    ],
    [
      'a retry that comes before its time',
      'early',
      story(
        [
          acknowledged(1, 'a', failing(1, 1)),
          start(2, 'one', 1, 'a', failing(1, 1)),
          end(3, 'one', 1, 'threw'),
          start(4, 'one', 2, 'a', failing(1, 1)),
          end(5, 'one', 2),
        ],
        [stored('completed', ['retried', 'completed'], failing(1, 1))],
      ),
    ],
    [
      'a task that waits while a worker is idle',
      'late',
      story([booted(0, 'one'), ...whole('b', 1, 6 * SECOND, 'one')[0]], [whole('b', 0, 0, '')[1]]),
    ],
    [
      'one that waits so after a fault is over',
      'late',
      story(
        [
          booted(0, 'one'),
          { event: 'fault', at: 1, until: SECOND, fault: 'lock', process: null },
          ...whole('b', 1, 8 * SECOND, 'one')[0],
        ],
        [whole('b', 0, 0, '')[1]],
      ),
    ],
    [
      'a task that is overtaken by one that came later',
      'order',
      story(
        [...whole('b', 1, 4 * SECOND, 'one')[0], ...whole('c', 2 * SECOND, 3 * SECOND, 'one')[0]],
        [whole('b', 0, 0, '')[1], whole('c', 0, 0, '')[1]],
      ),
    ],
    [
      'one that is overtaken by what is less urgent',
      'order',
      story(
        [
          acknowledged(1, 'a', { priority: 5 }),
          start(4 * SECOND, 'one'),
          end(4 * SECOND + 1, 'one'),
          ...whole('c', 0, 3 * SECOND, 'one')[0],
        ],
        [stored('completed', ['completed'], { priority: 5 }), whole('c', 0, 0, '')[1]],
      ),
    ],
    [
      'a task that begins while its queue is paused',
      'paused',
      story(
        [
          { event: 'pausing', at: 1, queue: 'fast', process: 'p' },
          { event: 'paused', at: 2, queue: 'fast', process: 'p' },
          ...whole('b', 1, 2 * SECOND, 'one')[0],
          { event: 'resuming', at: 5 * SECOND, queue: 'fast', process: 'p' },
          { event: 'resumed', at: 5 * SECOND, queue: 'fast', process: 'p' },
        ],
        [whole('b', 0, 0, '')[1]],
      ),
    ],
    ['a tick that ran twice', 'cron', story(...ticks(1, 1))],
    ['a tick that was left out', 'cron', story(...ticks(1, 3))],
    [
      'ticks that stop',
      'cron',
      story([booted(0, 'one'), ...ticks(1, 2, 3, 4)[0], gone(9 * SECOND, 'one')], ticks(1, 2, 3, 4)[1]),
    ],
    [
      'ticks that begin late',
      'cron',
      story([booted(0, 'one'), ...ticks(5, 6)[0], gone(7 * SECOND, 'one')], ticks(5, 6)[1]),
    ],
  ];
  it.each(wrong)('%s', (_what, rule, told) => {
    expect(rules(told)).toContain(rule);
  });
});
