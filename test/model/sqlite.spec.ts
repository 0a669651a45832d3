import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commands } from './commands.js';
import { Disagreement } from './disagreement.js';
import { describeModel, runHistory, type History } from './model.suite.js';
import { MUTANTS } from './mutants.js';
import { sqliteSite } from './sqlite-site.js';
import type { ModelSite } from './workplace.js';

/** The same histories each time: whether a fault is found is no matter of luck. */
const SEED = 42;
const MAX_RUNS = 300;
/** Milliseconds, enough mostly; what a busy machine does not do in them is looked at again with more. */
const PATIENCE_MS = 1_500;
const MORE_PATIENCE_MS = 5_000;
/** For a machine that is very busy: alone, none takes a minute. */
const TIME_LIMIT_MS = 300_000;

describeModel('SQLite', sqliteSite);

describe('the model finds an engine that', () => {
  afterEach(() => vi.restoreAllMocks());

  for (const { name, createSite } of MUTANTS) {
    it(
      name,
      async () => {
        const sound = fc.asyncProperty(commands('injected'), async (history: History) => {
          if (!(await disagreement(createSite, history, PATIENCE_MS))) return;
          const disagrees = await disagreement(createSite, history, MORE_PATIENCE_MS);
          vi.restoreAllMocks();
          // What the engine as it is cannot do either is not the mutant's fault.
          if (disagrees && !(await disagreement(sqliteSite, history, MORE_PATIENCE_MS))) throw disagrees;
        });
        const { errorInstance } = await fc.check(sound, {
          seed: SEED,
          numRuns: MAX_RUNS,
          endOnFailure: true,
          interruptAfterTimeLimit: TIME_LIMIT_MS,
        });
        expect(errorInstance).toBeInstanceOf(Disagreement);
      },
      2 * TIME_LIMIT_MS,
    );
  }
});

/** How an engine of `createSite` differs from the model in a history; null where it does not. */
async function disagreement(
  createSite: () => Promise<ModelSite>,
  history: History,
  patience: number,
): Promise<Disagreement | null> {
  try {
    await runHistory(createSite, history, { patience });
    return null;
  } catch (error) {
    if (error instanceof Disagreement) return error;
    throw error;
  }
}
