import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { agreesWithModel, describeModel } from './model.suite.js';
import { MUTANTS } from './mutants.js';
import { sqliteSite } from './sqlite-site.js';

/** The same histories each time: whether a fault is found is no matter of luck. */
const SEED = 42;
const MOST_RUNS = 300;
const PATIENCE_MS = 1_500;
/** For a machine that is very busy: alone, none takes ten seconds. */
const TIME_LIMIT_MS = 90_000;

describeModel('SQLite', sqliteSite);

describe('the model finds an engine that', () => {
  afterEach(() => vi.restoreAllMocks());

  for (const { name, createSite, caughtBy } of MUTANTS) {
    it(
      name,
      async () => {
        const property = agreesWithModel(createSite, { patience: PATIENCE_MS });
        const found = await fc.check(property, {
          seed: SEED,
          numRuns: MOST_RUNS,
          endOnFailure: true,
          interruptAfterTimeLimit: TIME_LIMIT_MS,
        });
        expect(found.failed).toBe(true);
        expect(String(found.errorInstance)).toMatch(caughtBy);
      },
      1.5 * TIME_LIMIT_MS,
    );
  }
});
