import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Disagreement } from '../disagreement.js';
import { FIND_TIMEOUT_MS, findFault } from '../find-fault.js';
import { RARE_STEPS_MUTANTS, STEPS_MUTANTS } from './steps-mutants.js';
import { runStepsHistory, type StepsHistory, stepsHistory } from './steps.suite.js';

/** Random histories that are run; raised by hand for a longer search. */
const RUNS = Number(process.env.TASKS_MODEL_RUNS ?? 15);
/** All of them with `STEPS_MUTANTS=all`. */
const MUTANTS = process.env.STEPS_MUTANTS === 'all' ? [...STEPS_MUTANTS, ...RARE_STEPS_MUTANTS] : STEPS_MUTANTS;
const MS_PER_RUN = 20_000;
const MS_TO_REPORT = 240_000;

describe('SQLite engine, beside a model of durable steps', () => {
  afterEach(() => vi.restoreAllMocks());

  it(
    'keeps to it after every event of random histories',
    () =>
      fc.assert(
        fc.asyncProperty(stepsHistory, (history) => runStepsHistory(history)),
        { numRuns: RUNS, interruptAfterTimeLimit: RUNS * MS_PER_RUN, markInterruptAsFailure: true },
      ),
    RUNS * MS_PER_RUN + MS_TO_REPORT,
  );

  for (const { name, make } of MUTANTS) {
    it(
      `finds one that ${name}`,
      async () => {
        const faulty = (history: StepsHistory, patience: number): Promise<void> => {
          vi.restoreAllMocks();
          make();
          return runStepsHistory(history, patience);
        };
        expect(await findFault(stepsHistory, { faulty, sound: runStepsHistory })).toBeInstanceOf(Disagreement);
      },
      FIND_TIMEOUT_MS,
    );
  }
});
