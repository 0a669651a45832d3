import fc from 'fast-check';
import { vi } from 'vitest';
import { Disagreement } from './disagreement.js';

/** The same histories each time: whether a fault is found is no matter of luck. */
const SEED = 42;
const MAX_RUNS = 300;
/** Milliseconds, enough mostly; what a busy machine does not do in them is looked at again with more. */
const PATIENCE_MS = 1_500;
const MORE_PATIENCE_MS = 5_000;
/** For a machine that is very busy: alone, none takes a minute. */
const TIME_LIMIT_MS = 300_000;
/** For a test that looks for one fault. */
export const FIND_TIMEOUT_MS = 2 * TIME_LIMIT_MS;

/** Has a history happen. @throws Disagreement where the engine did not what the model says within so many milliseconds */
type Run<History> = (history: History, patience: number) => Promise<void>;

/**
 * Looks for a history by which a faulty engine is told from one that is not.
 *
 * @param faulty makes the fault, by mocks, each time
 * @returns how it disagreed with the model; null where none was found
 */
export async function findFault<History>(
  histories: fc.Arbitrary<History>,
  { faulty, sound }: { readonly faulty: Run<History>; readonly sound: Run<History> },
): Promise<unknown> {
  const property = fc.asyncProperty(histories, async (history) => {
    if (!(await disagreement(faulty, history, PATIENCE_MS))) return;
    const disagrees = await disagreement(faulty, history, MORE_PATIENCE_MS);
    vi.restoreAllMocks();
    // What the engine as it is cannot do either is not the fault's.
    if (disagrees && !(await disagreement(sound, history, MORE_PATIENCE_MS))) throw disagrees;
  });
  const { errorInstance } = await fc.check(property, {
    seed: SEED,
    numRuns: MAX_RUNS,
    endOnFailure: true,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
  });
  return errorInstance;
}

/** How an engine differs from the model in a history; null where it does not. */
async function disagreement<History>(
  run: Run<History>,
  history: History,
  patience: number,
): Promise<Disagreement | null> {
  try {
    await run(history, patience);
    return null;
  } catch (error) {
    if (error instanceof Disagreement) return error;
    throw error;
  }
}
