import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import type { UniqueClaim } from '../../lib/contract/index.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { completed, contextWith, newTask, START } from '../conformance/harness.js';
import { until } from '../support/until.js';

const RUNS = Number(process.env.UNIQUE_RUNS ?? 25);

/** Milliseconds that pass before each call. */
const pauses = fc.array(fc.integer({ min: 0, max: 14 }), { minLength: 1, maxLength: 25 });

/** A task that ran: when, and with what. */
interface Ran {
  readonly at: number;
  readonly ids: readonly number[];
}

/** What becomes of calls at these times, by the rule alone: tasks run when they are due, and at once. */
interface Model {
  /** @returns whether the call enqueued a task */
  call(at: number, id: number): boolean;
  /** Everything that has run by then. */
  ran(by: number): readonly Ran[];
}

/** Bursts: a task waits from its first call on, for the calls that follow. */
function burstModel(
  next: (waiting: { first: number; due: number }, at: number) => number,
  merge: (ids: readonly number[], id: number) => readonly number[],
): Model {
  const done: Ran[] = [];
  let waiting: { first: number; due: number; ids: readonly number[] } | null = null;
  const settle = (by: number): void => {
    if (waiting && waiting.due <= by) {
      done.push({ at: waiting.due, ids: waiting.ids });
      waiting = null;
    }
  };
  return {
    call(at, id) {
      settle(at);
      if (waiting) {
        waiting = { ...waiting, due: next(waiting, at), ids: merge(waiting.ids, id) };
        return false;
      }
      waiting = { first: at, due: at + WAIT, ids: [id] };
      return true;
    },
    ran(by) {
      settle(by);
      return done;
    },
  };
}

const [WAIT, MAX, EVERY] = [5, 12, 10];

const CASES: ReadonlyArray<readonly [name: string, claim: UniqueClaim, model: () => Model]> = [
  [
    'debounce',
    { key: 'a', until: 'started', onConflict: 'replace', wait: WAIT, max: MAX },
    () =>
      burstModel(
        ({ first }, at) => Math.min(at + WAIT, first + MAX),
        (_, id) => [id],
      ),
  ],
  [
    'coalesce',
    { key: 'a', until: 'started', onConflict: 'join', wait: WAIT, join: { field: 'ids', maxBytes: 10_000 } },
    () =>
      burstModel(
        ({ due }) => due,
        (ids, id) => [...ids, id],
      ),
  ],
  [
    'throttle',
    { key: 'a', until: 'time', for: EVERY, onConflict: 'keep' },
    () => {
      const done: Ran[] = [];
      return {
        call(at, id) {
          if (at < (done.at(-1)?.at ?? -Infinity) + EVERY) return false;
          done.push({ at, ids: [id] });
          return true;
        },
        ran: () => done,
      };
    },
  ],
];

describe('bursts of calls', () => {
  it.each(CASES)('%s: what runs, when and with what, is as a small model has it', async (_name, claim, modelOf) => {
    await fc.assert(
      fc.asyncProperty(pauses, async (times) => {
        const clock = new ManualClock(START);
        const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
        const engine = sqliteEngine(options, contextWith(clock));
        await engine.open();
        try {
          await compare(engine, clock, claim, modelOf(), times);
        } finally {
          await engine.close();
        }
      }),
      { numRuns: RUNS },
    );
  });
});

async function compare(
  engine: TaskEngine,
  clock: ManualClock,
  claim: UniqueClaim,
  model: Model,
  times: readonly number[],
): Promise<void> {
  const ran: Ran[] = [];
  const consumer = await engine.delivering.consume(
    'default',
    { concurrency: 1, priority: 0, rateLimit: null },
    async ({ task }) => {
      ran.push({ at: clock.now() - START, ids: (JSON.parse(task.params) as { ids: number[] }).ids });
      return completed;
    },
  );
  const idle = async (): Promise<boolean> => {
    const { items } = await engine.inspecting.list({ state: ['available', 'running'] }, { limit: 1 });
    return items.length === 0 && ran.length === model.ran(clock.now() - START).length;
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (let each = 0; each < milliseconds; each += 1) {
      clock.advance(1);
      await until('what is due to have run', idle, { changes: engine.watching });
    }
  };
  for (const [id, pause] of times.entries()) {
    await pass(pause);
    const now = clock.now();
    const runAt = now + (claim.wait ?? 0);
    const [answer] = await engine.enqueueing.enqueue([
      newTask(clock, { params: JSON.stringify({ ids: [id] }), runAt, traits: { unique: claim } }),
    ]);
    expect(answer === 'stored').toBe(model.call(now - START, id));
    await until('what is due to have run', idle, { changes: engine.watching });
  }
  await pass(MAX + 1);
  expect(ran).toEqual(model.ran(clock.now() - START));
  await consumer.close(0);
}
