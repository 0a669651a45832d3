import { describe, expect, it } from 'vitest';
import type { AttemptOutcome, TaskState } from '../../lib/index.js';
import { check } from './checker.js';
import { buildHistory, type StoredTask } from './history.js';
import type { Entry, Expected } from './ledger.js';
import { TICK } from './process/setup.js';

/** Microseconds for which a fault's consequences may still show. */
const SLACK = 1_000;
const COMPLETES: Expected = { state: 'completed', retried: 0 };

const acknowledged = (at: number, task = 'a', expected = COMPLETES): Entry => ({
  event: 'acknowledged',
  at,
  task,
  key: task,
  expected,
  process: 'producer',
});
const start = (at: number, process: string, attempt = 1, task = 'a'): Entry => ({
  event: 'start',
  at,
  task,
  attempt,
  process,
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
const gone = (at: number, process: string): Entry => ({ event: 'gone', at, process, how: 'killed' });
const stopped = (at: number, until: number, process: string): Entry => ({
  event: 'fault',
  at,
  until,
  fault: 'stop',
  process,
});
const stored = (state: TaskState, outcomes: AttemptOutcome[], more: Partial<StoredTask> = {}): StoredTask => ({
  id: 'a',
  name: 'quick',
  key: null,
  state,
  runAt: 0,
  attempt: outcomes.length,
  attempts: outcomes.map((outcome, index) => ({ attempt: index + 1, worker: 'w', outcome })),
  ...more,
});

const rules = (entries: Entry[], tasks: StoredTask[]): string[] => [
  ...new Set(check(buildHistory(entries, tasks, SLACK)).map(({ rule }) => rule)),
];

describe('the check finds nothing wrong with', () => {
  const fine: [what: string, entries: Entry[], tasks: StoredTask[]][] = [
    ['a task that completes', [acknowledged(1), start(2, 'one'), end(3, 'one')], [stored('completed', ['completed'])]],
    [
      'a task that is run again after its process was killed',
      [acknowledged(1), start(2, 'one'), gone(3, 'one'), start(4, 'two', 2), end(5, 'two', 2)],
      [stored('completed', ['lost', 'completed'])],
    ],
    [
      'one that was done and not stored when its process was killed',
      [acknowledged(1), start(2, 'one'), end(3, 'one'), gone(4, 'one'), start(5, 'two', 2), end(6, 'two', 2)],
      [stored('completed', ['lost', 'completed'])],
    ],
    [
      'a handler that ends in a process that was stopped, after another took the task',
      [acknowledged(1), start(2, 'one'), start(5, 'two', 2), end(6, 'two', 2), end(7, 'one'), stopped(3, 7, 'one')],
      [stored('completed', ['lost', 'completed'])],
    ],
    [
      'a stale attempt that begins when its process wakes up',
      [acknowledged(1), stopped(2, 5, 'one'), start(4, 'two', 2), start(5, 'one'), end(6, 'one'), end(7, 'two', 2)],
      [stored('completed', ['lost', 'completed'])],
    ],
    [
      'a task that fails after all its retries',
      [
        acknowledged(1, 'a', { state: 'failed', retried: 1 }),
        start(2, 'one'),
        end(3, 'one', 1, 'threw'),
        start(4, 'two', 2),
        end(5, 'two', 2, 'threw'),
      ],
      [stored('failed', ['retried', 'failed'])],
    ],
    [
      'what was cancelled in time',
      [acknowledged(1), { event: 'cancelled', at: 2, task: 'a', process: 'p' }],
      [stored('cancelled', [])],
    ],
    ['what was rolled back and never ran', [{ event: 'rolled-back', at: 1, task: 'a', process: 'p' }], []],
    [
      'what was stored although nobody was told',
      [start(2, 'one'), end(3, 'one')],
      [stored('completed', ['completed'])],
    ],
  ];
  it.each(fine)('%s', (_what, entries, tasks) => {
    expect(
      rules(
        entries.toSorted((one, other) => one.at - other.at),
        tasks,
      ),
    ).toEqual([]);
  });
});

describe('the check finds', () => {
  const wrong: [what: string, rule: string, entries: Entry[], tasks: StoredTask[]][] = [
    ['an acknowledged task that is not there', 'lost', [acknowledged(1)], []],
    ['one that has not ended', 'unfinished', [acknowledged(1)], [stored('available', [])]],
    [
      'two completions',
      'doubled',
      [acknowledged(1), start(2, 'one'), end(3, 'one'), start(4, 'two', 2), end(5, 'two', 2)],
      [stored('completed', ['completed', 'completed'])],
    ],
    [
      'an attempt after the completion',
      'doubled',
      [acknowledged(1), start(2, 'one'), end(3, 'one'), start(4, 'two', 2), gone(5, 'two')],
      [stored('available', ['completed', 'lost'])],
    ],
    [
      'two owners at a time',
      'two live owners',
      [acknowledged(1), start(2, 'one'), start(3, 'two', 2), end(4, 'one'), end(5, 'two', 2)],
      [stored('completed', ['retried', 'completed'])],
    ],
    [
      'a task taken from a process that lives',
      'lost without cause',
      [acknowledged(1), start(2, 'one'), end(3, 'one'), start(4, 'two', 2), end(5, 'two', 2)],
      [stored('completed', ['lost', 'completed'])],
    ],
    [
      'one taken long after its process was stopped',
      'lost without cause',
      [
        stopped(1, 2, 'one'),
        acknowledged(3, 'a'),
        start(5_000, 'one'),
        end(5_001, 'one'),
        start(5_002, 'two', 2),
        end(5_003, 'two', 2),
      ],
      [stored('completed', ['lost', 'completed'])],
    ],
    [
      'an outcome that the handler did not have',
      'stale owner',
      [acknowledged(1), start(2, 'one'), end(3, 'one', 1, 'threw')],
      [stored('completed', ['completed'])],
    ],
    [
      'a state that the last attempt does not bear out',
      'stale owner',
      [acknowledged(1), start(2, 'one'), gone(3, 'one')],
      [stored('completed', ['lost'])],
    ],
    [
      'a retry too many',
      'retries',
      [
        acknowledged(1, 'a', { state: 'failed', retried: 0 }),
        start(2, 'one'),
        end(3, 'one', 1, 'threw'),
        start(4, 'one', 2),
        end(5, 'one', 2, 'threw'),
      ],
      [stored('failed', ['retried', 'failed'])],
    ],
    [
      'a lost attempt that was counted as a retry',
      'retries',
      [
        acknowledged(1, 'a', { state: 'failed', retried: 1 }),
        start(2, 'one'),
        gone(3, 'one'),
        start(4, 'two', 2),
        end(5, 'two', 2, 'threw'),
      ],
      [stored('failed', ['lost', 'failed'])],
    ],
    [
      'an attempt that was started twice',
      'attempts',
      [acknowledged(1), start(2, 'one'), gone(3, 'one'), start(4, 'two'), end(5, 'two')],
      [stored('completed', ['completed'])],
    ],
    [
      'an attempt that is not on record',
      'attempts',
      [acknowledged(1), start(2, 'one'), end(3, 'one', 1, 'threw'), start(4, 'two', 2), end(5, 'two', 2)],
      [stored('completed', ['completed'], { attempt: 1 })],
    ],
    [
      'a run after the cancellation',
      'cancelled',
      [acknowledged(1), { event: 'cancelled', at: 2, task: 'a', process: 'p' }, start(3, 'one'), end(4, 'one')],
      [stored('completed', ['completed'])],
    ],
    [
      'a run of what was rolled back',
      'rolled back',
      [{ event: 'rolled-back', at: 1, task: 'a', process: 'p' }, start(2, 'one'), end(3, 'one')],
      [stored('completed', ['completed'])],
    ],
    [
      'a task that is stored under two ids',
      'stored twice',
      [start(2, 'one'), end(3, 'one'), start(2, 'one', 1, 'b'), end(3, 'one', 1, 'done', 'b')],
      [stored('completed', ['completed'], { key: 'k' }), stored('completed', ['completed'], { id: 'b', key: 'k' })],
    ],
    [
      'a tick that ran twice',
      'cron',
      [start(2, 'one'), end(3, 'one'), start(2, 'one', 1, 'b'), end(3, 'one', 1, 'done', 'b')],
      ['a', 'b'].map((id) => stored('completed', ['completed'], { id, name: TICK, runAt: 1_000 })),
    ],
    [
      'a tick that was left out',
      'cron',
      [start(2, 'one'), end(3, 'one'), start(2, 'one', 1, 'b'), end(3, 'one', 1, 'done', 'b')],
      [
        stored('completed', ['completed'], { name: TICK, runAt: 1_000 }),
        stored('completed', ['completed'], { id: 'b', name: TICK, runAt: 3_000 }),
      ],
    ],
  ];
  it.each(wrong)('%s', (_what, rule, entries, tasks) => {
    expect(
      rules(
        entries.toSorted((one, other) => one.at - other.at),
        tasks,
      ),
    ).toContain(rule);
  });
});

it('a store that loses answers may count an attempt that no handler was called for, and no other', () => {
  const entries = [
    acknowledged(1, 'a', { state: 'failed', retried: 2 }),
    start(2, 'one'),
    end(3, 'one', 1, 'threw'),
    gone(4, 'one'),
    start(5, 'two', 3),
    end(6, 'two', 3, 'threw'),
  ];
  const found = (losesAnswers: boolean, outcomes: AttemptOutcome[]) =>
    check(buildHistory(entries, [stored('failed', outcomes)], SLACK, { losesAnswers, ticksUntil: Infinity })).length;
  expect(found(true, ['retried', 'lost', 'failed'])).toBe(0);
  expect(found(false, ['retried', 'lost', 'failed'])).toBeGreaterThan(0);
});
