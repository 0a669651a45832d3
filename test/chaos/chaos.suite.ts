import { beforeAll, describe, expect, it } from 'vitest';
import { useChaosProgram } from './chaos-program.js';
import { describeViolations } from './report.js';
import { runRound, type RoundResult } from './round.js';
import type { EngineName } from './stores/index.js';

/** Set it to the number that a run printed, to have the same tasks and faults again. */
const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Of what is done in a round: boots, drains and the check, on a machine that is busy. */
const PATIENCE_MS = 600_000;

/** One round with all faults, as `npm run chaos` has many. */
export function describeChaos(engine: EngineName, load: { seconds: number; tasksPerSecond: number }): void {
  describe(`processes on ${engine} while everything goes wrong (CHAOS_SEED=${SEED})`, () => {
    const program = useChaosProgram();
    let result: RoundResult;

    beforeAll(async () => {
      result = await runRound({ engine, seed: SEED, program: program.file, leastFaults: 1, ...load });
    }, PATIENCE_MS);

    it('keep every promise', () => {
      const { violations, history } = result;
      if (violations.length > 0) throw new Error(describeViolations(violations, history));
    });

    it('were troubled at work', () => {
      const { tasks, faults, entries } = result.history;
      expect(entries.some((entry) => entry.event === 'gone' && entry.how === 'killed')).toBe(true);
      expect(faults.length).toBeGreaterThan(3);
      const stored = [...tasks.values()].flatMap((task) => task.stored ?? []);
      expect(stored.some(({ state }) => state === 'completed')).toBe(true);
      expect(stored.some(({ state }) => state === 'failed')).toBe(true);
      expect(stored.some(({ name }) => name === 'tick')).toBe(true);
    });
  });
}
