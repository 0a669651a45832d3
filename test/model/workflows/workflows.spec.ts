import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Disagreement } from '../disagreement.js';
import { FIND_TIMEOUT_MS, findFault } from '../find-fault.js';
import { RARE_WORKFLOW_MUTANTS, WORKFLOW_MUTANTS } from './workflows-mutants.js';
import { runWorkflowsHistory, type WorkflowsHistory, workflowsHistory } from './workflows.suite.js';

/** Random histories that are run; raised by hand for a longer search. */
const RUNS = Number(process.env.TASKS_MODEL_RUNS ?? 15);
/** All of them with `WORKFLOW_MUTANTS=all`. */
const MUTANTS =
  process.env.WORKFLOW_MUTANTS === 'all' ? [...WORKFLOW_MUTANTS, ...RARE_WORKFLOW_MUTANTS] : WORKFLOW_MUTANTS;
const MS_PER_RUN = 20_000;
const MS_TO_REPORT = 240_000;

describe('SQLite engine, beside a model of workflows', () => {
  afterEach(() => vi.restoreAllMocks());

  it(
    'keeps to it after every event of random histories',
    () =>
      fc.assert(
        fc.asyncProperty(workflowsHistory, (history) => runWorkflowsHistory(history)),
        { numRuns: RUNS, interruptAfterTimeLimit: RUNS * MS_PER_RUN, markInterruptAsFailure: true },
      ),
    RUNS * MS_PER_RUN + MS_TO_REPORT,
  );

  for (const { name, make } of MUTANTS) {
    it(
      `finds one that ${name}`,
      async () => {
        const faulty = (history: WorkflowsHistory, patience: number): Promise<void> => {
          vi.restoreAllMocks();
          make();
          return runWorkflowsHistory(history, patience);
        };
        expect(await findFault(workflowsHistory, { faulty, sound: runWorkflowsHistory })).toBeInstanceOf(Disagreement);
      },
      FIND_TIMEOUT_MS,
    );
  }
});
