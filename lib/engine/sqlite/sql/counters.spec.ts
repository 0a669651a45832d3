import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../clock/index.js';
import { noTasks, type TaskAction } from '../../../contract/index.js';
import type { Outcome, StepRecord } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const NOW = Date.UTC(2027, 0, 1);
const QUEUES = ['default', 'emails'];

type Step =
  | { do: 'enqueue'; queue: string; delay: number; count: number }
  | { do: 'advance'; by: number }
  | { do: 'act'; action: TaskAction; nth: number }
  | { do: 'bulk'; action: TaskAction; queue: string }
  | { do: 'work'; queue: string; outcome: Outcome['kind'] }
  | { do: 'reopen' };

const queue = fc.constantFrom(...QUEUES);
const action = fc.constantFrom<TaskAction>('retry', 'cancel', 'run-now', 'delete');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('enqueue' as const),
    queue,
    delay: fc.constantFrom(0, 500),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ do: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 1_000 }) }),
  fc.record({ do: fc.constant('act' as const), action, nth: fc.nat(50) }),
  fc.record({ do: fc.constant('bulk' as const), action, queue }),
  fc.record({
    do: fc.constant('work' as const),
    queue,
    outcome: fc.constantFrom(
      'completed' as const,
      'failed' as const,
      'retry' as const,
      'cancelled' as const,
      'released' as const,
      'declined' as const,
      'suspended' as const,
    ),
  }),
  fc.record({ do: fc.constant('reopen' as const) }),
);

function sleepUntil(until: number): StepRecord {
  const place = { kind: 'sleep', name: 'grace', number: 0, position: 1 } as const;
  return { ...place, result: null, sensitive: [], wait: { until }, startedAt: until - 300, finishedAt: null };
}

function outcomeOf(kind: Outcome['kind'], now: number): Outcome {
  const error = { name: 'Error', message: 'x' };
  const all: Record<Outcome['kind'], Outcome> = {
    completed: { kind: 'completed', maxAttempts: 3, keepFor: 700 },
    failed: { kind: 'failed', maxAttempts: 3, keepFor: null, error },
    cancelled: { kind: 'cancelled', maxAttempts: 3, keepFor: 0 },
    retry: { kind: 'retry', maxAttempts: 3, at: now + 300, error, countsAttempt: true },
    suspended: { kind: 'suspended', maxAttempts: 3, waits: [sleepUntil(now + 300)] },
    released: { kind: 'released', maxAttempts: 3 },
    declined: { kind: 'declined', maxAttempts: 3, wait: 2_000, keepFor: null, error },
  };
  return all[kind];
}

describe('the counters of tasks by queue and state', () => {
  it('are what counting the rows would say, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const folder = mkdtempSync(join(tmpdir(), 'tasks-counters-'));
        const file = join(folder, 'tasks.db');
        const clock = new ManualClock(NOW);
        const create = () =>
          sqliteEngine(
            { database: file, synchronous: 'normal', lease: 10_000, maxLostAttempts: 3 },
            {
              clock,
              logger: { log: () => undefined, warn: () => undefined, error: (message) => expect.unreachable(message) },
              keepFor: () => 400,
              nextRun: () => null,
              mask: (params) => params,
              newId: uuidv7,
            },
          );
        let engine = create();
        await engine.open();
        const ids: string[] = [];

        async function work(name: string, kind: Outcome['kind']): Promise<void> {
          // Runs what there is, each task once at most: a consumer is closed as soon as it has run five.
          let ran = 0;
          let full!: () => void;
          const enough = new Promise<void>((resolve) => (full = resolve));
          const consumer = await engine.delivering.consume(
            name,
            { concurrency: 1, priority: 0, rateLimit: null },
            async () => {
              if ((ran += 1) >= 5) full();
              return outcomeOf(kind, clock.now());
            },
          );
          const waiting = (await engine.inspecting.queues()).find((each) => each.queue === name)?.counts.available ?? 0;
          if (waiting >= 5) await enough;
          await consumer.close(1_000);
        }

        try {
          for (const each of steps) {
            if (each.do === 'enqueue') {
              const tasks = Array.from({ length: each.count }, () => ({
                id: uuidv7(),
                queue: each.queue,
                name: 'work',
                params: '{}',
                priority: 0,
                runAt: clock.now() + each.delay,
                createdAt: clock.now(),
                maxAttempts: 3,
                settings: null,
                sensitive: [],
              }));
              ids.push(...tasks.map((task) => task.id));
              await engine.enqueueing.enqueue(tasks);
            } else if (each.do === 'advance') clock.advance(each.by);
            else if (each.do === 'act')
              await engine.acting.act(each.action, { ids: [ids[each.nth % Math.max(ids.length, 1)] ?? 'none'] });
            else if (each.do === 'bulk') await engine.acting.act(each.action, { filter: { queue: each.queue } });
            else if (each.do === 'work') await work(each.queue, each.outcome);
            else {
              await engine.close();
              engine = create();
              await engine.open();
            }
          }
          const depths = await engine.inspecting.queues();
          await engine.close();
          const database = new Database(file);
          const rows = database
            .prepare('SELECT queue, state, count(*) AS count FROM tasks_task GROUP BY queue, state')
            .all();
          database.close();
          const counted: Record<string, Record<string, number>> = Object.fromEntries(
            QUEUES.map((name) => [name, noTasks()]),
          );
          for (const row of rows as { queue: string; state: string; count: number }[])
            counted[row.queue]![row.state] = row.count;
          for (const name of QUEUES) {
            const counts = depths.find((depth) => depth.queue === name)?.counts;
            expect(counts ?? noTasks()).toEqual(counted[name]);
          }
        } finally {
          await engine.close();
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});
