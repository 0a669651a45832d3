import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Disagreement } from './disagreement.js';
import { FIND_TIMEOUT_MS, findFault } from './find-fault.js';

const MS_PER_RUN = 20_000;
const MS_TO_REPORT = 240_000;

interface Mutant {
  /** Worded to follow "finds one that". */
  readonly name: string;
  make(): void;
}

interface Model<History> {
  readonly title: string;
  /** What it does after every event. */
  readonly keeps: string;
  /** Random histories that are run; `TASKS_MODEL_RUNS` raises it for a longer search. */
  readonly runs: number;
  readonly histories: fc.Arbitrary<History>;
  readonly sound: (history: History, patience?: number) => Promise<void>;
  readonly mutants: readonly Mutant[];
}

/** Runs random histories beside a model, and has them find each of the faults that are made on purpose. */
export function describeModel<History>({ title, keeps, runs, histories, sound, mutants }: Model<History>): void {
  const numRuns = Number(process.env.TASKS_MODEL_RUNS ?? runs);
  const limit = numRuns * MS_PER_RUN;

  describe(title, () => {
    afterEach(() => vi.restoreAllMocks());

    it(
      `${keeps} after every event of random histories`,
      () =>
        fc.assert(
          fc.asyncProperty(histories, (history) => sound(history)),
          { numRuns, interruptAfterTimeLimit: limit, markInterruptAsFailure: true },
        ),
      limit + MS_TO_REPORT,
    );

    for (const { name, make } of mutants) {
      it(
        `finds one that ${name}`,
        async () => {
          const faulty = (history: History, patience: number): Promise<void> => {
            vi.restoreAllMocks();
            make();
            return sound(history, patience);
          };
          expect(await findFault(histories, { faulty, sound })).toBeInstanceOf(Disagreement);
        },
        FIND_TIMEOUT_MS,
      );
    }
  });
}
