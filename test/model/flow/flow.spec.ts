import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Disagreement } from '../disagreement.js';
import { FIND_TIMEOUT_MS, findFault } from '../find-fault.js';
import { sqliteSite } from '../sqlite-site.js';
import { FLOW_MUTANTS, RARE_FLOW_MUTANTS } from './flow-mutants.js';
import { type FlowHistory, flowHistory, runFlowHistory } from './flow.suite.js';

/** Random histories that are run; raised by hand for a longer search. */
const RUNS = Number(process.env.TASKS_MODEL_RUNS ?? 8);
/** All of them with `FLOW_MUTANTS=all`. */
const MUTANTS = process.env.FLOW_MUTANTS === 'all' ? [...FLOW_MUTANTS, ...RARE_FLOW_MUTANTS] : FLOW_MUTANTS;
const MS_PER_RUN = 20_000;
const MS_TO_REPORT = 240_000;

const sound = (history: FlowHistory, patience?: number): Promise<void> => runFlowHistory(sqliteSite, history, patience);

describe('SQLite engine, beside a model of limits, pauses and unique keys', () => {
  afterEach(() => vi.restoreAllMocks());

  it(
    'keeps to its rules after every event of random histories',
    () =>
      fc.assert(
        fc.asyncProperty(flowHistory, (history) => sound(history)),
        { numRuns: RUNS, interruptAfterTimeLimit: RUNS * MS_PER_RUN, markInterruptAsFailure: true },
      ),
    RUNS * MS_PER_RUN + MS_TO_REPORT,
  );

  for (const { name, make } of MUTANTS) {
    it(
      `finds one that ${name}`,
      async () => {
        const faulty = (history: FlowHistory, patience: number): Promise<void> => {
          vi.restoreAllMocks();
          make();
          return sound(history, patience);
        };
        expect(await findFault(flowHistory, { faulty, sound })).toBeInstanceOf(Disagreement);
      },
      FIND_TIMEOUT_MS,
    );
  }
});
